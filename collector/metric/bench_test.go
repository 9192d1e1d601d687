package metric_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// peerTable is the table of a server of an upstream.
func peerTable() *metric.Table[*thing] { return tableOf("code", "bad") }

// peers are servers of a large upstream.
func peers(n int) []*thing {
	all := make([]*thing, n)
	for i := range all {
		all[i] = &thing{
			peer: fmt.Sprintf("10.20.%d.%d:8080", i/250, i%250), zone: "shop", count: value.Of(float64(i)),
			good: value.Of(12345), bad: value.Of(1), codes: []thingCode{{"200", 1e6}, {"404", 12}, {"503", 3}},
			times: metric.Histogram{Sum: 3456.7, Bounds: []float64{0.005, 0.05, 1}, Counts: []float64{100, 20, 3}},
		}
	}
	return all
}

// benchPeers is the size of a large upstream.
const benchPeers = 1000

// BenchmarkAdd makes the label sets of the objects.
func BenchmarkAdd(b *testing.B) {
	objects, table := peers(benchPeers), peerTable()
	b.ReportAllocs()
	for b.Loop() {
		batchOf(table, []metric.Label{{Name: "addr", Value: "http://web1:8080/api"}}, objects...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPeers, "ns/object")
}

// BenchmarkRender renders the same series as text, as protobuf types, and with
// client_golang.
func BenchmarkRender(b *testing.B) {
	objects := peers(benchPeers)
	e := expositionOf(batchOf(peerTable(), nil, objects...))
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := e.WriteText(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("protobuf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(e.Gather()) == 0 {
				b.Fatal("no families")
			}
		}
	})
	b.Run("client_golang", func(b *testing.B) { benchmarkClientGolang(b, objects) })
}

func benchmarkClientGolang(b *testing.B, objects []*thing) {
	b.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(newConstCollector(objects))
	b.ReportAllocs()
	for b.Loop() {
		families, err := registry.Gather()
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range families {
			if _, err := expfmt.MetricFamilyToText(io.Discard, f); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// constCollector makes the series of peerTable as most exporters do: one
// constant metric per series.
type constCollector struct {
	objects []*thing
	descs   map[string]*prometheus.Desc
}

func newConstCollector(objects []*thing) *constCollector {
	c := &constCollector{objects, map[string]*prometheus.Desc{}}
	for _, f := range peerTable().Families() {
		c.descs[f.Name] = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *constCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		descs <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *constCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, o := range c.objects {
		send := func(name string, kind prometheus.ValueType, v float64, labels ...string) {
			metrics <- prometheus.MustNewConstMetric(c.descs[name], kind, v, labels...)
		}
		send("test_plain", prometheus.CounterValue, o.count.Float(), o.peer, o.zone)
		send("test_inner_nested", prometheus.CounterValue, o.count.Float(), o.peer, o.zone)
		send("test_vec", prometheus.CounterValue, o.good.Float(), "good", o.peer, o.zone)
		send("test_vec", prometheus.CounterValue, o.bad.Float(), "bad", o.peer, o.zone)
		send("test_inner_nested_vec", prometheus.GaugeValue, o.count.Float(), "one", o.peer, o.zone)
		send("test_inner_nested_dynamic", prometheus.GaugeValue, o.count.Float(), o.zone, o.peer, o.zone)
		for _, code := range o.codes {
			send("test_dynamic", prometheus.CounterValue, code.count, code.code, o.peer, o.zone)
		}
		count, buckets := uint64(0), map[float64]uint64{}
		for i, bucket := range o.times.Counts {
			count += uint64(bucket)
			buckets[o.times.Bounds[i]] = count
		}
		metrics <- prometheus.MustNewConstHistogram(c.descs["test_times_seconds"], count, o.times.Sum, buckets, o.peer, o.zone)
	}
}

// The benchmarks render the same series.
func TestConstCollectorMakesTheSameSeries(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(newConstCollector(peers(3)))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]int{}, map[string]int{}
	for _, f := range families {
		got[f.GetName()] = len(f.GetMetric())
	}
	for _, f := range expositionOf(batchOf(peerTable(), nil, peers(3)...)).Gather() {
		want[f.GetName()] = len(f.GetMetric())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("client_golang makes %v; the table makes %v", got, want)
	}
}
