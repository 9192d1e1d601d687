package collector

import (
	"context"
	"errors"
	"time"

	"nginx-exporter/client"
)

// round is one reading of a target. All scrapes that arrive while it is under
// way share it, so that a storm of scrapers is one request to nginx.
type round struct {
	began  time.Time
	ctx    context.Context //nolint:containedctx // the round's own, which no single caller can give
	cancel context.CancelFunc
	done   chan struct{} // closed when every part has its result

	// Guarded by the target's lock.
	waiters int
	parts   []part // one a source
}

// part is the state of one source in a round.
type part struct {
	result *result // nil while it is being read
	missed bool    // somebody could not wait for it; it was counted as a time-out
}

// result is what the reading of one source brought.
type result struct {
	bind     *binder
	err      error
	duration time.Duration
}

// newRound returns a round that is not run yet. Its time begins now.
func (t *target) newRound() *round {
	ctx, cancel := context.WithTimeout(context.Background(), t.options.Client.Timeout)
	return &round{began: time.Now(), ctx: ctx, cancel: cancel, done: make(chan struct{}), parts: make([]part, len(t.sources))}
}

// run reads all sources and ends the round.
func (t *target) run(r *round) {
	defer r.cancel()
	for i := range t.sources {
		t.finish(r, i, t.read(r.ctx, &t.sources[i]))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == r {
		t.current = nil
	}
	close(r.done)
}

func (t *target) read(ctx context.Context, s *source) *result {
	began := time.Now()
	bind := &binder{layouts: t.layouts}
	err := s.fetch(ctx, t, bind)
	return &result{bind: bind, err: err, duration: time.Since(began)}
}

// finish enters the result of a source, counts it, and tells the log if it
// changed the state of the target.
func (t *target) finish(r *round, i int, result *result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := &r.parts[i]
	part.result = result
	if result.err == nil {
		t.tally.dropped.add(result.bind.dropped)
		t.health[i].good()
		return
	}
	reason := client.ReasonOf(result.err)
	switch {
	case reason == client.ReasonCanceled && !part.missed:
		return // the scrapers left of their own accord: that says nothing of nginx
	case reason == client.ReasonCanceled:
		result.err = &client.Error{Reason: client.ReasonTimeout, Err: errors.New("no whole answer within the time-out of the scrape")}
		reason = client.ReasonTimeout
	case !part.missed:
		t.tally.errors[errorKey{t.sources[i].name, reason}]++
	}
	t.health[i].bad(reason, result.err)
}
