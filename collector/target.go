package collector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
)

// TargetOptions say how one target is scraped and how its series are labelled.
type TargetOptions struct {
	Client client.Options

	// MaxDocument bounds one document of the NGINX Plus API, in bytes after
	// decompression. Zero means plus.DefaultMaxDocument.
	MaxDocument int64

	// Labels stand on every series of the target, except where a metric has a
	// label of its own of that name. Names must be valid and unique.
	Labels []Label

	// Choice is the part of what nginx tells that is shown.
	Choice Choice
}

// target is one nginx and what is remembered of it between scrapes.
type target struct {
	options TargetOptions
	client  *client.Client
	api     *plus.API // of the client's target, if it is NGINX Plus
	choice  *choice
	layouts []*layouts // by the tables' numbers
	tables  *tables
	now     func() time.Duration // nil if nobody asks for rates

	sampling atomic.Bool // it is being read for a rate

	mu         sync.Mutex
	rounds     map[string]*round // under way, by the sources they are narrowed to
	health     []health          // one a source
	tally      tally
	readings   *readings // nil if nobody asks for rates
	plus       bool      // the target was last seen to be the NGINX Plus API
	generation string    // of the configuration of NGINX Plus, empty if not known
	// missing are paths that were not there although the lists of this
	// generation, read twice, have them.
	missing map[string]bool
}

// tally counts over the life of a target, reloads of the configuration
// included.
type tally struct {
	errors   map[errorKey]float64
	shown    []bool // the sources that have been on a page
	dropped  Dropped
	requests float64 // made by clients that a reload has replaced
}

type errorKey struct {
	source int // its number
	reason client.Reason
}

func newTarget(options TargetOptions, tables *tables, logger log.Logger) (*target, error) {
	asker, err := client.New(options.Client)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	choice, err := options.Choice.compile(tables.sources)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	t := &target{
		options: options,
		client:  asker,
		api:     plus.New(asker, options.MaxDocument),
		choice:  choice,
		layouts: tables.layouts(options.Labels),
		tables:  tables,
		rounds:  map[string]*round{},
		missing: map[string]bool{},
		tally:   tally{errors: map[errorKey]float64{}, shown: make([]bool, len(tables.sources))},
		plus:    options.Client.Mode == client.ModePlus,
	}
	for _, s := range t.tables.sources {
		t.health = append(t.health, health{
			budget: newBudget(),
			quiet:  s.path != "",
			logger: log.With(logger, "target", options.Client.Target.String(), "source", s.name),
		})
	}
	return t, nil
}

// sameAs reports whether the options ask the same thing, so that connections
// can be kept over a reload.
func (t *target) sameAs(options TargetOptions) bool { return reflect.DeepEqual(t.options, options) }

// identity is what tells a target apart on the page: counters of a target go
// on over a reload that changes how it is asked.
func identity(options TargetOptions) string {
	return fmt.Sprintf("%q %q", options.Client.Target.Key(), options.Labels)
}

// inherit takes over what the predecessor counted.
func (t *target) inherit(from *target) {
	from.mu.Lock()
	defer from.mu.Unlock()
	t.tally = from.tally
	t.tally.errors = map[errorKey]float64{}
	for key, count := range from.tally.errors {
		t.tally.errors[key] = count
	}
	t.tally.shown = slices.Clone(from.tally.shown)
	t.plus = t.plus || from.plus && t.options.Client.Mode == client.ModeAuto
	t.tally.requests += float64(from.client.Requests())
	t.followFrom(from)
	for i := range t.health {
		t.health[i].state, t.health[i].told = from.health[i].state, from.health[i].told
	}
}

// report is what one scrape shows of one target.
type report struct {
	blocks    []tableBlock
	up        bool
	plus      bool // it is the NGINX Plus API, as far as is known
	sources   []*sourceState
	endpoints []*sourceState
	errors    []*errorCount
	dropped   []*dropCount
	// requests is how many requests the target has been asked so far.
	requests float64
}

// scrape joins the round under way, or begins one, and reports what it brought
// until ctx ended.
func (t *target) scrape(ctx context.Context, only []string) *report {
	r, first := t.join(only)
	switch {
	case !first:
	case t.outlasts(ctx):
		// Nothing can be reported before the round ends, so it may as well
		// run here: waking a goroutine for it would cost more than all of
		// the rendering.
		unwatch := context.AfterFunc(ctx, func() { t.desert(r) })
		t.run(r)
		unwatch()
	default:
		go t.run(r)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	return t.leave(ctx, r)
}

// outlasts reports whether a round that begins now ends before ctx does, by
// its deadline.
func (t *target) outlasts(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || time.Until(deadline) > t.options.Client.Timeout
}

// join adds a waiter to the round under way, which it begins if there is none.
func (t *target) join(only []string) (r *round, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r = t.rounds[strings.Join(only, " ")]
	if first = r == nil; first {
		r = t.newRound(only)
		t.rounds[r.key] = r
	}
	r.waiters++
	return r, first
}

// desert takes the waiter that runs the round off it. It has lost interest, but
// leaves only when the round ends, and by then nobody counts waiters any more.
func (t *target) desert(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.waiters--
	t.giveUp(r)
}

// giveUp ends a round for which nobody waits. The lock is held.
func (t *target) giveUp(r *round) {
	if r.waiters == 0 && t.rounds[r.key] == r {
		r.cancel()
		delete(t.rounds, r.key)
	}
}

// leave takes a waiter off a round and reports what there is by now. What is
// not there yet counts as a time-out if the waiter's time is over. A round for
// which nobody waits any more is given up.
func (t *target) leave(ctx context.Context, r *round) *report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.waiters--
	over := errors.Is(ctx.Err(), context.DeadlineExceeded)
	for i := range r.parts {
		part := &r.parts[i]
		if over && part.asked && part.result == nil && !part.missed {
			part.missed = true
			t.tally.errors[errorKey{i, client.ReasonTimeout}]++
		}
	}
	t.giveUp(r)
	return t.report(r)
}

// report must be called with the lock held.
func (t *target) report(r *round) *report {
	report := &report{
		plus: r.plus, dropped: t.tally.dropped.counts(),
		requests: t.tally.requests + float64(t.client.Requests()),
	}
	report.blocks, _ = t.limited(r)
	for i, s := range t.tables.sources {
		if part := &r.parts[i]; part.asked {
			t.tally.shown[i] = true
			state := &sourceState{source: s.name, path: s.path, seconds: time.Since(r.began).Seconds()}
			if part.result != nil {
				state.success, state.seconds = part.result.err == nil, part.result.duration.Seconds()
			}
			report.add(state)
		}
		if !t.tally.shown[i] || r.key != "" && !r.parts[i].asked {
			continue // the page is about other sources
		}
		for _, reason := range client.Reasons() {
			report.errors = append(report.errors, &errorCount{s.name, reason, t.tally.errors[errorKey{i, reason}]})
		}
	}
	return report
}

func (r *report) add(state *sourceState) {
	r.sources = append(r.sources, state)
	if state.path != "" {
		r.endpoints = append(r.endpoints, state)
	}
	r.up = r.up || state.success && state.source != apiSource
}

// probe scrapes once, with nothing kept before or after.
func (t *target) probe(ctx context.Context) *report {
	defer t.client.Close()
	return t.scrape(ctx, nil)
}
