package collector

import (
	"context"
	"sync"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// newSlowCollector returns a collector with one slow target.
func newSlowCollector(tb testing.TB) (*Collector, *slow) {
	tb.Helper()
	nginx := startSlow(tb)
	return newCollector(tb, Options{}, nginx.options(tb)), nginx
}

// scrapeBeside scrapes in a goroutine, for which the test waits at its end.
func (c *Collector) scrapeBeside(ctx context.Context, tb testing.TB) <-chan *metric.Exposition {
	tb.Helper()
	exposition := make(chan *metric.Exposition, 1)
	var running sync.WaitGroup
	running.Go(func() { exposition <- c.Scrape(ctx) })
	tb.Cleanup(running.Wait)
	return exposition
}

// value returns the value of a series: a family, and a label and its value if
// the family has several series.
func valueOf(tb testing.TB, e *metric.Exposition, name string, label ...string) (v float64, found bool) {
	tb.Helper()
	for _, f := range e.Gather() {
		for _, m := range f.GetMetric() {
			fits := f.GetName() == name && len(label) == 0
			for _, pair := range m.GetLabel() {
				fits = fits || f.GetName() == name && len(label) == 2 && pair.GetName() == label[0] && pair.GetValue() == label[1]
			}
			if fits {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
	}
	return 0, false
}

// wantValue checks one value.
func wantValue(tb testing.TB, e *metric.Exposition, want float64, name string, label ...string) {
	tb.Helper()
	if got, found := valueOf(tb, e, name, label...); !found || got != want {
		tb.Errorf("%s%q is %v (found: %t); want %v", name, label, got, found, want)
	}
}

// wantUp checks that nginx is up and its metrics are exposed, or neither.
func wantUp(tb testing.TB, e *metric.Exposition, up bool) {
	tb.Helper()
	want := value.OfBool(up).Float()
	wantValue(tb, e, want, "nginx_up")
	if _, found := valueOf(tb, e, "nginx_http_requests_total"); found != up {
		tb.Errorf("nginx is up: %t; its metrics are exposed: %t", up, found)
	}
}

func wantErrors(tb testing.TB, e *metric.Exposition, reason client.Reason, want float64) {
	tb.Helper()
	if _, found := valueOf(tb, e, "nginx_exporter_scrape_errors_total", "reason", string(reason)); !found && want == 0 {
		return // it cannot occur
	}
	wantValue(tb, e, want, "nginx_exporter_scrape_errors_total", "reason", string(reason))
}

// scraper is a caller of Scrape that may leave.
type scraper struct {
	exposition <-chan *metric.Exposition
	leave      context.CancelFunc
}

// scraper starts a scrape. A bounded one has less time than the target's timeout,
// so that the scrape runs in a goroutine; an unbounded one runs it itself.
func (c *Collector) scraper(tb testing.TB, bounded bool) scraper {
	tb.Helper()
	ctx, leave := context.WithCancel(tb.Context())
	if bounded {
		ctx, leave = context.WithTimeout(tb.Context(), patience-time.Second)
	}
	tb.Cleanup(leave)
	return scraper{c.scrapeBeside(ctx, tb), leave}
}
