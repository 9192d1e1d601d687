package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-kit/log/level"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
)

// metrics answers a scrape. The page is always whole and its status 200: what
// is wrong with nginx stands on it.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	s.scrape(w, r, func(ctx context.Context) (*collector.Page, error) {
		return s.Collector.Scrape(ctx), nil
	})
}

// probe scrapes the one target that the query names.
func (s *Server) probe(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	options, err := s.Probes().Target(query.Get("target"), query.Get("module"))
	if err != nil {
		http.Error(w, err.Error(), probeStatus(err))
		return
	}
	s.scrape(w, r, func(ctx context.Context) (*collector.Page, error) {
		return s.Collector.Probe(ctx, options)
	})
}

func probeStatus(err error) int {
	switch {
	case errors.Is(err, config.ErrProbeOff):
		return http.StatusNotFound
	case errors.Is(err, config.ErrForbidden):
		return http.StatusForbidden
	default:
		return http.StatusBadRequest
	}
}

// scrape makes a page within the limits of the server and of the scraper.
func (s *Server) scrape(w http.ResponseWriter, r *http.Request, page func(context.Context) (*collector.Page, error)) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many scrapes at once, see --web.max-requests", http.StatusServiceUnavailable)
		return
	}
	ctx := r.Context()
	if budget, told := s.budget(r.Header); told {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget)
		defer cancel()
	}
	made, err := page(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// The time to write begins when there is something to be written.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.web.WriteTimeout)) // else the server's own deadline stays
	if err := write(w, r, made); err != nil {
		_ = level.Debug(s.Logger).Log("msg", "a scraper did not take its page", "remote", r.RemoteAddr, "err", err)
	}
}
