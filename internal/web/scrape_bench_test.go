package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-kit/log"

	"nginx-exporter/client/plus"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/web"
)

// stubPage is the status of a small nginx.
const stubPage = "Active connections: 2 \nserver accepts handled requests\n 7 7 13 \nReading: 0 Writing: 1 Waiting: 1 \n"

// BenchmarkScrape is a whole scrape over loopback: Prometheus' request, the
// requests to nginx, the compressed response. Those of NGINX Plus hold the cost of
// serving its documents too, which is little.
func BenchmarkScrape(b *testing.B) {
	b.Run("stub_status", func(b *testing.B) {
		nginx := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "nginx/1.29.1")
			_, _ = io.WriteString(w, stubPage)
		}))
		b.Cleanup(nginx.Close)
		scrapeOften(b, nginx.URL)
	})
	for _, name := range []string{"S", "M", "L", "XL"} {
		b.Run("plus "+name, func(b *testing.B) {
			size, err := standin.SizeOf(name)
			if err != nil {
				b.Fatal(err)
			}
			nginx := plustest.Sized(size).Start()
			b.Cleanup(nginx.Close)
			scrapeOften(b, nginx.URL)
		})
	}
}

// scrapeOften scrapes one target again and again.
func scrapeOften(b *testing.B, target string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, exporterOf(b, target)+"/metrics", http.NoBody)
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
		length, err := io.Copy(io.Discard, response.Body)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(length), "bytes/response")
		_ = response.Body.Close()
	}
}

// exporterOf serves one target and returns its address.
func exporterOf(b *testing.B, target string) string {
	b.Helper()
	c := config.Config{
		Nginx: config.Nginx{
			ScrapeURIs: []string{target}, Verify: true, Timeout: time.Minute,
			AddrLabel: "auto", Mode: "auto", MaxDocument: plus.DefaultMaxDocument,
		},
		Web: config.Web{
			Listen: []string{"127.0.0.1:0"}, TelemetryPath: "/metrics", ExporterMetrics: "basic", MaxRequests: 8,
			Limits: config.Limits{
				ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute, ShutdownTimeout: time.Second, MaxConnections: 1000,
			},
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
	return exporter.URL
}
