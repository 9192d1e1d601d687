package collector

import (
	"slices"
	"time"

	"nginx-exporter/collector/internal/rate"
	"nginx-exporter/collector/metric"
)

// TargetRate is the rate of one target's requests.
type TargetRate struct {
	Target string // as it is configured, without credentials
	Labels []metric.Label
	Metric string // the name of the metric
	// PerSecond is the rate. It is meaningful only if Known.
	PerSecond float64
	Known     bool
}

// Rates are the rates of all targets over one window.
type Rates struct {
	Window  string // such as 1m30s
	Targets []TargetRate

	exposition *metric.Exposition
}

// Exposition returns the known rates as metrics.
func (r *Rates) Exposition() *metric.Exposition { return r.exposition }

// IsSet reports whether any rate is known.
func (r *Rates) IsSet() bool {
	return slices.ContainsFunc(r.Targets, func(t TargetRate) bool { return t.Known })
}

// Sums returns the sums of the targets' rates by the name of the metric. It
// returns nil unless all rates are known: a partial sum would look like less load.
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
			counted = c.rates.of(t.protocol())
		}
		r.Targets = append(r.Targets, TargetRate{
			Target: t.options.Client.Target.String(), Labels: slices.Clone(t.options.Labels),
			Metric: counted.table.Families()[0].Name, PerSecond: perSecond, Known: known,
		})
		if known {
			b := metric.NewBatch(t.options.Labels)
			metric.Add(b, counted.table, &requestRate{windowName(window), perSecond})
			r.exposition.Add(b)
		}
	}
	return r
}
