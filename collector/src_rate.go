package collector

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/rate"
)

// rateState is the rate of a target's requests over one window.
type rateState struct {
	window    string
	perSecond float64
}

func rateTable(prefix, source string) *table[*rateState] {
	return &table[*rateState]{
		source: source,
		prefix: prefix + "http_",
		rows: []row[*rateState]{
			gauge("requests_per_second", "Requests of clients per second over the window, without those of this exporter.",
				func(s *rateState) value.Value { return value.Of(s.perSecond) }),
		},
		labels: []string{"window"},
		values: func(values []string, s *rateState) []string { return append(values, s.window) },
	}
}

// rateTable returns the table for targets of that kind.
func (t *tables) rateTable(plus bool) *table[*rateState] {
	if plus {
		return t.plusRate
	}
	return t.rate
}

// readings is what a target remembers of the requests that nginx counted. It is
// guarded by the lock of the target.
type readings struct {
	series *rate.Series
	plus   bool // the figures are those of the NGINX Plus API
}

// follow keeps readings of the target for rates over the windows.
func (t *target) follow(windows []time.Duration, now func() time.Duration) {
	t.now = now
	t.readings = &readings{series: rate.New(windows)}
}

// followFrom goes on with what the predecessor remembers, if it is asked for
// the same figure. Both locks are held, or nobody knows the target yet.
func (t *target) followFrom(from *target) {
	a, b := &t.options.Client, &from.options.Client
	if t.readings == nil || from.readings == nil || a.Host != b.Host || a.Mode != b.Mode {
		return
	}
	t.readings = &readings{series: from.readings.series.Clone(), plus: from.readings.plus}
}

// note remembers how many requests nginx had counted, if the source says so.
func (t *target) note(source *source, began time.Duration, bind *binder) {
	if !bind.requests.IsSet() {
		return
	}
	own := float64(t.client.Requests())
	at := t.now()
	plus := source.path != ""
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.readings.plus != plus {
		t.readings.series, t.readings.plus = t.readings.series.Anew(), plus
	}
	t.readings.series.Add(rate.Reading{Began: began, At: at, Total: bind.requests.Float(), Own: t.tally.requests + own})
}

// TargetRate is the rate of one target's requests.
type TargetRate struct {
	Target string // as it is configured, without its login
	Labels []Label
	Metric string // the name of the metric
	// PerSecond is the rate. It is of no meaning if the rate is not Known.
	PerSecond float64
	Known     bool
}

// Rates are the rates of all targets over one window.
type Rates struct {
	Window  string // such as 1m30s
	Targets []TargetRate

	page *Page
}

// Page shows the rates that are known, and nothing else.
func (r *Rates) Page() *Page { return r.page }

// Known reports whether there is a rate at all.
func (r *Rates) IsSet() bool {
	return slices.ContainsFunc(r.Targets, func(t TargetRate) bool { return t.Known })
}

// Sums returns the sum of the targets' rates by the name of the metric. There
// is none unless all are known: a sum without some would look like less load.
func (r *Rates) Sums() map[string]float64 {
	sums := map[string]float64{}
	for _, t := range r.Targets {
		if !t.Known {
			return nil
		}
		sums[t.Metric] += t.PerSecond
	}
	return sums
}

// RateWindows returns the windows of Options.
func (c *Collector) RateWindows() []time.Duration { return slices.Clone(c.windows) }

// RateInterval returns how often targets are read for that, 0 if they are not.
func (c *Collector) RateInterval() time.Duration {
	if len(c.windows) == 0 {
		return 0
	}
	return rate.Interval(c.windows)
}

// Rates returns the rates over one of the windows, as they are known at this
// moment. It asks no target.
func (c *Collector) Rates(window time.Duration) *Rates {
	r := &Rates{Window: windowName(window), page: c.newPage()}
	for _, t := range *c.targets.Load() {
		perSecond, plus, known := t.perSecond(window)
		table := t.tables.rateTable(plus)
		r.Targets = append(r.Targets, TargetRate{
			Target: t.options.Client.Target.String(), Labels: slices.Clone(t.options.Labels), Metric: table.descs()[0].Name,
			PerSecond: perSecond, Known: known,
		})
		if known {
			r.page.addRates(t, table, []*rateState{{windowName(window), perSecond}})
		}
	}
	return r
}

func (t *target) perSecond(window time.Duration) (perSecond float64, plus, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.readings == nil {
		return 0, t.plus, false
	}
	perSecond, known = t.readings.series.PerSecond(t.now(), window)
	return perSecond, t.plus && !known || t.readings.plus && known, known
}

// addRates adds rates of one target to a page.
func (p *Page) addRates(t *target, table *table[*rateState], states []*rateState) {
	bind := &binder{layouts: t.layouts}
	addTo(bind, table, states...)
	p.add(bind.blocks)
}

// addAllRates adds what is known of all windows to the page of a scrape that
// was narrowed to the given sources.
func (c *Collector) addAllRates(page *Page, t *target, only []string) {
	if len(c.windows) == 0 {
		return
	}
	var states [2][]*rateState
	for _, window := range c.windows {
		perSecond, plus, known := t.perSecond(window)
		if !known {
			continue
		}
		i := 0
		if plus {
			i = 1
		}
		states[i] = append(states[i], &rateState{windowName(window), perSecond})
	}
	for i, source := range []string{stubStatusName, requestsName} {
		if len(states[i]) > 0 && (len(only) == 0 || slices.Contains(only, source)) {
			page.addRates(t, t.tables.rateTable(i == 1), states[i])
		}
	}
}

// windowName writes a window as Prometheus does: 90s is 1m30s, 60s is 1m.
func windowName(window time.Duration) string { return model.Duration(window).String() }
