package metric_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nasty is a label value with every character that needs escaping.
const nasty = "\\ \"q\" \n\r\t\x00 {a=\"b\"} # HELP \xff\xfe \xed\xa0\x80 größe \u2028 世界"

// thing is a document with a field for every kind of row.
type thing struct {
	peer, zone string
	count      value.Value
	good, bad  value.Value
	codes      []thingCode
	times      metric.Histogram
}

type thingCode struct {
	code  string
	count float64
}

// things are objects with unusual values.
func things() []*thing {
	return []*thing{
		{
			"10.0.0.1:80", "shop", value.Of(1), value.Of(2), value.Of(3),
			[]thingCode{{"200", 7}, {"499", 0}, {nasty, 1.5}},
			metric.Histogram{Sum: 12.3455, Bounds: []float64{0.005, 0.0125, 1000, math.Inf(1)}, Counts: []float64{3, 0, 1 << 40, 2}},
		},
		{
			nasty, nasty, value.Of(math.MaxUint64), value.Of(0.1), value.Of(-3),
			[]thingCode{{"", 1e300}},
			metric.Histogram{Bounds: []float64{1e-6}, Counts: []float64{0}},
		},
		{peer: "", zone: "", count: value.Of(math.Inf(-1)), good: value.Of(1 << 53), bad: value.Of(1<<53 + 2)},
		{peer: "unknown", count: value.Of(5e-324), good: value.Of(math.Inf(1))},
	}
}

const (
	thingRows    = 7
	thingObjects = 4
)

// thingTable has rows of every kind, with that extra label.
func thingTable(extra string) *metric.Table[*thing] { return tableOf(extra, nasty) }

func tableOf(extra, bad string) *metric.Table[*thing] {
	count := func(t *thing) value.Value { return t.count }
	inner := metric.Nested(func(t *thing) *thing { return t },
		metric.Counter("nested", "A row of a part.", count),
		metric.CounterVec("nested_vec", "Rows of a part.", extra, metric.Labelled("one", count)),
		metric.DynamicVec(metric.KindGauge, "nested_dynamic", "Rows of a part with its labels.", extra,
			func(to []metric.Series, t *thing) []metric.Series {
				return append(to, metric.Series{Label: t.zone, Value: t.count})
			}),
	)
	rows := []metric.Row[*thing]{
		metric.Counter("plain", "A plain row.", count),
		metric.CounterVec("vec", "Series that are known.", extra,
			metric.Labelled("good", func(t *thing) value.Value { return t.good }),
			metric.Labelled(bad, func(t *thing) value.Value { return t.bad })),
		metric.DynamicVec(metric.KindCounter, "dynamic", "Series that the document names.", extra,
			func(to []metric.Series, t *thing) []metric.Series {
				for _, c := range t.codes {
					to = append(to, metric.Series{Label: c.code, Value: value.Of(c.count)})
				}
				return to
			}),
		metric.NewHistogram("times_seconds", "Times.", func(to *metric.Histogram, t *thing) {
			to.Sum = t.times.Sum
			to.Bounds = append(to.Bounds, t.times.Bounds...)
			to.Counts = append(to.Counts, t.times.Counts...)
		}),
	}
	return metric.NewTable("test", "test_", append(rows, metric.Prefixed("inner_", inner)...),
		metric.LabelFrom("zone", func(t *thing) string { return t.zone }),
		metric.LabelFrom("peer", func(t *thing) string { return t.peer }))
}

// batchOf returns a batch of one table.
func batchOf[T any](t *metric.Table[T], target []metric.Label, objects ...T) *metric.Batch {
	b := metric.NewBatch(target)
	metric.Add(b, t, objects...)
	return b
}

// expositionOf returns an exposition of batches.
func expositionOf(batches ...*metric.Batch) *metric.Exposition {
	e := &metric.Exposition{}
	for _, b := range batches {
		e.Add(b)
	}
	return e
}

func TestFamiliesOfTable(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, f := range thingTable("code").Families() {
		got[f.Name] = fmt.Sprint(f.Kind, " ", f.Labels, " ", f.Help, " ", f.Origin)
	}
	for name, want := range map[string]string{
		"test_plain":                "counter [peer zone] A plain row. test",
		"test_dynamic":              "counter [code peer zone] Series that the document names. test",
		"test_inner_nested_dynamic": "gauge [code peer zone] Rows of a part with its labels. test",
		"test_times_seconds":        "histogram [peer zone] Times. test",
	} {
		if got[name] != want {
			t.Errorf("%s is %q; want %q", name, got[name], want)
		}
	}
	if len(got) != thingRows {
		t.Errorf("%d families; want %d", len(got), thingRows)
	}
}

// A part that is nil has no series.
func TestNestedNil(t *testing.T) {
	t.Parallel()
	type outer struct{ inner *thing }
	rows := metric.Nested(func(o *outer) *thing { return o.inner },
		metric.Counter("count", "A row of a part.", func(t *thing) value.Value { return t.count }),
		metric.NewHistogram("times_seconds", "Times.", func(to *metric.Histogram, t *thing) { *to = t.times }))
	table := metric.NewTable("test", "test_", rows, metric.LabelFrom("has", func(o *outer) string { return strconv.FormatBool(o.inner != nil) }))
	families := oracle.Check(t, expositionOf(batchOf(table, nil, &outer{}, &outer{inner: things()[0]})))
	for _, name := range []string{"test_count", "test_times_seconds"} {
		if series := families[name].GetMetric(); len(series) != 1 || series[0].GetLabel()[0].GetValue() != "true" {
			t.Errorf("%s is %v; want one series, of the object with a part", name, families[name])
		}
	}
}

// Tables with a family of the same name, such as those of two sources, share one
// header.
func TestTablesShareFamily(t *testing.T) {
	t.Parallel()
	row := []metric.Row[*thing]{metric.Counter("requests_total", "Requests.", func(t *thing) value.Value { return t.count })}
	one := metric.NewTable("one", "test_", row, metric.LabelFrom("peer", func(t *thing) string { return t.peer }))
	two := metric.NewTable("two", "test_", row, metric.LabelFrom("zone", func(t *thing) string { return t.zone }))
	e := expositionOf(batchOf(one, nil, things()[0]), batchOf(two, nil, things()[0]), batchOf(one, []metric.Label{{Name: "addr", Value: "b"}}, things()[0]))
	oracle.Check(t, e)
	want := strings.Join([]string{
		"# HELP test_requests_total Requests.",
		"# TYPE test_requests_total counter",
		`test_requests_total{peer="10.0.0.1:80"} 1`,
		`test_requests_total{addr="b",peer="10.0.0.1:80"} 1`,
		`test_requests_total{zone="shop"} 1`,
		"",
	}, "\n")
	if got := oracle.Text(t, e); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
