package collector

import (
	"context"
	"strings"
	"time"

	"nginx-exporter/client"
)

// round is one reading of a target. All scrapes that arrive while it is under
// way and ask for the same share it, so that a storm of scrapers is one
// request to nginx.
type round struct {
	began  time.Time
	ctx    context.Context // the round's own, which no single caller can give
	cancel context.CancelFunc
	done   chan struct{} // closed when every part has its result
	choice *choice
	key    string // of the target's rounds

	// Guarded by the target's lock.
	waiters int
	parts   []part // one a source
	plus    bool   // the target is the NGINX Plus API
}

// part is the state of one source in a round.
type part struct {
	asked  bool
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
func (t *target) newRound(only []string) *round {
	ctx, cancel := context.WithTimeout(context.Background(), t.options.Client.Timeout)
	r := &round{
		began: time.Now(), ctx: ctx, cancel: cancel, done: make(chan struct{}),
		choice: t.choice.only(only), key: strings.Join(only, " "),
		parts: make([]part, len(t.tables.sources)), plus: t.plus,
	}
	first := stubStatusName
	if r.plus {
		first = apiSource
	}
	r.parts[t.tables.number(first)].asked = true
	return r
}

// run reads all sources and ends the round.
func (t *target) run(r *round) {
	defer r.cancel()
	if r.plus || !t.runStatus(r) {
		t.runPlus(r)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rounds[r.key] == r {
		delete(t.rounds, r.key)
	}
	t.tally.dropped.Limit += t.overLimit(r)
	close(r.done)
}

// runStatus reads the stub_status page. It returns false if the target turns
// out to be the NGINX Plus API and may be read as such.
func (t *target) runStatus(r *round) bool {
	i := t.tables.number(stubStatusName)
	result := t.read(r, i, asker{client: t.client, api: t.api})
	if t.options.Client.Mode == client.ModeAuto && client.IsPlus(result.err) {
		if _, err := t.api.Index(r.ctx); err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			r.parts[i] = part{missed: r.parts[i].missed}
			return false
		}
	}
	t.finish(r, i, result)
	return true
}

func (t *target) read(r *round, i int, ask asker) *result { return t.readWithin(r.ctx, r, i, ask) }

func (t *target) readWithin(ctx context.Context, r *round, i int, ask asker) *result {
	began := time.Now()
	bind := &binder{layouts: t.layouts, choice: r.choice}
	var since time.Duration
	if t.now != nil {
		since = t.now()
	}
	err := t.tables.sources[i].fetch(ctx, ask, bind)
	if t.now != nil {
		t.note(&t.tables.sources[i], since, bind)
	}
	return &result{bind: bind, err: err, duration: time.Since(began)}
}
