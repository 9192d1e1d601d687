package collector

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"nginx-exporter/internal/plustest"
)

// benchPeers is the size of a large upstream.
const benchPeers = 1000

// BenchmarkRenderRow renders one row of each kind for all objects: one series
// an object, or two, three, or a histogram of six lines.
func BenchmarkRenderRow(b *testing.B) {
	page := pageOf(peerTable(), []Label{{"addr", "http://web1:8080/stub_status"}}, peers(benchPeers)...)
	for _, name := range []string{"plain", "parts", "each", "times_seconds"} {
		b.Run(name, func(b *testing.B) {
			row := rowOf(b, page, "test_"+name)
			b.ReportAllocs()
			for b.Loop() {
				row()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPeers, "ns/object")
		})
	}
}

// BenchmarkScrapePage is a scrape of one stub_status target over loopback, and
// its page as text.
func BenchmarkScrapePage(b *testing.B) {
	for _, metrics := range []ExporterMetrics{MetricsNone, MetricsBasic, MetricsFull} {
		b.Run(string(metrics), func(b *testing.B) {
			c := newCollector(b, Options{ExporterMetrics: metrics}, start(b, says("nginx/1.29.1", plainPage)).options(b))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Scrape(b.Context()).WriteText(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlusPage writes the page of a large NGINX Plus as text, with padded
// status codes and without.
func BenchmarkPlusPage(b *testing.B) {
	nginx := plustest.Sized(plustest.L()).Start()
	b.Cleanup(nginx.Close)
	for name, padded := range map[string]bool{"plain": false, "padded": true} {
		b.Run(name, func(b *testing.B) {
			page := scrape(b, Options{PadCodes: padded}, asking(b, nginx.URL))
			lines := strings.Count(textOf(b, page), "\n")
			b.ReportAllocs()
			for b.Loop() {
				if err := page.WriteText(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
		})
	}
}

// BenchmarkGather makes the same series of a large upstream in each way that
// there is: as text, as protobuf types, and by client_golang.
func BenchmarkGather(b *testing.B) {
	objects := peers(benchPeers)
	page := pageOf(peerTable(), nil, objects...)
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := page.WriteText(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("protobuf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(page.Gather()) == 0 {
				b.Fatal("an empty page")
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
// object a series.
type constCollector struct {
	objects []*thing
	descs   map[string]*prometheus.Desc
}

func newConstCollector(objects []*thing) *constCollector {
	c := &constCollector{objects, map[string]*prometheus.Desc{}}
	for _, d := range peerTable().descs() {
		c.descs[d.Name] = prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)
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
		send("test_plain", prometheus.CounterValue, o.figure.Float(), o.peer, o.zone)
		send("test_inner_lifted", prometheus.CounterValue, o.figure.Float(), o.peer, o.zone)
		send("test_parts", prometheus.CounterValue, o.good.Float(), "good", o.peer, o.zone)
		send("test_parts", prometheus.CounterValue, o.bad.Float(), "bad", o.peer, o.zone)
		send("test_inner_lifted_parts", prometheus.GaugeValue, o.figure.Float(), "one", o.peer, o.zone)
		send("test_inner_lifted_each", prometheus.GaugeValue, o.figure.Float(), o.zone, o.peer, o.zone)
		for _, code := range o.codes {
			send("test_each", prometheus.CounterValue, code.count, code.code, o.peer, o.zone)
		}
		count, buckets := uint64(0), map[float64]uint64{}
		for i, bucket := range o.times.Counts {
			count += uint64(bucket)
			buckets[o.times.Bounds[i]/millisecondsPerSecond] = count
		}
		metrics <- prometheus.MustNewConstHistogram(c.descs["test_times_seconds"], count,
			o.times.Sum.Float()/millisecondsPerSecond, buckets, o.peer, o.zone)
	}
}

// What is compared is the same.
func TestConstCollectorMakesTheSameSeries(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newConstCollector(peers(3)))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range families {
		got[f.GetName()] = len(f.GetMetric())
	}
	want := map[string]int{}
	for _, f := range pageOf(peerTable(), nil, peers(3)...).Gather() {
		want[f.GetName()] = len(f.GetMetric())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("client_golang makes %v; the table makes %v", got, want)
	}
}
