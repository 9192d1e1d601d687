package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-kit/log"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/web"
)

// stubPage is what a small nginx tells.
const stubPage = "Active connections: 2 \nserver accepts handled requests\n 7 7 13 \nReading: 0 Writing: 1 Waiting: 1 \n"

// BenchmarkScrape is a whole scrape over loopback: Prometheus' request, the
// request to nginx, the compressed page.
func BenchmarkScrape(b *testing.B) {
	nginx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "nginx/1.29.1")
		_, _ = io.WriteString(w, stubPage)
	}))
	b.Cleanup(nginx.Close)
	c := config.Config{
		Nginx: config.Nginx{ScrapeURIs: []string{nginx.URL}, Verify: true, Timeout: time.Second, AddrLabel: "auto", Mode: "auto", MaxDocument: client.DefaultMaxDocument},
		Web: config.Web{
			Listen: []string{"127.0.0.1:0"}, TelemetryPath: "/metrics", ExporterMetrics: "basic", MaxRequests: 8,
			ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute, ShutdownTimeout: time.Second,
		},
	}
	settings, err := c.Validate()
	if err != nil {
		b.Fatal(err)
	}
	scraper := collector.New(collector.Options{})
	b.Cleanup(scraper.Close)
	if err := scraper.SetTargets(settings.Targets()); err != nil {
		b.Fatal(err)
	}
	server, err := web.New(web.Options{
		Settings: settings, Collector: scraper, Logger: log.NewNopLogger(), Slog: slog.New(slog.DiscardHandler),
		Probes: settings.Probes, Reload: func() error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	exporter := httptest.NewServer(server.Handler())
	b.Cleanup(exporter.Close)
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, exporter.URL+"/metrics", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	transport := &http.Transport{}
	b.Cleanup(transport.CloseIdleConnections)
	b.ReportAllocs()
	for b.Loop() {
		response, err := transport.RoundTrip(request)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
	}
}
