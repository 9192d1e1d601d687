package collector

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/rate"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// rates makes the metrics of request rates.
type rates struct {
	windows []time.Duration      // in ascending order
	now     func() time.Duration // since the start, by the monotonic clock
	counted []countedFamily
}

// countedFamily is a counter of requests, and the metric of its rate. Protocols
// that have the counter share it.
type countedFamily struct {
	family  string   // name of the counter
	sources []string // that have the counter, one of each protocol
	table   *metric.Table[*requestRate]
}

// requestRate is the rate of a target's requests over one window.
type requestRate struct {
	window    string
	perSecond float64
}

func newRates(windows []time.Duration, protocols []source.Protocol) *rates {
	started := time.Now()
	r := &rates{
		windows: slices.Sorted(slices.Values(windows)),
		now:     func() time.Duration { return time.Since(started) },
	}
	for _, p := range protocols {
		origins := map[string]string{}
		for _, f := range p.Families() {
			origins[f.Name] = f.Origin
		}
		for _, info := range p.Sources() {
			if info.Requests != "" {
				r.add(info, origins[info.Requests])
			}
		}
	}
	return r
}

// add adds the counter of requests of a source.
func (r *rates) add(info source.Info, origin string) {
	for i := range r.counted {
		if r.counted[i].family == info.Requests {
			r.counted[i].sources = append(r.counted[i].sources, info.Name)
			return
		}
	}
	r.counted = append(r.counted, countedFamily{info.Requests, []string{info.Name}, rateTable(info.Requests, origin)})
}

func rateTable(counter, origin string) *metric.Table[*requestRate] {
	return metric.NewTable(origin, strings.TrimSuffix(counter, "_total"), []metric.Row[*requestRate]{
		metric.Gauge("_per_second", "HTTP requests per second over the window, without the exporter's own.",
			func(r *requestRate) value.Value { return value.Of(r.perSecond) }),
	}, metric.LabelFrom("window", func(r *requestRate) string { return r.window }))
}

func (r *rates) families() []metric.Family {
	var families []metric.Family
	for _, c := range r.counted {
		families = append(families, c.table.Families()...)
	}
	return families
}

// of returns the counter of requests of a protocol and the source that has it, or
// those of the first protocol if it has none.
func (r *rates) of(p source.Protocol) (counted *countedFamily, from string) {
	for _, info := range p.Sources() {
		for i := range r.counted {
			if slices.Contains(r.counted[i].sources, info.Name) {
				return &r.counted[i], info.Name
			}
		}
	}
	return &r.counted[0], r.counted[0].sources[0]
}

// tracker records the request counter of a target over time. A nil tracker
// records nothing.
type tracker struct {
	rates *rates

	mu      sync.Mutex
	series  *rate.Series
	counted *countedFamily // the counter in the series, nil before the first reading
}

// newTracker returns the tracker of a target, nil without windows.
func (r *rates) newTracker() *tracker {
	if len(r.windows) == 0 {
		return nil
	}
	return &tracker{rates: r, series: rate.New(r.windows)}
}

// clone returns a copy of the tracker.
func (t *tracker) clone() *tracker {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &tracker{rates: t.rates, series: t.series.Clone(), counted: t.counted}
}

// now returns the current time for observe.
func (t *tracker) now() time.Duration {
	if t == nil {
		return 0
	}
	return t.rates.now()
}

// observe records the counter of requests in the batch of a source, if it has
// one. The request for the batch began at that time, and sent returns how many
// requests the exporter has sent, which are not part of the rate.
func (t *tracker) observe(began time.Duration, b *metric.Batch, sent func() float64) {
	if t == nil {
		return
	}
	for i := range t.rates.counted {
		counted := &t.rates.counted[i]
		total := b.Value(counted.family)
		if !total.IsSet() {
			continue
		}
		r := rate.Reading{Began: began, Own: sent(), At: t.rates.now(), Total: total.Float()}
		t.mu.Lock()
		if t.counted != counted {
			t.series, t.counted = t.series.Empty(), counted
		}
		t.series.Add(r)
		t.mu.Unlock()
	}
}

func (t *tracker) perSecond(window time.Duration) (perSecond float64, counted *countedFamily, known bool) {
	if t == nil {
		return 0, nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	perSecond, known = t.series.PerSecond(t.rates.now(), window)
	return perSecond, t.counted, known
}

// add adds the known rates of a target to its batch, in a scrape of the given
// sources or, without any, of all.
func (t *tracker) add(b *metric.Batch, only []string) {
	if t == nil {
		return
	}
	for _, window := range t.rates.windows {
		perSecond, counted, known := t.perSecond(window)
		isOf := func(name string) bool { return slices.Contains(counted.sources, name) }
		if known && (len(only) == 0 || slices.ContainsFunc(only, isOf)) {
			metric.Add(b, counted.table, &requestRate{windowName(window), perSecond})
		}
	}
}

// windowName writes a window as Prometheus does: 90s is 1m30s, 60s is 1m.
func windowName(window time.Duration) string { return model.Duration(window).String() }
