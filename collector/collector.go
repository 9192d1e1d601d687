package collector

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client/value"
)

// ExporterMetrics says how much of the exporter's own process a page shows.
type ExporterMetrics string

// The values of --web.exporter-metrics.
const (
	MetricsNone  ExporterMetrics = "none"
	MetricsBasic ExporterMetrics = "basic" // CPU, memory, files, start time
	MetricsFull  ExporterMetrics = "full"  // all that client_golang's collectors tell
)

// Options configure a Collector.
type Options struct {
	// Logger is told when the state of a target changes. Nil keeps silent.
	Logger log.Logger

	// ExporterMetrics is basic if it is empty.
	ExporterMetrics ExporterMetrics

	// PadCodes shows each status code that nginx-prometheus-exporter shows,
	// with zero where NGINX Plus did not list it.
	PadCodes bool

	// ServerID tells servers of an upstream with the same address apart by the
	// label id. Otherwise they are added up.
	ServerID bool

	// RateWindows are what rates of requests are told over. If there are any,
	// targets are read in the background until Close.
	RateWindows []time.Duration

	now func() time.Duration // in place of the clock, for tests
}

// Collector scrapes a set of targets. It is safe for concurrent use.
type Collector struct {
	logger   log.Logger
	metrics  ExporterMetrics
	registry *prometheus.Registry // nil unless metrics is full
	tables   *tables
	layouts  []*layouts // without a target's labels, by the tables' numbers
	families []family
	build    []tableBlock   // bound once
	started  time.Time
	buffers  buffers
	windows  []time.Duration
	now      func() time.Duration // since the start, by a clock that nobody sets
	sampler  *sampler             // nil without windows

	targets atomic.Pointer[[]*target]
	reload  atomic.Pointer[Reload]
	setting sync.Mutex // held while targets are replaced
}

// family is a metric family and where its rows are.
type family struct {
	Desc
	head  string
	table int
	row   int
}

// New returns a Collector without any target.
func New(options Options) *Collector {
	c := &Collector{
		logger:  options.Logger,
		metrics: cmp.Or(options.ExporterMetrics, MetricsBasic),
		tables:  newTables(&options),
		started: time.Now(),
	}
	if c.logger == nil {
		c.logger = log.NewNopLogger()
	}
	c.layouts = c.tables.layouts(nil)
	bind := &binder{layouts: c.layouts}
	build := thisBuild()
	addTo(bind, c.tables.build, &build)
	c.build = bind.blocks
	c.families = c.tables.families()
	switch c.metrics {
	case MetricsFull:
		c.registry = prometheus.NewRegistry()
		c.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	case MetricsBasic, MetricsNone:
	}
	c.targets.Store(&[]*target{})
	c.SetReload(Reload{Success: true, Time: float64(c.started.Unix())})
	if c.windows = slices.Sorted(slices.Values(options.RateWindows)); len(c.windows) > 0 {
		if c.now = options.now; c.now == nil {
			c.now = func() time.Duration { return time.Since(c.started) }
		}
		c.sampler = c.startSampler()
	}
	return c
}

// families lists the families of all tables, sorted by name.
func (t *tables) families() []family {
	var families []family
	for number, table := range t.all {
		for i, desc := range table.descs() {
			families = append(families, family{Desc: desc, head: desc.header(), table: number, row: i})
		}
	}
	sort.Slice(families, func(i, j int) bool { return families[i].Name < families[j].Name })
	return families
}

// Descs describes every family that a Collector with these options can expose,
// sorted by name, without those of MetricsFull.
func Descs(options Options) []Desc {
	families := newTables(&options).families()
	descs := make([]Desc, len(families))
	for i := range families {
		descs[i] = families[i].Desc
	}
	return descs
}

// Registry returns where the metrics of MetricsFull come from, so that others
// of the process can be added. It is nil for any other choice.
func (c *Collector) Registry() *prometheus.Registry { return c.registry }

// SetReload notes how the configuration was last loaded.
func (c *Collector) SetReload(reload Reload) { c.reload.Store(&reload) }

// LastReload returns what SetReload noted.
func (c *Collector) LastReload() Reload { return *c.reload.Load() }

// SetTargets replaces the targets. A target that stays keeps its counters, and
// its connections if nothing about it changed. On an error nothing changes.
func (c *Collector) SetTargets(options []TargetOptions) error {
	c.setting.Lock()
	defer c.setting.Unlock()
	before := map[string]*target{}
	for _, t := range *c.targets.Load() {
		before[identity(t.options)] = t
	}
	targets := make([]*target, 0, len(options))
	for _, o := range options {
		old := before[identity(o)]
		if old != nil && old.sameAs(o) {
			targets = append(targets, old)
			continue
		}
		t, err := newTarget(o, c.tables, c.logger)
		if err != nil {
			return err
		}
		if c.sampler != nil {
			t.follow(c.windows, c.now)
		}
		if old != nil {
			t.inherit(old)
		}
		targets = append(targets, t)
	}
	for _, t := range *c.targets.Swap(&targets) {
		if !slices.Contains(targets, t) {
			t.client.Close()
		}
	}
	return nil
}

// Close ends what runs in the background and closes the connections to all
// targets. No scrape may begin after it or be under way.
func (c *Collector) Close() {
	if c.sampler != nil {
		c.sampler.close()
	}
	for _, t := range *c.targets.Load() {
		t.client.Close()
	}
}

// Scrape asks all targets at the same time and returns the page, whatever they
// answer. A target that has not answered when ctx ends is down on this page.
// If names of sources are given, only those are read that are also switched
// on.
func (c *Collector) Scrape(ctx context.Context, only ...string) *Page {
	only = slices.Compact(slices.Sorted(slices.Values(only)))
	targets := *c.targets.Load()
	reports := make([]*report, len(targets))
	var group sync.WaitGroup
	for i, t := range targets[min(1, len(targets)):] {
		group.Go(func() { reports[i+1] = t.scrape(ctx, only) })
	}
	if len(targets) > 0 {
		reports[0] = targets[0].scrape(ctx, only)
	}
	group.Wait()
	page := c.newPage()
	for i, t := range targets {
		page.addReport(t, reports[i])
		page.addTally(t, reports[i])
		c.addAllRates(page, t, only)
	}
	c.addExporter(page)
	return page
}

// Probe scrapes one target once and keeps nothing of it. Its page has no
// counters of the exporter, which would begin anew each time.
func (c *Collector) Probe(ctx context.Context, options TargetOptions) (*Page, error) {
	t, err := newTarget(options, c.tables, log.NewNopLogger())
	if err != nil {
		return nil, err
	}
	page := c.newPage()
	page.addReport(t, t.probe(ctx))
	return page, nil
}

// addExporter adds what does not belong to a target.
func (c *Collector) addExporter(page *Page) {
	bind := &binder{layouts: c.layouts}
	addTo(bind, c.tables.reload, c.reload.Load())
	switch c.metrics {
	case MetricsBasic:
		process := readProcess("/proc/self")
		process.startTime = value.Of(float64(c.started.Unix()))
		addTo(bind, c.tables.process, &process)
	case MetricsFull:
		// A collector that fails leaves out its own metrics only.
		page.process, _ = c.registry.Gather()
	case MetricsNone:
	}
	page.add(c.build)
	page.add(bind.blocks)
}

// Gather scrapes all targets within their time-outs. It makes the Collector a
// prometheus.Gatherer for programs that embed it.
func (c *Collector) Gather() ([]*dto.MetricFamily, error) {
	return c.Scrape(context.Background()).Gather(), nil
}
