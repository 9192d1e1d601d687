package collector

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"nginx-exporter/client"
)

// round is one reading of a target. All scrapes that arrive while it is under
// way and ask for the same share it, so that a storm of scrapers is one
// request to nginx.
type round struct {
	began  time.Time
	ctx    context.Context //nolint:containedctx // the round's own, which no single caller can give
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
	result := t.read(r, i, asker{client: t.client})
	if t.options.Client.Mode == client.ModeAuto && client.IsPlus(result.err) {
		if _, err := t.client.PlusIndex(r.ctx); err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			r.parts[i] = part{missed: r.parts[i].missed}
			return false
		}
	}
	t.finish(r, i, result)
	return true
}

// atOnce is how many documents of one target are read at the same time. nginx
// answers them one after another anyway; more than one so that a document that
// takes long does not hold up the others.
const atOnce = 6

// softShare is the part of the time-out after which a document that is not
// there yet is given up, so that the others leave in time.
const softShare = 0.8

// runPlus reads the NGINX Plus API.
func (t *target) runPlus(r *round) {
	t.mu.Lock()
	r.plus, t.plus = true, true
	t.mu.Unlock()
	ctx, cancel := context.WithDeadline(r.ctx, r.began.Add(time.Duration(softShare*float64(t.options.Client.Timeout))))
	defer cancel()
	index := t.readIndex(ctx, r)
	if index == nil {
		return
	}
	t.readAll(ctx, r, index)
	if gone := t.gone(r); gone || t.moved(r) {
		// The lists are those of another configuration, or of another nginx.
		t.client.ForgetPlus()
		if now := t.readIndex(ctx, r); now != nil {
			if gone && now.Version != index.Version {
				t.again(r)
			}
			t.readAll(ctx, r, now)
		}
	}
	t.tellPlus(r)
}

// readIndex finds out what the API offers, and reports on it as a source of
// its own.
func (t *target) readIndex(ctx context.Context, r *round) *client.PlusIndex {
	i := t.tables.number(apiSource)
	t.ask(r, i)
	began := time.Now()
	index, err := t.client.PlusIndex(ctx)
	result := &result{bind: &binder{}, err: err, duration: time.Since(began)}
	t.enter(r, i, result, err != nil)
	if err != nil && client.ReasonOf(err) == client.ReasonParse {
		// It may have become another page since it was recognised.
		t.mu.Lock()
		t.plus = t.options.Client.Mode == client.ModePlus
		t.mu.Unlock()
	}
	return index
}

// readAll reads every source of the index that has no result yet.
func (t *target) readAll(ctx context.Context, r *round, index *client.PlusIndex) {
	var work []int
	t.mu.Lock()
	for i, s := range t.tables.sources {
		part := &r.parts[i]
		if s.path == "" {
			continue
		}
		if !index.Has(s.path) {
			*part = part.without()
			continue
		}
		if part.result == nil && (r.choice.wants(s.name) || s.path == "nginx") {
			part.asked = true
			work = append(work, i)
		}
	}
	t.mu.Unlock()
	queue := make(chan int, len(work))
	for _, i := range work {
		queue <- i
	}
	close(queue)
	var group sync.WaitGroup
	for range min(atOnce, len(work)) {
		group.Go(func() {
			for i := range queue {
				t.readOne(ctx, r, i, index)
			}
		})
	}
	group.Wait()
}

func (t *target) readOne(ctx context.Context, r *round, i int, index *client.PlusIndex) {
	result := t.readWithin(ctx, r, i, asker{client: t.client, index: index})
	path := t.tables.sources[i].path
	if e := (*client.Error)(nil); errors.As(result.err, &e) && e.Status == http.StatusNotFound {
		// Versions and lists may be others by now.
		t.client.ForgetPlus()
		if !index.Lists(path) {
			t.mu.Lock()
			r.parts[i] = r.parts[i].without()
			t.mu.Unlock()
			return
		}
	}
	t.finish(r, i, result)
}

// without is the part of a source that the target turns out not to have.
func (p part) without() part { return part{missed: p.missed} }

// moved reports whether the configuration of nginx changed since the lists
// were read.
func (t *target) moved(r *round) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	result := r.parts[t.tables.number("nginx")].result
	if result == nil || result.err != nil {
		return false
	}
	before := t.generation
	t.generation = result.bind.generation
	return before != "" && before != t.generation
}

// gone reports whether nginx has none of the documents that it lists, as when
// it was replaced by one without that version of the API.
func (t *target) gone(r *round) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked := 0
	for i := range r.parts {
		if result := r.parts[i].result; t.tables.sources[i].path != "" && result != nil {
			if e := (*client.Error)(nil); !errors.As(result.err, &e) || e.Status != http.StatusNotFound {
				return false
			}
			asked++
		}
	}
	return asked > 0
}

// again makes the round read its documents once more.
func (t *target) again(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range r.parts {
		if t.tables.sources[i].path != "" {
			r.parts[i] = r.parts[i].without()
		}
	}
}

// ask notes that the source is being read.
func (t *target) ask(r *round, i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.parts[i].asked = true
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

// finish enters the result of a source and counts it. The log is told at once
// of what does not belong to the others.
func (t *target) finish(r *round, i int, result *result) {
	t.enter(r, i, result, t.tables.sources[i].path == "")
}

func (t *target) enter(r *round, i int, result *result, tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	part := &r.parts[i]
	part.result = result
	if !r.choice.wants(t.tables.sources[i].name) {
		result.bind.blocks = nil // it was read for what it tells of the others
	}
	if result.err == nil {
		t.tally.dropped.add(result.bind.dropped)
	} else {
		t.count(part, i)
	}
	if tell {
		t.tell(r, i)
	}
}

// count counts a failure, unless the scrapers left of their own accord: that
// says nothing of nginx. It must be called with the lock held.
func (t *target) count(part *part, i int) {
	reason := client.ReasonOf(part.result.err)
	switch {
	case reason != client.ReasonCanceled && !part.missed:
		t.tally.errors[errorKey{i, reason}]++
	case reason == client.ReasonCanceled && part.missed:
		part.result.err = &client.Error{
			Reason: client.ReasonTimeout, Err: errors.New("no whole answer within the time-out of the scrape"),
		}
	}
}

// tell tells the log of a source if its state changed. It must be called with
// the lock held.
func (t *target) tell(r *round, i int) {
	result := r.parts[i].result
	if result == nil {
		return
	}
	if result.err == nil {
		t.health[i].good()
		return
	}
	if reason := client.ReasonOf(result.err); reason != client.ReasonCanceled {
		t.health[i].bad(reason, result.err)
	}
}

// tellPlus tells the log of the documents of the NGINX Plus API. If none could
// be read, that is one thing that happened and not twenty.
func (t *target) tellPlus(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var failed, read []int
	for i := range r.parts {
		switch result := r.parts[i].result; {
		case t.tables.sources[i].path == "" || result == nil:
		case result.err != nil:
			failed = append(failed, i)
		default:
			read = append(read, i)
		}
	}
	api := t.tables.number(apiSource)
	if len(read) == 0 && len(failed) > 0 {
		t.client.ForgetPlus() // it may have become something else
		if err := r.parts[failed[0]].result.err; client.ReasonOf(err) != client.ReasonCanceled {
			t.health[api].bad(client.ReasonOf(err), err)
		}
		return
	}
	t.health[api].good()
	for _, i := range slices.Concat(failed, read) {
		t.tell(r, i)
	}
}

// limited returns what the target shows of its results, and how many series
// are above its limit.
func (t *target) limited(r *round) (blocks []tableBlock, dropped int) {
	left := r.choice.maxSeries
	created := 0.0
	if nginx := r.parts[t.tables.number("nginx")].result; nginx != nil && nginx.err == nil {
		created = nginx.bind.started
	}
	for i := range r.parts {
		if r.parts[i].result == nil {
			continue
		}
		for _, b := range r.parts[i].result.bind.blocks {
			if b.table.sinceStart {
				b.created = created
			}
			if r.choice.maxSeries > 0 {
				var over int
				b.block, over = b.block.limit(left)
				left -= b.block.series()
				dropped += over
			}
			blocks = append(blocks, b)
		}
	}
	return slices.Clip(blocks), dropped
}

func (t *target) overLimit(r *round) float64 {
	if r.choice.maxSeries == 0 {
		return 0
	}
	_, dropped := t.limited(r)
	return float64(dropped)
}
