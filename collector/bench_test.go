package collector

import (
	"io"
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// BenchmarkScrapePage scrapes one stub_status target over loopback and writes the
// exposition as text.
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

// BenchmarkPlusPage writes the exposition of a large NGINX Plus as text, with padded
// status codes and without.
func BenchmarkPlusPage(b *testing.B) {
	nginx := plustest.Sized(standin.L()).Start()
	b.Cleanup(nginx.Close)
	for name, padded := range map[string]bool{"plain": false, "padded": true} {
		b.Run(name, func(b *testing.B) {
			exposition := scrapeOnce(b, Options{PadCodes: padded}, asking(b, nginx.URL))
			lines := strings.Count(oracle.Text(b, exposition), "\n")
			b.ReportAllocs()
			for b.Loop() {
				if err := exposition.WriteText(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
		})
	}
}
