// Package exporter has the metrics of the exporter itself: which program it is,
// what it costs, how its configuration was loaded, and how the scrapes of its
// targets went.
package exporter

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// Name is the origin of these metrics.
const Name = "exporter"

// Exporter is the source of what does not belong to a target. It is safe for
// concurrent use.
type Exporter struct {
	started time.Time
	build   buildInfo
	reload  atomic.Pointer[Reload] // nil if there is nothing to reload

	builds    *metric.Table[*buildInfo]
	reloads   *metric.Table[*Reload]
	processes *metric.Table[*process] // nil if they are not wanted
}

// New returns the source of an exporter that starts now. The metrics of its
// process are left out unless they are wanted.
func New(withProcess bool) *Exporter {
	e := &Exporter{started: time.Now(), build: thisBuild(), builds: buildTable(), reloads: reloadTable()}
	if withProcess {
		e.processes = processTable()
	}
	return e
}

// SetReload notes how the configuration was last loaded. Until it is called
// there are no metrics of that: there is nothing to reload.
func (e *Exporter) SetReload(reload Reload) { e.reload.Store(&reload) }

// LastReload returns what SetReload noted.
func (e *Exporter) LastReload() Reload {
	if reload := e.reload.Load(); reload != nil {
		return *reload
	}
	return Reload{}
}

// Name implements [source.Source].
func (*Exporter) Name() string { return Name }

// Families implements [source.Source].
func (e *Exporter) Families() []metric.Family {
	return slices.Concat(e.builds.Families(), e.reloads.Families(), processTable().Families())
}

// Collect implements [source.Source].
func (e *Exporter) Collect(_ context.Context, b *metric.Batch) error {
	metric.Add(b, e.builds, &e.build)
	if reload := e.reload.Load(); reload != nil {
		metric.Add(b, e.reloads, reload)
	}
	if e.processes != nil {
		p := readProcess("/proc/self")
		p.startTime = value.Of(float64(e.started.Unix()))
		metric.Add(b, e.processes, &p)
	}
	return nil
}
