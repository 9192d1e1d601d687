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

// scrape is one reading of a target. All callers that arrive while it is under
// way and want the same sources share it: a storm of scrapers is one request
// to nginx.
type scrape struct {
	key       string // of the target's scrapes
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
	missed     map[string]bool  // sources that a caller could not wait for; each was counted as a timeout
}

// scrape joins the scrape under way, or begins one, and reports what it brings
// until ctx ends.
func (t *target) scrape(ctx context.Context, only []string) *targetReport {
	s, first := t.join(only)
	switch {
	case !first:
	case t.outlasts(ctx):
		// The caller has to wait for all of it, so that it can do the work.
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

// join adds a waiter to the scrape under way, which it begins if there is none.
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
		// Whatever happens, there is a result of what is read first.
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
// was read already has the result of that.
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

// detach takes off the waiter that runs the scrape. It can return only when
// that ends.
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

// leave takes off a waiter and reports what there is by now. What is missing
// counts as a timeout if the time of the waiter is over.
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

// all returns the results of everything that is read. The lock is held.
func (s *scrape) all() []*source.Result {
	all := make([]*source.Result, 0, 1+len(s.results)+len(s.additional))
	if s.discovery != nil {
		all = append(all, s.discovery)
	}
	return append(append(all, s.results...), s.additional...)
}

// shown returns the results that are reported. A scrape that is reduced to some
// sources reports on no others that were read for them, except on the discovery:
// without it there is none of them. The lock is held.
func (s *scrape) shown(results []*source.Result) []*source.Result {
	if s.key == "" {
		return results
	}
	return slices.DeleteFunc(slices.Clone(results), func(r *source.Result) bool {
		return r != s.discovery && !s.selection.Enabled(r.Source)
	})
}

// up reports whether nginx was read. The lock is held.
func (s *scrape) up() bool { return slices.ContainsFunc(s.results, (*source.Result).Success) }

// failure returns why nginx could not be read, nil if a part of it was. The
// lock is held.
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
	sources  []*metric.Batch // what was read, and how that went
	counters *metric.Batch   // over the life of the target
}

// report returns what the scrape has brought by now. The lock is held.
func (t *target) report(s *scrape) *targetReport {
	report := &targetReport{counters: metric.NewBatch(t.options.Labels)}
	report.sources, _ = t.exposed(s)
	status := metric.NewBatch(t.options.Labels)
	t.metrics.AddScrape(status, s.up(), s.snapshot(s.shown(s.all())))
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

// snapshot copies results that go on changing until the scrape is done. The
// lock is held.
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

// exposed returns the series of the selected sources, cut to the limit, and
// how many series each source lost by that. The lock is held.
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
