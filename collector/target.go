package collector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/go-kit/log"

	"nginx-exporter/client"
)

// TargetOptions say how one target is scraped and how its series are labelled.
type TargetOptions struct {
	Client client.Options

	// Labels stand on every series of the target, except where a metric has a
	// label of its own of that name. Names must be valid and unique.
	Labels []Label
}

// target is one nginx and what is remembered of it between scrapes.
type target struct {
	options TargetOptions
	client  *client.Client
	sources []source
	layouts []*layout // by the tables' numbers
	tables  *tables

	mu      sync.Mutex
	current *round // the round under way, nil if there is none
	health  []health
	tally   tally
}

// tally counts over the life of a target, reloads of the configuration
// included.
type tally struct {
	errors   map[errorKey]float64
	dropped  Dropped
	requests float64 // made by clients that a reload has replaced
}

type errorKey struct {
	source string
	reason client.Reason
}

func newTarget(options TargetOptions, tables *tables, logger log.Logger) (*target, error) {
	asker, err := client.New(options.Client)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	t := &target{
		options: options,
		client:  asker,
		sources: sources(tables),
		layouts: tables.layouts(options.Labels),
		tables:  tables,
		tally:   tally{errors: map[errorKey]float64{}},
	}
	for _, s := range t.sources {
		t.health = append(t.health, health{
			budget: newBudget(),
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
	t.tally.requests += float64(from.client.Requests())
	for i := range t.health {
		t.health[i].state, t.health[i].told = from.health[i].state, from.health[i].told
	}
}

// report is what one scrape shows of one target.
type report struct {
	blocks  []tableBlock
	up      bool
	sources []sourceState
	errors  []errorCount
	dropped []dropCount
	// requests is how many requests the target has been asked so far.
	requests float64
}

// scrape joins the round under way, or begins one, and reports what it brought
// until ctx ended.
func (t *target) scrape(ctx context.Context) *report {
	r, first := t.join()
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

// join adds a waiter to the current round, which it begins if there is none.
func (t *target) join() (r *round, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first = t.current == nil; first {
		t.current = t.newRound()
	}
	t.current.waiters++
	return t.current, first
}

// desert gives up a round whose only waiter, which runs it, has lost interest.
func (t *target) desert(r *round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.waiters == 1 && t.current == r {
		r.cancel()
		t.current = nil
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
		if over && r.parts[i].result == nil && !r.parts[i].missed {
			r.parts[i].missed = true
			t.tally.errors[errorKey{t.sources[i].name, client.ReasonTimeout}]++
		}
	}
	if r.waiters == 0 && t.current == r {
		r.cancel()
		t.current = nil
	}
	return t.report(r)
}

// report must be called with the lock held.
func (t *target) report(r *round) *report {
	report := &report{dropped: t.tally.dropped.counts(), requests: t.tally.requests + float64(t.client.Requests())}
	for i, s := range t.sources {
		state := sourceState{source: s.name}
		if result := r.parts[i].result; result != nil {
			state.success, state.seconds = result.err == nil, result.duration.Seconds()
			report.blocks = append(report.blocks, result.bind.blocks...)
		} else {
			state.seconds = time.Since(r.began).Seconds()
		}
		report.up = report.up || state.success
		report.sources = append(report.sources, state)
		for _, reason := range client.Reasons() {
			count := t.tally.errors[errorKey{s.name, reason}]
			report.errors = append(report.errors, errorCount{s.name, reason, count})
		}
	}
	return report
}

// probe scrapes once, with nothing kept before or after.
func (t *target) probe(ctx context.Context) *report {
	defer t.client.Close()
	return t.scrape(ctx)
}
