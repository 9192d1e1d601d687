package collector

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/exporter"
)

// scrape is one scrape of a target. Callers that want the same sources while it
// is in progress share it, so that many scrapers cause one request to nginx.
type scrape struct {
	key       string // in the target's scrapes: the names of the sources, empty for all
	selection *source.Selection
	began     time.Time
	ctx       context.Context // its own: a caller that leaves does not cancel the others
	cancel    context.CancelFunc
	done      chan struct{} // closed when every source has its result

	// Guarded by the target's lock.
	waiters    int
	session    session
	discovery  *source.Result   // nil if the protocol has none
	results    []*source.Result // of the protocol's sources
	additional []*source.Result // of TargetOptions.Sources
	missed     map[string]bool  // sources for which a caller timed out; each was counted once
}

// scrape joins the scrape in progress, or begins one, and reports its results
// when it is done or ctx ends.
func (t *target) scrape(ctx context.Context, only []string) *targetReport {
	s, first := t.join(only)
	switch {
	case !first:
	case t.outlasts(ctx):
		// The caller waits until the end anyway, so that no goroutine is needed.
		stop := context.AfterFunc(ctx, func() { t.detach(s) })
		t.run(s)
		stop()
	default:
		go t.run(s)
	}
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	return t.leave(ctx, s)
}

// outlasts reports whether a scrape that begins now ends before ctx does.
func (t *target) outlasts(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || time.Until(deadline) > t.options.Client.Timeout
}

// join adds a waiter to the scrape in progress, or to a new one if there is none.
func (t *target) join(only []string) (s *scrape, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := strings.Join(only, " ")
	s = t.scrapes[key]
	if first = s == nil; first {
		s = &scrape{
			key: key, selection: t.selection.Only(only), began: time.Now(), done: make(chan struct{}),
			session: t.session, missed: map[string]bool{},
		}
		s.ctx, s.cancel = context.WithTimeout(context.Background(), t.options.Client.Timeout)
		// The first request has a result even if the caller leaves before it.
		if name := s.session.Discovery(); name != "" {
			s.discovery = &source.Result{Source: name}
		} else {
			s.results = []*source.Result{{Source: s.session.Sources()[0].Name}}
		}
		s.additional = pending(t.additional(s.selection), nil)
		t.scrapes[key] = s
	}
	s.waiters++
	return s, first
}

// pending returns results for sources that are about to be read. A source that
// was read successfully keeps its known result.
func pending(sources []source.Source, known []*source.Result) []*source.Result {
	results := make([]*source.Result, len(sources))
	for i, one := range sources {
		results[i] = &source.Result{Source: one.Name()}
		for _, r := range known {
			if r.Source == one.Name() && r.Success() {
				results[i] = r
			}
		}
	}
	return results
}

// detach removes the waiter that runs the scrape, when its context ends: it cannot
// leave by itself before the scrape ends.
func (t *target) detach(s *scrape) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.waiters--
	t.cancelUnwanted(s)
}

// cancelUnwanted ends a scrape without waiters. The lock is held.
func (t *target) cancelUnwanted(s *scrape) {
	if s.waiters == 0 && t.scrapes[s.key] == s {
		s.cancel()
		delete(t.scrapes, s.key)
	}
}

// leave removes a waiter and reports the results so far. A missing result counts
// as a timeout if the waiter has timed out.
func (t *target) leave(ctx context.Context, s *scrape) *targetReport {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.waiters--
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		for _, r := range s.all() {
			if !r.Done && !s.missed[r.Source] {
				s.missed[r.Source] = true
				t.state(r.Source).counters.Errors[client.ReasonTimeout]++
			}
		}
	}
	t.cancelUnwanted(s)
	return t.report(s)
}

// all returns the results of the discovery and all sources. The lock is held.
func (s *scrape) all() []*source.Result {
	all := make([]*source.Result, 0, 1+len(s.results)+len(s.additional))
	if s.discovery != nil {
		all = append(all, s.discovery)
	}
	return append(append(all, s.results...), s.additional...)
}

// shown returns the results that are reported. A scrape of some sources does not
// report others that these depend on, except the discovery. The lock is held.
func (s *scrape) shown(results []*source.Result) []*source.Result {
	if s.key == "" {
		return results
	}
	return slices.DeleteFunc(slices.Clone(results), func(r *source.Result) bool {
		return r != s.discovery && !s.selection.Enabled(r.Source)
	})
}

// up reports whether any source of nginx was read. The lock is held.
func (s *scrape) up() bool { return slices.ContainsFunc(s.results, (*source.Result).Success) }

// failure returns why no source of nginx could be read, nil if one was. The lock
// is held.
func (s *scrape) failure() error {
	if s.up() {
		return nil
	}
	if s.discovery != nil && s.discovery.Err != nil {
		return s.discovery.Err
	}
	for _, r := range s.results {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// targetReport is what one scrape exposes of one target.
type targetReport struct {
	sources  []*metric.Batch // series of nginx, and the outcome of the scrape
	counters *metric.Batch   // counters of the exporter for the target

	// For snapshots. The results do not change.
	up      bool
	failure error
	results []*source.Result
	session session
}

// report returns the results of the scrape so far. The lock is held.
func (t *target) report(s *scrape) *targetReport {
	report := &targetReport{counters: metric.NewBatch(t.options.Labels), up: s.up(), failure: s.failure(), session: s.session}
	report.sources, _ = t.exposed(s)
	status := metric.NewBatch(t.options.Labels)
	report.results = s.snapshot(s.shown(s.all()))
	t.metrics.AddScrape(status, report.up, report.results)
	if s.up() {
		t.metrics.AddCertificate(status, t.client.CertificateExpiry())
	}
	s.session.reader.Report(status, s.up(), s.snapshot(s.shown(s.results)))
	report.sources = append(report.sources, status)
	for _, r := range s.all() {
		t.state(r.Source)
	}
	var counters []*exporter.Counters
	for name, state := range t.sources {
		if s.key == "" || slices.ContainsFunc(s.shown(s.all()), func(r *source.Result) bool { return r.Source == name }) {
			counters = append(counters, state.counters.Clone())
		}
	}
	slices.SortFunc(counters, func(a, b *exporter.Counters) int { return cmp.Compare(a.Source, b.Source) })
	t.metrics.AddCounters(report.counters, t.requests+float64(t.client.Requests()), counters)
	return report
}

// snapshot copies results, which change until the scrape is done. The lock is
// held.
func (s *scrape) snapshot(results []*source.Result) []*source.Result {
	copies := make([]*source.Result, len(results))
	for i, r := range results {
		result := *r
		if !result.Done {
			result.Duration = time.Since(s.began)
		}
		copies[i] = &result
	}
	return copies
}

// exposed returns the series of the enabled sources within the limit, and how
// many series of each source were dropped. The lock is held.
func (t *target) exposed(s *scrape) (batches []*metric.Batch, dropped map[string]int) {
	left, start := s.selection.MaxSeries, 0.0
	for _, r := range s.results {
		if r.Batch != nil {
			start = max(start, r.Batch.Start)
		}
	}
	dropped = map[string]int{}
	for _, r := range s.all() {
		if r.Batch == nil || !s.selection.Enabled(r.Source) {
			continue
		}
		b := *r.Batch
		if s.selection.MaxSeries > 0 {
			limited, series, over := b.Limit(left)
			b, left, dropped[r.Source] = *limited, left-series, over
		}
		b.Start = start
		batches = append(batches, &b)
	}
	return batches, dropped
}
