package collector

import (
	"maps"
	"slices"
	"time"

	"nginx-exporter/collector/internal/rate"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// TargetRate is the rate of one target's requests.
type TargetRate struct {
	Target string // as it is configured, without credentials
	Labels []metric.Label
	Metric string // the name of the metric
	// PerSecond is the rate. It is meaningful only if Known.
	PerSecond float64
	Known     bool

	// Gauges are the known ones of additional sources over the window, by name. One
	// that several sources have is left out, since it cannot be summed up.
	Gauges map[string]float64
}

// Rates are the rates of all targets over one window.
type Rates struct {
	Window  string // such as 1m30s
	Targets []TargetRate

	exposition *metric.Exposition
}

// Exposition returns the known rates as metrics.
func (r *Rates) Exposition() *metric.Exposition { return r.exposition }

// IsSet reports whether anything is known.
func (r *Rates) IsSet() bool {
	return slices.ContainsFunc(r.Targets, func(t TargetRate) bool { return t.Known || len(t.Gauges) > 0 })
}

// Sums returns the sums of the targets' rates by the name of the metric, and the
// gauges if there is only one target. It has no rates unless all are known: a
// partial sum would look like less load.
func (r *Rates) Sums() map[string]float64 {
	sums := r.rateSums()
	if len(r.Targets) == 1 {
		maps.Copy(sums, r.Targets[0].Gauges)
	}
	return sums
}

func (r *Rates) rateSums() map[string]float64 {
	sums := map[string]float64{}
	for _, t := range r.Targets {
		if !t.Known {
			return map[string]float64{}
		}
		sums[t.Metric] += t.PerSecond
	}
	return sums
}

// RateWindows returns the windows of Options.
func (c *Collector) RateWindows() []time.Duration { return slices.Clone(c.rates.windows) }

// RateInterval returns how often targets are read for rates, 0 if they are not.
func (c *Collector) RateInterval() time.Duration {
	if len(c.rates.windows) == 0 {
		return 0
	}
	return rate.Interval(c.rates.windows)
}

// Rates returns the current rates over one of the windows. It makes no request.
func (c *Collector) Rates(window time.Duration) *Rates {
	r := &Rates{Window: windowName(window), exposition: &metric.Exposition{}}
	for _, t := range *c.targets.Load() {
		perSecond, counted, known := t.rate.perSecond(window)
		if !known {
			counted, _ = c.rates.of(t.protocol())
		}
		gauges, batch := t.recent(window)
		r.exposition.Add(batch)
		r.Targets = append(r.Targets, TargetRate{
			Target: t.options.Client.Target.String(), Labels: slices.Clone(t.options.Labels),
			Metric: counted.table.Families()[0].Name, PerSecond: perSecond, Known: known, Gauges: gauges,
		})
		if known {
			b := metric.NewBatch(t.options.Labels)
			metric.Add(b, counted.table, &requestRate{windowName(window), perSecond})
			r.exposition.Add(b)
		}
	}
	for _, a := range *c.alone.Load() {
		if one, is := a.Source.(source.Recent); is {
			b := metric.NewBatch(a.Labels)
			one.AddRecent(b, window)
			r.exposition.Add(b)
		}
	}
	return r
}

// recent returns the gauges of the target's additional sources over a window.
func (t *target) recent(window time.Duration) (map[string]float64, *metric.Batch) {
	b := metric.NewBatch(t.options.Labels)
	gauges, found := map[string]float64{}, map[string]int{}
	for _, s := range t.recentSources() {
		s.AddRecent(b, window)
		one := metric.NewBatch(nil)
		s.AddRecent(one, window)
		for _, f := range s.Families() {
			if v := one.Value(f.Name); v.IsSet() {
				gauges[f.Name] = v.Float()
				found[f.Name]++
			}
		}
	}
	maps.DeleteFunc(gauges, func(name string, _ float64) bool { return found[name] > 1 })
	return gauges, b
}

// recentSources returns the enabled additional sources that have gauges over
// windows.
func (t *target) recentSources() []source.Recent {
	var all []source.Recent
	for _, s := range t.additional(t.selection) {
		if r, is := s.(source.Recent); is {
			all = append(all, r)
		}
	}
	return all
}
