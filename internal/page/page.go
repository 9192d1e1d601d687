// Package page is the live page of the exporter at / and its data at /api/v1/state: what
// each nginx does now, what is wrong with it, and why.
//
// It owns the state that is shared by all viewers, and the files of the page. It knows no
// protocol: what is shown comes from the views of package collector/view. Access,
// limits and encodings are those of package web.
package page

import (
	"context"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector"
	"nginx-exporter/internal/doctor"
)

// Options are what a Page is made of.
type Options struct {
	Collector *collector.Collector

	// Version is that of the exporter.
	Version string

	// Links are shown at the end of the page. Their addresses are relative to it.
	Links []Link

	// Examine diagnoses a target that is down; nil to disable.
	Examine func(ctx context.Context, target client.Options) *doctor.Report

	now func() time.Time // replaces the clock in tests
}

// Link is a link to another path of the exporter.
type Link struct {
	Address, Text string
}

// Page is the live page. It scrapes only while it is requested. Close it when it is no
// longer needed.
type Page struct {
	Options
	Scrapers Scrapers

	// Before and After are the page; the state for readers without scripts comes
	// between them. Before is enough to show the page and to start its script.
	Before, After []byte

	started time.Time
	exams   *examinations

	mu      sync.Mutex
	running chan struct{} // closed at the end of the scrape in progress, nil without one
	last    *State        // while it is fresh
	forget  *time.Timer
}

// fresh is how long a state is shared by viewers, so that many viewers cause no more
// scrapes than one.
const fresh = time.Second

// New returns a page.
func New(o Options) *Page {
	if o.now == nil {
		o.now = time.Now
	}
	p := &Page{Options: o, started: o.now(), exams: newExaminations(o.Examine, o.now)}
	p.Scrapers.now = o.now
	p.Before, p.After = markup(&o)
	return p
}

// Close ends examinations and waits for them.
func (p *Page) Close() {
	p.exams.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forget != nil {
		p.forget.Stop()
	}
	p.last = nil
}

// State scrapes all targets and returns their state. It joins a scrape in progress,
// also one for /metrics, and returns the last state if that is less than a second old.
// Its error is that of the context.
func (p *Page) State(ctx context.Context) (*State, error) {
	for {
		p.mu.Lock()
		if last := p.last; last != nil && p.now().Sub(last.at) < fresh {
			p.mu.Unlock()
			return last, nil
		}
		running := p.running
		if running == nil {
			return p.refresh(ctx)
		}
		p.mu.Unlock()
		select {
		case <-running:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// refresh scrapes for all viewers that wait. The lock is held, and released.
func (p *Page) refresh(ctx context.Context) (*State, error) {
	running := make(chan struct{})
	p.running = running
	p.mu.Unlock()
	began := p.now()
	state := p.newState(p.Collector.Snapshots(ctx), began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = nil
	close(running)
	if ctx.Err() != nil { // the results are incomplete, since this viewer has left
		return nil, context.Cause(ctx)
	}
	p.last = state
	if p.forget != nil {
		p.forget.Stop()
	}
	// Without viewers the exporter keeps no documents.
	p.forget = time.AfterFunc(fresh, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.last == state {
			p.last = nil
		}
	})
	return state, nil
}
