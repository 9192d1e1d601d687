package collector

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/internal/proctest"
)

// recentSource is a source with a gauge that is known for the minute.
type recentSource struct {
	name    string
	gauge   *metric.Table[*float64]
	ratio   float64
	samples atomic.Int64
}

func newRecentSource(name string, ratio float64) *recentSource {
	return &recentSource{name: name, ratio: ratio, gauge: metric.NewTable("access log", "nginx_http_", []metric.Row[*float64]{
		metric.Gauge("error_ratio", "Share of errors.", func(r *float64) value.Value { return value.Of(*r) }),
	}, metric.LabelFrom("log", func(*float64) string { return name }))}
}

// Name implements [source.Source].
func (r *recentSource) Name() string { return r.name }

// Families implements [source.Source].
func (r *recentSource) Families() []metric.Family { return r.gauge.Families() }

// Collect implements [source.Source].
func (*recentSource) Collect(context.Context, *metric.Batch) error { return nil }

// Sample implements [source.Recent].
func (r *recentSource) Sample(context.Context) { r.samples.Add(1) }

// AddRecent implements [source.Recent].
func (r *recentSource) AddRecent(b *metric.Batch, window time.Duration) {
	if window == minute {
		metric.Add(b, r.gauge, &r.ratio)
	}
}

// TestRecent checks that gauges of additional sources are beside the rates of
// requests, and are not summed up.
func TestRecent(t *testing.T) {
	one := startCounting(t).options(t, label("addr", "one"))
	log := newRecentSource("access_log", .25)
	one.Sources = []source.Source{log}
	c := newClocked(t, []time.Duration{2 * minute, minute}, one)
	rates := c.Rates(minute)
	if got := rates.Sums(); !rates.IsSet() || len(got) != 1 || got["nginx_http_error_ratio"] != .25 {
		t.Errorf("set %v, %v", rates.IsSet(), got)
	}
	if text := oracle.Text(t, rates.Exposition()); !strings.HasSuffix(text, "\nnginx_http_error_ratio{addr=\"one\",log=\"access_log\"} 0.25\n") {
		t.Errorf("the exposition is %s", text)
	}
	if rates := c.Rates(2 * minute); rates.IsSet() || len(rates.Targets[0].Gauges) > 0 {
		t.Errorf("known for another window: %+v", rates.Targets)
	}
	set(t, c.Collector, one, startCounting(t).options(t, label("addr", "two")))
	if rates := c.Rates(minute); len(rates.Sums()) > 0 || rates.Targets[0].Gauges["nginx_http_error_ratio"] != .25 {
		t.Errorf("with two targets: %+v, %v", rates.Targets, rates.Sums())
	}
	// With two logs neither is the one of the target.
	one.Sources = append(one.Sources, newRecentSource("access_log_b", .5))
	set(t, c.Collector, one)
	rates = c.Rates(minute)
	if got := rates.Targets[0].Gauges; len(got) > 0 || strings.Count(oracle.Text(t, rates.Exposition()), "error_ratio{") != 2 {
		t.Errorf("with two logs: %v", got)
	}
}

func TestRecentSourcesAreSampled(t *testing.T) {
	o := startCounting(t).options(t)
	log := newRecentSource("access_log", 0)
	o.Sources = []source.Source{log}
	c := New(Options{RateWindows: []time.Duration{time.Second}})
	t.Cleanup(c.Close)
	set(t, c, o)
	alone := newRecentSource("access_log_b", .5)
	if err := c.SetSources([]SourceOptions{{Source: alone, Timeout: time.Minute}}); err != nil {
		t.Fatal(err)
	}
	proctest.Until(t, "samples", func() bool { return log.samples.Load() > 0 && alone.samples.Load() > 0 })
	if text := oracle.Text(t, c.Rates(minute).Exposition()); strings.Count(text, "error_ratio{") != 2 {
		t.Errorf("the exposition is %s", text)
	}
}
