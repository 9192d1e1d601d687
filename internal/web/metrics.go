package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/config"
)

// metrics responds to a scrape. The response is complete and its status 200 even
// if nginx fails: nginx_up shows that.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	only, err := s.selectSources(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.scrape(w, r, s.scrapes, func(ctx context.Context) (*metric.Exposition, error) {
		exposition := s.Collector.Scrape(ctx, only...)
		// Which collectors the targets have is known only after a scrape.
		if len(only) > 0 && !s.Collector.Offers(only) {
			return nil, fmt.Errorf("no target has any of the collectors %s", strings.Join(only, ", "))
		}
		return exposition, nil
	})
}

// selectSources returns the sources that collect[] names, or all except those
// that exclude[] names, as in node_exporter. None means all.
func (s *Server) selectSources(query url.Values) ([]string, error) {
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
			return nil, fmt.Errorf("unknown collector %q; valid names: %s", name, strings.Join(known, ", "))
		}
	}
	if len(exclude) == 0 {
		return collect, nil
	}
	left := slices.DeleteFunc(known, func(name string) bool { return slices.Contains(exclude, name) })
	if len(left) == 0 {
		return nil, errors.New("exclude[] excludes all collectors")
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
	s.scrape(w, r, s.probes, func(ctx context.Context) (*metric.Exposition, error) {
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

// scrape collects within the limits of the slots and the scraper, and responds.
func (s *Server) scrape(w http.ResponseWriter, r *http.Request, taken slots, collect func(context.Context) (*metric.Exposition, error)) {
	exposition, err := s.collect(r, taken, collect)
	switch {
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		s.send(w, r, exposition.Rows(), func(w http.ResponseWriter) error { return s.write(w, r, exposition) })
	}
}

// slots holds an item for each scrape in progress. Probes have slots of their own:
// probes that hang must not block /metrics.
type slots chan struct{}

var errBusy = errors.New("too many concurrent scrapes (limit: --web.max-requests)")

// collect holds a slot while it collects.
func (s *Server) collect(r *http.Request, taken slots, collect func(context.Context) (*metric.Exposition, error)) (*metric.Exposition, error) {
	select {
	case taken <- struct{}{}:
		defer func() { <-taken }()
	default:
		return nil, errBusy
	}
	ctx := r.Context()
	if budget, ok := s.budget(r.Header); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget)
		defer cancel()
	}
	return collect(ctx)
}
