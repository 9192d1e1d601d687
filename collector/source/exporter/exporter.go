// Package exporter has the metrics of the exporter itself: its build, its
// process, its configuration reloads, and the scrapes of its targets.
package exporter

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// Name is the name of the source, and the origin of its metrics.
const Name = "exporter"

// Exporter is the source of the metrics that do not belong to a target. It is
// safe for concurrent use. Close it when it is no longer needed.
type Exporter struct {
	started time.Time
	build   buildInfo
	reload  atomic.Pointer[Reload] // nil if there is nothing to reload

	builds    *metric.Table[*buildInfo]
	reloads   *metric.Table[*Reload]
	processes *metric.Table[*process]
	files     *processFiles // nil without metrics of the process
}

// New returns the source of an exporter that starts now, with or without the
// metrics of its process.
func New(withProcess bool) *Exporter {
	e := &Exporter{started: time.Now(), build: thisBuild(), builds: buildTable(), reloads: reloadTable(), processes: processTable()}
	if withProcess {
		e.files = openProcess("/proc/self")
	}
	return e
}

// Close closes the files that the metrics of the process are read from.
func (e *Exporter) Close() error {
	if e.files == nil {
		return nil
	}
	return e.files.Close()
}

// SetReload records how the configuration was last loaded. Without a configuration
// file it is not called, and there are no metrics of reloads.
func (e *Exporter) SetReload(reload Reload) { e.reload.Store(&reload) }

// LastReload returns what SetReload recorded.
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
	return slices.Concat(e.builds.Families(), e.reloads.Families(), e.processes.Families())
}

// Collect implements [source.Source].
func (e *Exporter) Collect(_ context.Context, b *metric.Batch) error {
	metric.Add(b, e.builds, &e.build)
	if reload := e.reload.Load(); reload != nil {
		metric.Add(b, e.reloads, reload)
	}
	if e.files != nil {
		p := e.files.read()
		p.startTime = value.Of(float64(e.started.Unix()))
		metric.Add(b, e.processes, &p)
	}
	return nil
}
