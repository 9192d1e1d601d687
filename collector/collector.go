package collector

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/exporter"
)

// ExporterMetrics selects the metrics of the exporter's own process.
type ExporterMetrics string

// The values of --web.exporter-metrics.
const (
	MetricsNone  ExporterMetrics = "none"
	MetricsBasic ExporterMetrics = "basic" // CPU, memory, files, start time
	MetricsFull  ExporterMetrics = "full"  // all of client_golang's Go and process collectors
)

// Options configure a Collector.
type Options struct {
	// Logger gets a line when the state of a target changes. Nil discards them.
	Logger log.Logger

	// ExporterMetrics is basic if it is empty.
	ExporterMetrics ExporterMetrics

	// PadCodes exposes every status code that nginx-prometheus-exporter
	// exposes, with zero where NGINX Plus did not list it.
	PadCodes bool

	// ServerID distinguishes servers of an upstream with the same address by the
	// label id. Otherwise they are merged.
	ServerID bool

	// MaxDocument bounds one document of an API, in bytes after decompression.
	// Zero means the default of the protocol.
	MaxDocument int64

	// VTSCompat exposes the metrics of nginx-vts-exporter for nginx-module-vts, whose
	// names begin with VTSNamespace.
	VTSCompat    bool
	VTSNamespace string

	// RateWindows are the windows of request rates. If there are any, targets
	// are read in the background until Close.
	RateWindows []time.Duration

	now func() time.Duration // replaces the clock in tests
}

// Collector scrapes a set of targets. It is safe for concurrent use. Close it
// when it is no longer needed.
type Collector struct {
	logger    log.Logger
	protocols []source.Protocol
	exporter  *exporter.Exporter
	metrics   *exporter.Targets
	registry  *prometheus.Registry // nil unless the metrics are MetricsFull
	rates     *rates
	sampler   *sampler // nil without rates

	targets atomic.Pointer[[]*target]
	alone   atomic.Pointer[[]*aloneSource]
	setting sync.Mutex // held by SetTargets and SetSources
}

// New returns a Collector without targets. It opens no connections.
func New(options Options) *Collector {
	level := cmp.Or(options.ExporterMetrics, MetricsBasic)
	c := &Collector{
		logger:    options.Logger,
		protocols: protocols(&options),
		exporter:  exporter.New(level == MetricsBasic),
		metrics:   exporter.NewTargets(),
	}
	if c.logger == nil {
		c.logger = log.NewNopLogger()
	}
	if level == MetricsFull {
		c.registry = prometheus.NewRegistry()
		c.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	c.targets.Store(&[]*target{})
	c.alone.Store(&[]*aloneSource{})
	c.rates = newRates(options.RateWindows, c.protocols)
	if len(c.rates.windows) > 0 {
		if options.now != nil {
			c.rates.now = options.now
		}
		c.sampler = c.startSampler()
	}
	return c
}

// Registry returns the registry of the metrics of [MetricsFull], to which others
// can be added. It is nil without MetricsFull.
func (c *Collector) Registry() *prometheus.Registry { return c.registry }

// SetReload records how the configuration was last loaded.
func (c *Collector) SetReload(reload exporter.Reload) { c.exporter.SetReload(reload) }

// LastReload returns what SetReload recorded.
func (c *Collector) LastReload() exporter.Reload { return c.exporter.LastReload() }

// SourceNames lists the names that [Collector.Scrape] accepts: those of all
// sources, and last the name of the exporter's own metrics. The caller owns the
// slice.
func (c *Collector) SourceNames() []string {
	var names []string
	for _, info := range sourcesOf(c.protocols) {
		names = append(names, info.Name)
	}
	for _, t := range *c.targets.Load() {
		for _, s := range t.options.Sources {
			if !slices.Contains(names, s.Name()) {
				names = append(names, s.Name())
			}
		}
	}
	for _, a := range *c.alone.Load() {
		if !slices.Contains(names, a.Source.Name()) {
			names = append(names, a.Source.Name())
		}
	}
	return append(names, exporter.Name)
}

// Offers reports whether any target has one of the named sources, or may have it:
// in mode auto the protocol of a target is unknown before its first scrape.
func (c *Collector) Offers(names []string) bool {
	targets := *c.targets.Load()
	return len(targets) == 0 || slices.Contains(names, exporter.Name) ||
		slices.ContainsFunc(*c.alone.Load(), func(a *aloneSource) bool { return slices.Contains(names, a.Source.Name()) }) ||
		slices.ContainsFunc(targets, func(t *target) bool { return t.offers(names) })
}

// SetTargets replaces the targets. A target that stays keeps its counters, and
// its connections if nothing about it changed. On an error nothing changes.
func (c *Collector) SetTargets(options []TargetOptions) error {
	c.setting.Lock()
	defer c.setting.Unlock()
	before := map[string]*target{}
	for _, t := range *c.targets.Load() {
		before[t.options.identity()] = t
	}
	targets := make([]*target, 0, len(options))
	for _, o := range options {
		old := before[o.identity()]
		if old != nil && old.options.equal(&o) {
			targets = append(targets, old)
			continue
		}
		t, err := c.newTarget(o, c.logger)
		if err != nil {
			return err
		}
		if old != nil {
			t.inherit(old)
		}
		targets = append(targets, t)
	}
	kept := map[*target]bool{}
	for _, t := range targets {
		kept[t] = true
	}
	for _, t := range *c.targets.Swap(&targets) {
		if !kept[t] {
			t.client.Close()
		}
	}
	return nil
}

// Close stops scrapes in the background, and closes the connections to all targets
// and the files of the exporter's own metrics. No other scrape may be in progress
// or begin later.
func (c *Collector) Close() {
	if c.sampler != nil {
		c.sampler.close()
	}
	for _, t := range *c.targets.Load() {
		t.client.Close()
	}
	_ = c.exporter.Close() // it was only read
}

// Scrape scrapes all targets concurrently and returns the exposition, which has
// metrics about what failed. A target that has not responded when ctx ends is
// down. With names of [Collector.SourceNames], it reads and exposes only these
// sources, as far as they are enabled.
func (c *Collector) Scrape(ctx context.Context, only ...string) *metric.Exposition {
	only = slices.Compact(slices.Sorted(slices.Values(only)))
	e := &metric.Exposition{}
	all := len(only) == 0
	self, named := slices.BinarySearch(only, exporter.Name)
	if named {
		only = slices.Delete(only, self, self+1)
	}
	if all || len(only) > 0 {
		c.addTargets(ctx, e, only)
	}
	if all || named {
		c.addExporter(ctx, e)
	}
	return e
}

// addTargets scrapes all targets, and sources without a target, and adds their
// series.
func (c *Collector) addTargets(ctx context.Context, e *metric.Exposition, only []string) {
	targets := *c.targets.Load()
	reports := make([]*targetReport, len(targets))
	var group sync.WaitGroup
	for i, t := range targets {
		if i > 0 { // the first one needs no goroutine: a sidecar has no other
			group.Go(func() { reports[i] = t.scrape(ctx, only) })
		}
	}
	alone := *c.alone.Load()
	batches := make([][]*metric.Batch, len(alone))
	for i, a := range alone {
		if len(only) == 0 || slices.Contains(only, a.Source.Name()) {
			group.Go(func() { batches[i] = a.scrape(ctx) })
		}
	}
	if len(targets) > 0 {
		reports[0] = targets[0].scrape(ctx, only)
	}
	group.Wait()
	for _, b := range slices.Concat(batches...) {
		e.Add(b)
	}
	for i, t := range targets {
		t.rate.add(reports[i].counters, only)
		for _, b := range append(reports[i].sources, reports[i].counters) {
			e.Add(b)
		}
	}
}

// Probe scrapes one target once and keeps no state of it. Its exposition has no
// counters of the exporter, which would start at zero each time.
func (c *Collector) Probe(ctx context.Context, options TargetOptions) (*metric.Exposition, error) {
	t, err := c.newTarget(options, log.NewNopLogger())
	if err != nil {
		return nil, err
	}
	defer t.client.Close()
	e := &metric.Exposition{}
	for _, b := range t.scrape(ctx, nil).sources {
		e.Add(b)
	}
	return e, nil
}

// Check scrapes one target once and returns the result of each source, or that of
// the discovery if no source was found. It keeps no state of the target.
func (c *Collector) Check(ctx context.Context, options TargetOptions) ([]*source.Result, error) {
	t, err := c.newTarget(options, log.NewNopLogger())
	if err != nil {
		return nil, err
	}
	defer t.client.Close()
	s, _ := t.join(nil)
	stop := context.AfterFunc(ctx, func() { t.detach(s) })
	defer stop()
	t.run(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(s.results) == 0 {
		return s.snapshot(s.all()), nil
	}
	return s.snapshot(s.results), nil
}

// addExporter adds the metrics that do not belong to a target.
func (c *Collector) addExporter(ctx context.Context, e *metric.Exposition) {
	b := metric.NewBatch(nil)
	_ = c.exporter.Collect(ctx, b) // which cannot fail
	e.Add(b)
	if c.registry != nil {
		gathered, _ := c.registry.Gather() // if a collector fails, only its metrics are missing
		e.AddGathered(gathered)
	}
}

// Gather scrapes all targets within their timeouts. It makes the Collector a
// prometheus.Gatherer for programs that embed it.
func (c *Collector) Gather() ([]*dto.MetricFamily, error) {
	return c.Scrape(context.Background()).Gather(), nil
}
