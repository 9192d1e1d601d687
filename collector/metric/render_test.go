package metric_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

// Rows of every kind, with the extra label before, between and after the labels
// of the object, for objects and targets with labels that need escaping.
func TestRenderersAgreeOnEveryKindOfRow(t *testing.T) {
	t.Parallel()
	for _, extra := range []string{"area", "quality", "zone_code"} {
		for _, target := range [][]metric.Label{
			nil,
			{{Name: "addr", Value: "http://web1:8080/"}},
			{{Name: "queue", Value: nasty}, {Name: "addr", Value: nasty}, {Name: "zzz", Value: ""}},
			{{Name: "zone", Value: "of the target"}, {Name: "peer", Value: "of the target"}, {Name: extra, Value: "of the target"}, {Name: "addr", Value: "a"}},
		} {
			families := oracle.Check(t, expositionOf(batchOf(thingTable(extra), target, things()...)))
			if len(families) != thingRows {
				t.Errorf("%d families; want %d", len(families), thingRows)
			}
			if got := len(families["test_plain"].GetMetric()); got != thingObjects {
				t.Errorf("test_plain has %d series; want one per object, %d", got, thingObjects)
			}
			if got := len(families["test_vec"].GetMetric()); got != 2*thingObjects-1 {
				t.Errorf("test_vec has %d series; want two per object less an absent one", got)
			}
		}
	}
}

// generator makes random objects with unusual values, the same ones each time.
type generator struct{ *rand.Rand }

func (g generator) text() string {
	pieces := []string{
		"a", "Z", " ", `\`, `"`, "\n", "\r", "\x00", "{", "}", ",", "=", "#", "é", "世", "\u2028", "\xff", "\xc3", "\xed\xa0\x80", "\ufffd",
	}
	var text strings.Builder
	for range g.IntN(6) {
		text.WriteString(pieces[g.IntN(len(pieces))])
	}
	return text.String()
}

func (g generator) number() value.Value {
	special := []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 1e21, -1e-7, 1 << 53, 1<<53 + 2, -(1 << 53), math.MaxUint64, math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(), math.Pi, 123456789.125,
	}
	if g.IntN(2) == 0 {
		return value.Of(special[g.IntN(len(special))])
	}
	return value.Of(math.Float64frombits(g.Uint64()))
}

// histogram has bounds in ascending order and integers as counts.
func (g generator) histogram() metric.Histogram {
	h := metric.Histogram{Sum: g.Float64() * 1e9}
	bound := g.Float64()
	for range g.IntN(8) {
		h.Bounds, h.Counts = append(h.Bounds, bound), append(h.Counts, float64(g.Int64N(1<<40)))
		bound *= 1 + g.Float64()*10
	}
	if g.IntN(2) == 0 {
		h.Bounds, h.Counts = append(h.Bounds, math.Inf(1)), append(h.Counts, float64(g.IntN(100)))
	}
	return h
}

func (g generator) thing() *thing {
	t := &thing{peer: g.text(), zone: g.text(), count: g.number(), good: g.number(), bad: g.number(), times: g.histogram()}
	for i := range g.IntN(4) {
		t.codes = append(t.codes, thingCode{fmt.Sprint(i, g.text()), g.NormFloat64() * 1e6})
	}
	return t
}

func (g generator) target() []metric.Label {
	var labels []metric.Label
	for _, name := range []string{"a", "addr", "code", "env", "le", "peer", "quantile", "zone", "zz"} {
		if g.IntN(3) == 0 {
			labels = append(labels, metric.Label{Name: name, Value: g.text()})
		}
	}
	g.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	return labels
}

// For any documents and labels, the text is well-formed and equal to what Gather
// returns.
func TestRenderersAgreeOnGeneratedObjects(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(1, 2))}
	const rounds, most = 300, 6
	total := 0
	for range rounds {
		objects := make([]*thing, g.IntN(most))
		for i := range objects {
			objects[i] = g.thing()
		}
		extra := []string{"area", "code", "quality", "zzz"}[g.IntN(4)]
		b := batchOf(thingTable(extra), g.target(), objects...)
		oracle.Check(t, expositionOf(b))
		if t.Failed() {
			t.Fatalf("rendered %d objects; the first is %+v", len(objects), *objects[0])
		}
		_, series, _ := b.Limit(math.MaxInt)
		total += series
	}
	if total < rounds {
		t.Errorf("%d expositions have %d series only", rounds, total)
	}
}

// A target may have a label le. On a histogram it would be the bound of a bucket,
// and Prometheus would reject the whole exposition.
func TestTargetLabelOfBuckets(t *testing.T) {
	t.Parallel()
	target := []metric.Label{{Name: "le", Value: "of the target"}, {Name: "addr", Value: "a"}}
	families := oracle.Check(t, expositionOf(batchOf(thingTable("code"), target, things()...)))
	if h := families["test_times_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() == 0 || len(h.GetBucket()) == 0 {
		t.Errorf("the histogram is %v", h)
	}
}

func TestHistogramText(t *testing.T) {
	t.Parallel()
	target := []metric.Label{{Name: "addr", Value: "a"}, {Name: "z", Value: "z"}}
	text := oracle.Text(t, expositionOf(batchOf(thingTable("code"), target, things()[0])))
	const labels = `addr="a",peer="10.0.0.1:80",z="z",zone="shop"} `
	want := strings.Join([]string{
		"# HELP test_times_seconds Times.",
		"# TYPE test_times_seconds histogram",
		`test_times_seconds_bucket{le="0.005",` + labels + "3",
		`test_times_seconds_bucket{le="0.0125",` + labels + "3",
		`test_times_seconds_bucket{le="1000",` + labels + "1099511627779",
		`test_times_seconds_bucket{le="+Inf",` + labels + "1099511627781",
		"test_times_seconds_sum{" + labels + "12.3455",
		"test_times_seconds_count{" + labels + "1099511627781",
	}, "\n")
	if got := text[strings.Index(text, "# HELP test_times_seconds"):]; !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Protobuf has created timestamps for tables with SinceStart.
func TestCreatedTimestamps(t *testing.T) {
	t.Parallel()
	rows := []metric.Row[*thing]{
		metric.Counter("total", "A counter.", func(t *thing) value.Value { return t.count }),
		metric.Gauge("now", "A gauge.", func(t *thing) value.Value { return t.count }),
	}
	label := metric.LabelFrom("zone", func(t *thing) string { return t.zone })
	b := metric.NewBatch(nil)
	b.Start = 1700000000.25
	metric.Add(b, metric.NewTable("test", "since_", rows, label).SinceStart(), things()[0])
	metric.Add(b, metric.NewTable("test", "other_", rows, label), things()[0])
	families := oracle.Check(t, expositionOf(b))
	created := families["since_total"].GetMetric()[0].GetCounter().GetCreatedTimestamp()
	if want := time.UnixMilli(1700000000250); !created.AsTime().Equal(want) {
		t.Errorf("the counter was created at %v; want %v", created.AsTime(), want)
	}
	if families["other_total"].GetMetric()[0].GetCounter().CreatedTimestamp != nil {
		t.Error("a counter of another table has a created timestamp")
	}
}

// errWriter fails after some bytes.
type errWriter struct{ left int }

var errFull = errors.New("full")

func (w *errWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

// A text that is longer than the buffer is written in pieces.
func TestLongText(t *testing.T) {
	t.Parallel()
	const many = 2000
	e := expositionOf(batchOf(peerTable(), nil, peers(many)...))
	if got := len(oracle.Check(t, e)["test_dynamic"].GetMetric()); got != 3*many {
		t.Fatalf("%d series of test_dynamic; want %d", got, 3*many)
	}
	whole := len(oracle.Text(t, e))
	for _, left := range []int{0, 64 << 10, whole / 2, whole - 1} {
		if err := e.WriteText(&errWriter{left}); !errors.Is(err, errFull) {
			t.Errorf("a writer that fails after %d of %d bytes returns the error %v", left, whole, err)
		}
	}
	if err := e.WriteText(&errWriter{whole}); err != nil {
		t.Error(err)
	}
}

// Families that client_golang gathered come after those of the tables.
func TestGatheredFamilies(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	gathered, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	e := expositionOf(batchOf(thingTable("code"), nil, things()...))
	ours := len(oracle.Text(t, e))
	e.AddGathered(gathered)
	if families := oracle.Check(t, e); families["go_goroutines"] == nil || families["test_plain"] == nil {
		t.Errorf("only %d families", len(families))
	}
	if err := e.WriteText(&errWriter{ours}); !errors.Is(err, errFull) {
		t.Errorf("a writer that fails at the last families returns the error %v", err)
	}
	for range e.Families() {
		break // a consumer may stop early
	}
}

// The memory for an exposition must not grow with the number of its series.
func TestAllocations(t *testing.T) {
	const objects, most = 1000, 100
	e := expositionOf(batchOf(peerTable(), []metric.Label{{Name: "addr", Value: "a"}}, peers(objects)...))
	got := testing.AllocsPerRun(10, func() {
		if err := e.WriteText(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
	if got > most {
		t.Errorf("%v allocations for %d objects; want at most %d", got, objects, most)
	}
}
