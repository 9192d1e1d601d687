package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/config"
)

// metrics answers a scrape. The page is always whole and its status 200: what
// is wrong with nginx stands on it.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	only, err := s.chosen(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.scrape(w, r, func(ctx context.Context) (*metric.Exposition, error) {
		return s.Collector.Scrape(ctx, only...), nil
	})
}

// chosen returns the sources that collect[] names, or all but those that
// exclude[] names, as node_exporter does. None means no choice.
func (s *Server) chosen(query url.Values) ([]string, error) {
	collect, exclude := query["collect[]"], query["exclude[]"]
	if len(collect) > 0 && len(exclude) > 0 {
		return nil, errors.New("collect[] and exclude[] cannot be combined")
	}
	if len(collect)+len(exclude) == 0 {
		return nil, nil
	}
	known := s.Collector.SourceNames()
	for _, name := range slices.Concat(collect, exclude) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no collector %q", name)
		}
	}
	if len(exclude) == 0 {
		return collect, nil
	}
	left := slices.DeleteFunc(known, func(name string) bool { return slices.Contains(exclude, name) })
	if len(left) == 0 {
		return nil, errors.New("exclude[] leaves no collector")
	}
	return left, nil
}

// probe scrapes the one target that the query names.
func (s *Server) probe(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	options, err := s.Probes().Target(query.Get("target"), query.Get("module"))
	if err != nil {
		http.Error(w, err.Error(), probeStatus(err))
		return
	}
	s.scrape(w, r, func(ctx context.Context) (*metric.Exposition, error) {
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
func (s *Server) scrape(w http.ResponseWriter, r *http.Request, page func(context.Context) (*metric.Exposition, error)) {
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
