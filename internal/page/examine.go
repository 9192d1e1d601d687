package page

import (
	"context"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// examinations are the diagnoses of targets that are down. One target is examined at
// a time, and again only when its failure has changed or some time has passed.
type examinations struct {
	examine func(ctx context.Context, target client.Options) *doctor.Report
	now     func() time.Time
	ctx     context.Context
	cancel  context.CancelFunc
	group   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	busy   bool
	byKey  map[string]*examination
}

// examination is the diagnosis of one target.
type examination struct {
	failure  string // of the target, when it was examined
	at       time.Time
	findings []doctor.Finding // nil before the end
	done     bool
}

const (
	// examineAgain is the interval of examinations of a target that stays down: each
	// makes some requests.
	examineAgain    = 30 * time.Second
	maxExaminations = 100
)

func newExaminations(examine func(context.Context, client.Options) *doctor.Report, now func() time.Time) *examinations {
	ctx, cancel := context.WithCancel(context.Background())
	return &examinations{examine: examine, now: now, ctx: ctx, cancel: cancel, byKey: map[string]*examination{}}
}

func (e *examinations) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.group.Wait()
}

// of returns the findings about a target that is down, and whether it has been
// examined. It begins an examination in the background if one is due.
func (e *examinations) of(target client.Options, failure error) (findings []doctor.Finding, done bool) {
	if e.examine == nil {
		return nil, true
	}
	key, reason := target.Target.String()+" "+target.Host, string(client.ReasonOf(failure))
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.byKey[key]
	due := x == nil || x.failure != reason || x.done && e.now().Sub(x.at) >= examineAgain
	if due && !e.busy && !e.closed {
		next := &examination{failure: reason, at: e.now()}
		if x != nil && x.failure == reason {
			next.findings = x.findings // until there are new ones
		}
		if len(e.byKey) >= maxExaminations {
			clear(e.byKey)
		}
		e.byKey[key], x, e.busy = next, next, true
		e.group.Go(func() { e.run(target, next) })
	}
	if x == nil || x.failure != reason {
		return nil, false
	}
	return x.findings, x.done || x.findings != nil
}

func (e *examinations) run(target client.Options, x *examination) {
	report := e.examine(e.ctx, target)
	var findings []doctor.Finding
	for _, step := range report.Steps {
		findings = append(findings, step.Findings...)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = false
	x.findings, x.done, x.at = findings, true, e.now()
}

// forget removes what is known about a target that is up again.
func (e *examinations) forget(target client.Options) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byKey, target.Target.String()+" "+target.Host)
}
