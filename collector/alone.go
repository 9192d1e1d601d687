package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/exporter"
)

// SourceOptions say how a source without a target is read, such as the access log
// of an nginx that is not scraped.
type SourceOptions struct {
	// Source is owned by the caller, who keeps it open while it is set.
	Source source.Source

	// Labels are on every series of the source, like those of a target.
	Labels []metric.Label

	// Timeout bounds one scrape of the source.
	Timeout time.Duration
}

// aloneSource is a source without a target and its state between scrapes.
type aloneSource struct {
	SourceOptions
	metrics *exporter.Targets

	sampling atomic.Bool // a sample is in progress

	mu    sync.Mutex
	state sourceState
}

// SetSources replaces the sources without a target. A source that stays keeps its
// counters. On an error nothing changes.
func (c *Collector) SetSources(options []SourceOptions) error {
	c.setting.Lock()
	defer c.setting.Unlock()
	all := make([]source.Source, 0, len(options))
	next := make([]*aloneSource, 0, len(options))
	before := *c.alone.Load()
	for _, o := range options {
		if slices.ContainsFunc(all, func(s source.Source) bool { return s.Name() == o.Source.Name() }) {
			return fmt.Errorf("the source %s is set twice", o.Source.Name())
		}
		all = append(all, o.Source)
		i := slices.IndexFunc(before, func(a *aloneSource) bool {
			return a.Source == o.Source && a.Timeout == o.Timeout && slices.Equal(a.Labels, o.Labels)
		})
		if i >= 0 {
			next = append(next, before[i])
			continue
		}
		next = append(next, &aloneSource{SourceOptions: o, metrics: c.metrics, state: sourceState{
			counters: &exporter.Counters{Source: o.Source.Name(), Possible: additionalPossible(), Errors: map[client.Reason]float64{}},
			health:   newHealth(c.logger, o.Source.Name()),
		}})
	}
	if err := checkFamilies(all); err != nil {
		return err
	}
	c.alone.Store(&next)
	return nil
}

// additionalPossible returns which failures can occur for sources that are not
// read over HTTP.
func additionalPossible() exporter.Possible {
	return exporter.Possible{Reasons: []client.Reason{client.ReasonFile, client.ReasonTimeout}}
}

// scrape reads the source, and returns its series and those about the scrape.
func (a *aloneSource) scrape(ctx context.Context) []*metric.Batch {
	batches, _ := a.scrapeResult(ctx)
	return batches
}

// scrapeResult is scrape with the result of the source, nil if it is absent.
func (a *aloneSource) scrapeResult(ctx context.Context) ([]*metric.Batch, *source.Result) {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	began := time.Now()
	b, status := metric.NewBatch(a.Labels), metric.NewBatch(a.Labels)
	err := a.Source.Collect(ctx, b)
	result := source.Result{Source: a.Source.Name(), Done: true, Err: err, Duration: time.Since(began)}
	if errors.Is(err, source.ErrAbsent) {
		return nil, nil
	}
	a.mu.Lock()
	line := a.state.health.update(err, true)
	counters := a.state.counters
	if err != nil && client.ReasonOf(err) != client.ReasonCanceled {
		counters.Errors[client.ReasonOf(err)]++
	}
	counters.Duplicate += float64(b.Duplicates)
	counters.Invalid += float64(b.Invalid)
	counters.Cut += float64(b.Cut)
	a.metrics.AddResults(status, &result)
	a.metrics.AddSourceCounters(status, counters.Clone())
	a.mu.Unlock()
	if line != nil {
		line.write()
	}
	if err != nil {
		return []*metric.Batch{status}, &result
	}
	return []*metric.Batch{b, status}, &result
}
