package collector

import (
	"context"
	"slices"
	"sync"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/view"
)

// Snapshot is one scrape of a target, for the live page: the same values as in the
// exposition, arranged by what they mean.
type Snapshot struct {
	Target   string // as it is configured, without credentials; empty for sources without a target
	Options  client.Options
	Labels   []metric.Label // on every series of the target
	Protocol string         // the value of --nginx.mode that the target has

	// Up says whether nginx was read. Err is why not; it has advice, see
	// [client.AdviceOf].
	Up  bool
	Err error

	Sources []*source.Result // the caller must not change them
	Sent    value.Value      // requests that the exporter has sent to the target
	Tables  []*view.Table    // those that have an object
}

// Snapshots scrapes all targets like [Collector.Scrape], and shares scrapes with it.
// The last one may be of sources without a target.
func (c *Collector) Snapshots(ctx context.Context) []*Snapshot {
	targets := *c.targets.Load()
	all := make([]*Snapshot, len(targets))
	var group sync.WaitGroup
	for i, t := range targets {
		group.Go(func() { all[i] = t.snapshotOf(t.scrape(ctx, nil)) })
	}
	alone := *c.alone.Load()
	read := make([][]*metric.Batch, len(alone))
	results := make([]*source.Result, len(alone))
	for i, a := range alone {
		group.Go(func() { read[i], results[i] = a.scrapeResult(ctx) })
	}
	group.Wait()
	if len(alone) == 0 {
		return all
	}
	last := &Snapshot{Up: true}
	var views []view.View
	for i, a := range alone {
		if results[i] == nil {
			continue
		}
		last.Sources = append(last.Sources, results[i])
		views = append(views, viewsOf(a.Source)...)
	}
	last.Tables = build(views, slices.Concat(read...))
	return append(all, last)
}

// snapshotOf arranges the report of a scrape.
func (t *target) snapshotOf(report *targetReport) *Snapshot {
	s := &Snapshot{
		Target: t.options.Client.Target.String(), Options: t.options.Client, Labels: t.options.Labels,
		Protocol: report.session.Name(), Up: report.up, Err: report.failure, Sources: report.results,
		Sent: value.Of(t.requestsSent()), Tables: build(viewsOf(report.session.Protocol), report.sources),
	}
	var views []view.View
	for _, additional := range t.options.Sources {
		views = append(views, viewsOf(additional)...)
	}
	s.Tables = append(s.Tables, build(views, report.sources)...)
	return s
}

// viewsOf returns the views of a protocol or source, none if it has none.
func viewsOf(of any) []view.View {
	if viewed, is := of.(source.Viewed); is {
		return viewed.Views()
	}
	return nil
}

// build returns the tables of views, those that have an object. Views of the same
// objects, such as of several access logs, are one table.
func build(views []view.View, batches []*metric.Batch) []*view.Table {
	var merged []*view.View
	for i := range views {
		v := &views[i]
		same := slices.IndexFunc(merged, func(m *view.View) bool { return m.Kind == v.Kind && m.Title == v.Title && slices.Equal(m.By, v.By) })
		if same < 0 {
			merged = append(merged, v)
			continue
		}
		merged[same] = merged[same].With(v.Columns)
	}
	var tables []*view.Table
	for _, v := range merged {
		if t := view.Build(v, batches); t != nil {
			tables = append(tables, t)
		}
	}
	return tables
}
