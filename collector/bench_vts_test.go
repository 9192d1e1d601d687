package collector

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/standin/vtstest"
)

// BenchmarkVTSBesidePlus scrapes 2,000 zones or servers of nginx-module-vts and as
// many series of NGINX Plus, and writes them as text. The CPU time per series of the
// module must be at most that of NGINX Plus.
func BenchmarkVTSBesidePlus(b *testing.B) {
	for name, target := range map[string]TargetOptions{
		"vts/zones":       asking(b, serve(b, serves(vtstest.Document(standin.Size{Zones: 2000})))+"/status/format/json"),
		"vts/servers":     asking(b, serve(b, serves(vtstest.Document(standin.Size{Zones: 1, Upstreams: 40, Peers: 50})))+"/status/format/json"),
		"plus/zones":      asking(b, serve(b, plustest.Sized(standin.Size{Upstreams: 1, Peers: 1, Zones: 2000}))+"/api"),
		"plus/servers":    asking(b, serve(b, plustest.Sized(standin.Size{Upstreams: 40, Peers: 50, Zones: 1}))+"/api"),
		"plus/histograms": asking(b, serve(b, plustest.Sized(standin.Size{Upstreams: 40, Peers: 50, Zones: 1, Histograms: true}))+"/api"),
	} {
		b.Run(name, func(b *testing.B) {
			c := newCollector(b, Options{ExporterMetrics: MetricsNone}, target)
			series := strings.Count(oracle.Text(b, c.Scrape(b.Context())), "\n")
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				if err := c.Scrape(b.Context()).WriteText(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/float64(series), "cpu-ns/series")
			b.ReportMetric(float64(series), "series")
		})
	}
}

// serves responds with a JSON document.
func serves(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.Copy(w, bytes.NewReader(body)) // the exporter may have left
	})
}
