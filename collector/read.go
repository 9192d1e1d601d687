package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// maxConcurrent is how many sources of one target are read concurrently, so that
// a slow one does not delay the others.
const maxConcurrent = 6

// softDeadline is the fraction of the timeout after which the sources of a
// protocol with several sources time out, so that the others are exposed in time.
const softDeadline = 0.8

// run reads all sources and ends the scrape.
func (t *target) run(s *scrape) {
	defer s.cancel()
	var group sync.WaitGroup
	if results := slices.Clone(s.additional); len(results) > 0 {
		group.Go(func() { t.collect(s.ctx, s, t.additional(s.selection), results) })
	}
	t.read(s)
	group.Wait()
	// Writing to the log may block, so the lock must be released before.
	for _, line := range t.finish(s) {
		line.write()
	}
}

// additional returns the additional sources that are selected.
func (t *target) additional(selection *source.Selection) []source.Source {
	var sources []source.Source
	for _, one := range t.options.Sources {
		if selection.Enabled(one.Name()) {
			sources = append(sources, one)
		}
	}
	return sources
}

// read reads the target by its current protocol. In mode auto another one may
// recognize it.
func (t *target) read(s *scrape) {
	t.readBy(s, s.session, nil)
	if t.options.Client.Mode != client.ModeAuto {
		t.explain(s)
		return
	}
	t.mu.Lock()
	err, discovered := s.failure(), s.discovery != nil && s.discovery.Success()
	t.mu.Unlock()
	if err == nil || discovered {
		return // it is the right protocol, even if nothing could be read
	}
	for _, p := range t.protocols {
		if p.Name() == s.session.Name() || !p.Recognizes(err) {
			continue
		}
		found := t.open(p)
		// An error after a redirect says nothing: another protocol may be there.
		if d := discover(s.ctx, s, found); d.err == nil || !isRedirect(err) {
			t.change(s, found)
			t.readBy(s, found, d)
			return
		}
	}
	if client.ReasonOf(err) == client.ReasonParse {
		// The target no longer has this protocol. The next scrape detects it again.
		t.mu.Lock()
		defer t.mu.Unlock()
		t.session = t.open(t.firstProtocol())
	}
}

// isRedirect reports whether the error is a redirect.
func isRedirect(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status/100 == 3
}

// explain replaces the error of a target that responds, but with another protocol
// than the configuration requires.
func (t *target) explain(s *scrape) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range s.all() {
		var e *client.Error
		if !errors.As(r.Err, &e) || len(e.Body) == 0 {
			continue
		}
		for _, p := range t.protocols {
			if p.Name() == s.session.Name() || !p.Recognizes(e) {
				continue
			}
			r.Err = &client.Error{
				Reason: e.Reason,
				Err:    fmt.Errorf("this is %s, not %s", p.Description(), s.session.Description()),
				Advice: fmt.Sprintf("use --nginx.mode=%s or %s for this target", client.ModeAuto, p.Name()),
			}
			break
		}
	}
}

// change changes the protocol of the target and discards the results of the
// previous one.
func (t *target) change(s *scrape, to session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, s.session = to, to
	s.discovery, s.results = nil, nil
}

// readBy discovers the sources of a protocol, unless they are known, and reads them.
// If the results show that the sources of the target have changed, it does so a
// second time.
func (t *target) readBy(s *scrape, session session, known *discovery) {
	ctx := s.ctx
	if session.Discovery() != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, s.began.Add(time.Duration(softDeadline*float64(t.options.Client.Timeout))))
		defer cancel()
	}
	for range 2 {
		if known == nil {
			known = discover(ctx, s, session)
		}
		results := t.prepare(s, session, known)
		if known.err != nil {
			return
		}
		t.collect(ctx, s, known.sources, results)
		known = nil
		t.mu.Lock()
		read := slices.Clone(s.results)
		t.mu.Unlock()
		if !session.reader.Outdated(ctx, read) {
			return
		}
	}
}

// discovery is the outcome of discovering the sources of a target.
type discovery struct {
	sources  []source.Source // that the target offers
	err      error
	duration time.Duration
}

func discover(ctx context.Context, s *scrape, session session) *discovery {
	began := time.Now()
	sources, err := session.reader.Discover(ctx, s.selection)
	return &discovery{sources, err, time.Since(began)}
}

// prepare records a discovery, and returns the results of its sources, which are
// pending unless they were read before in this scrape; nil if it failed.
func (t *target) prepare(s *scrape, session session, d *discovery) []*source.Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name := session.Discovery(); name != "" {
		s.discovery = &source.Result{Source: name, Done: true, Err: d.err, Duration: d.duration}
	}
	if d.err != nil {
		if client.ReasonOf(d.err) == client.ReasonParse {
			s.results = nil // not documents of this protocol, even if they could be read
		}
		return nil
	}
	s.results = pending(d.sources, s.results)
	return slices.Clone(s.results)
}

// collect reads sources concurrently.
func (t *target) collect(ctx context.Context, s *scrape, sources []source.Source, results []*source.Result) {
	if len(sources) == 1 { // as for stub_status: a goroutine would cost more
		t.collectOne(ctx, s, sources[0], results[0])
		return
	}
	queue := make(chan int, len(sources))
	for i := range sources {
		if !results[i].Done {
			queue <- i
		}
	}
	close(queue)
	var group sync.WaitGroup
	for range min(maxConcurrent, len(queue)) {
		group.Go(func() {
			for i := range queue {
				t.collectOne(ctx, s, sources[i], results[i])
			}
		})
	}
	group.Wait()
}

func (t *target) collectOne(ctx context.Context, s *scrape, one source.Source, result *source.Result) {
	began := time.Now()
	reading := t.rate.now()
	b := metric.NewBatch(t.options.Labels)
	err := one.Collect(ctx, b)
	if err == nil {
		t.rate.observe(reading, b, t.requestsSent)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if errors.Is(err, source.ErrAbsent) {
		is := func(r *source.Result) bool { return r == result }
		s.results, s.additional = slices.DeleteFunc(s.results, is), slices.DeleteFunc(s.additional, is)
		return
	}
	if err == nil {
		result.Batch = b
	}
	result.Done, result.Err, result.Duration = true, err, time.Since(began)
}

// finish ends the scrape: it counts failures and dropped series, and returns the
// log lines.
func (t *target) finish(s *scrape) []logLine {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, dropped := t.exposed(s)
	for _, r := range s.all() {
		counters := t.state(r.Source).counters
		counters.Limit += float64(dropped[r.Source])
		if r.Batch != nil {
			counters.Duplicate += float64(r.Batch.Duplicates)
			counters.Invalid += float64(r.Batch.Invalid)
			counters.Cut += float64(r.Batch.Cut)
		}
		if r.Err == nil {
			continue
		}
		switch reason, missed := client.ReasonOf(r.Err), s.missed[r.Source]; {
		case reason == client.ReasonCanceled && missed:
			r.Err = &client.Error{Reason: client.ReasonTimeout, Err: errors.New("no complete response within the timeout of the scrape")}
		case reason == client.ReasonCanceled: // the callers left, which is not a failure of nginx
		case !missed:
			counters.Errors[reason]++
		}
	}
	if t.scrapes[s.key] == s {
		delete(t.scrapes, s.key)
	}
	close(s.done)
	return t.changes(s)
}

// changes returns a log line if the state of nginx has changed, and one for each
// additional source whose state has changed. Documents that fail while others are
// read share a line. The lock is held.
func (t *target) changes(s *scrape) []logLine {
	results := s.all()
	if len(results) == 0 {
		return nil
	}
	var lines []logLine
	add := func(line *logLine) {
		if line != nil {
			lines = append(lines, *line)
		}
	}
	main := results[0].Source
	health := &t.state(main).health
	err := s.failure()
	if failed := t.failing(s, main); err == nil && len(failed) > 0 {
		add(health.partly(failed))
	} else {
		add(health.update(err, false))
	}
	for _, r := range s.additional {
		add(t.state(r.Source).health.update(r.Err, true))
	}
	return lines
}

// failing returns the sources of the protocol whose last scrape failed. A scrape
// of some sources does not change the state of the others. The lock is held.
func (t *target) failing(s *scrape, main string) []failedSource {
	if s.key == "" {
		for _, state := range t.sources {
			state.err = nil
		}
	}
	for _, r := range s.results {
		if r.Err == nil || client.ReasonOf(r.Err) != client.ReasonCanceled {
			state := t.state(r.Source)
			state.err, state.read = r.Err, r.Success()
		}
	}
	var failed []failedSource
	for _, info := range s.session.Sources() {
		if state := t.sources[info.Name]; state != nil && state.err != nil && info.Name != main {
			failed = append(failed, failedSource{info.Name, state.err})
		}
	}
	return failed
}
