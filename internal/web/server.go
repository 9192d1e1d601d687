package web

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/page"
)

// Options are what a Server is made of. All but Reload and Examine must be set.
type Options struct {
	Settings  *config.Settings
	Collector *collector.Collector
	// Probes returns the current rules of /probe.
	Probes func() *config.Probes
	// Reload reloads the configuration, for /-/reload.
	Reload func() error
	// Examine diagnoses a target that is down, for the live page.
	Examine func(ctx context.Context, target client.Options) *doctor.Report
	Logger  log.Logger
	// Slog is for libraries that log with log/slog.
	Slog *slog.Logger
}

// Server serves the exporter's own endpoint.
type Server struct {
	Options
	web       config.Web
	endpoints []*endpoint
	handler   http.Handler
	scrapes   slots      // of /metrics
	probes    slots      // of /probe
	viewers   slots      // of the live page
	page      *page.Page // nil if it is disabled
	writers   *writers
	clients   *clients
	draining  atomic.Bool

	compressors compressors
}

// New returns a Server that does not listen yet.
func New(options Options) (*Server, error) {
	s := &Server{Options: options, web: options.Settings.Web()}
	s.scrapes, s.probes = make(slots, s.web.MaxRequests), make(slots, s.web.MaxRequests)
	s.writers, s.clients = newWriters(s.web.MaxRequests), newClients(s.web.MaxConnections, options.Logger)
	var err error
	if s.handler, err = s.routes(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:           s.clients.serving(s.guard(s.handler)),
		ReadHeaderTimeout: s.web.ReadTimeout,
		ReadTimeout:       s.web.ReadTimeout,
		WriteTimeout:      s.web.WriteTimeout,
		IdleTimeout:       s.web.IdleTimeout,
		MaxHeaderBytes:    64 << 10,
		ConnContext:       withConn,
		ConnState:         s.clients.note,
		// Client errors, such as port scans, are logged at debug level only.
		ErrorLog: slog.NewLogLogger(s.Slog.Handler(), slog.LevelDebug),
	}
}

// Handler returns the handler of all paths, for callers with a listener of their
// own.
func (s *Server) Handler() http.Handler { return s.handler }

// routes returns the handler of all paths.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	var metrics http.Handler = http.HandlerFunc(s.metrics)
	if registry := s.Collector.Registry(); registry != nil {
		metrics = promhttp.InstrumentMetricHandler(registry, metrics)
	}
	if s.web.Page && s.web.TelemetryPath != "/" {
		s.livePage(mux)
		metrics = s.noting(metrics)
	}
	mux.Handle("GET "+exact(s.web.TelemetryPath), metrics)
	mux.HandleFunc("GET /probe", s.probe)
	if len(s.Collector.RateWindows()) > 0 {
		mux.HandleFunc("GET "+config.RatePath+"/{window}", s.rate)
	}
	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	if s.web.Lifecycle {
		mux.HandleFunc("POST /-/reload", s.reload)
		mux.HandleFunc("PUT /-/reload", s.reload)
	}
	if !s.web.Page && s.web.TelemetryPath != "/" {
		landing, err := s.landing()
		if err != nil {
			return nil, fmt.Errorf("landing page: %w", err)
		}
		mux.Handle("GET /{$}", landing)
	}
	return bodiless(mux), nil
}

// bodiless refuses GET requests with a body. Scrapers send none; a body may be an
// attempt at request smuggling.
func bodiless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			w.Header().Set("Connection", "close")
			http.Error(w, "request must not have a body", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// exact returns a pattern that matches no other path.
func exact(path string) string {
	if path == "/" {
		return "/{$}"
	}
	return path
}

func (s *Server) landing() (http.Handler, error) {
	return toolkit.NewLandingPage(toolkit.LandingConfig{
		Name:        "NGINX exporter",
		Description: "Prometheus exporter for NGINX and NGINX Plus",
		Version:     cmp.Or(version.Version, "unknown"),
		Profiling:   "false",
		Links: append([]toolkit.LandingLinks{
			{Address: s.web.TelemetryPath, Text: "Metrics"},
			{Address: "/-/healthy", Text: "Health", Description: "of the exporter itself"},
			{Address: "/-/ready", Text: "Readiness", Description: "whether scrapes are accepted"},
		}, s.rateLinks()...),
	})
}
