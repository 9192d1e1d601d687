package collector

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
)

// memorized serves the first response of a handler to each path again and again, so
// that a benchmark measures the exporter only.
func memorized(handler http.Handler) http.Handler {
	var responses sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, found := responses.Load(r.URL.Path)
		if !found {
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, r)
			known, _ = responses.LoadOrStore(r.URL.Path, recorder)
		}
		response, _ := known.(*httptest.ResponseRecorder)
		w.WriteHeader(response.Code)
		_, _ = w.Write(response.Body.Bytes())
	})
}

// BenchmarkLargeStatus scrapes NGINX Plus and Angie with 2,000 zones, and with
// 2,000 servers, and writes the exposition as text. The CPU time and the memory
// per series are comparable.
func BenchmarkLargeStatus(b *testing.B) {
	const many = 2000
	for name, handler := range map[string]http.Handler{
		"zones/plus":    plustest.Sized(standin.Size{Upstreams: 1, Peers: 1, Zones: many}),
		"zones/angie":   angietest.New("/api/", angietest.Status(standin.Size{Upstreams: 1, Peers: 1, Zones: many})),
		"servers/plus":  plustest.Sized(standin.Size{Upstreams: many / 50, Peers: 50, Zones: 1}),
		"servers/angie": angietest.New("/api/", angietest.Status(standin.Size{Upstreams: many / 50, Peers: 50, Zones: 1})),
		"keys/angie":    angietest.New("/api/", angietest.Status(standin.Size{Keys: many})),
	} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(memorized(handler))
			b.Cleanup(server.Close)
			c := newCollector(b, Options{ExporterMetrics: MetricsNone}, asking(b, server.URL+"/api/"))
			series := float64(strings.Count(oracle.Text(b, c.Scrape(b.Context())), "\n"))
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			allocated, began := memory.TotalAlloc, cpuTime(b)
			for b.Loop() {
				if err := c.Scrape(b.Context()).WriteText(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			took := cpuTime(b) - began
			runtime.ReadMemStats(&memory)
			b.ReportMetric(series, "lines")
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/series, "cpu-ns/line")
			b.ReportMetric(float64(memory.TotalAlloc-allocated)/float64(b.N)/series, "B/line")
		})
	}
}
