package collector

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/client/plus"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source/stubstatus"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// counting is a server that counts requests as nginx does: those of clients,
// which the test simulates, and each of the exporter.
type counting struct {
	*fake
	clients atomic.Int64
	broken  atomic.Bool
}

func startCounting(tb testing.TB) *counting {
	tb.Helper()
	n := &counting{}
	var own atomic.Int64
	n.fake = start(tb, func(w http.ResponseWriter, _ *http.Request) {
		total := own.Add(1) + n.clients.Load()
		if n.broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, strings.Replace(plainPage, "31070465", strconv.FormatInt(total, 10), 1)) // the exporter may have left
	})
	return n
}

// countingPlus is an NGINX Plus that counts in the same way. It has only one
// document, so that no two requests are counted at the same time.
type countingPlus struct {
	*httptest.Server
	clients atomic.Int64
}

func startCountingPlus(tb testing.TB) *countingPlus {
	tb.Helper()
	n := &countingPlus{}
	api := plustest.New()
	var own atomic.Int64
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.Set(standin.WithDocuments(requestsDocument(own.Add(1) + n.clients.Load())))
		api.ServeHTTP(w, r)
	}))
	tb.Cleanup(n.Close)
	n.URL += "/api/"
	return n
}

// requestsDocument returns only the document of requests.
func requestsDocument(total int64) map[string][]byte {
	return map[string][]byte{"http/requests": fmt.Appendf(nil, `{"total":%d,"current":1}`, total)}
}

// artificial is a clock that the test advances.
type artificial struct{ at atomic.Int64 }

func (a *artificial) now() time.Duration { return time.Duration(a.at.Load()) }

func (a *artificial) pass(d time.Duration) { a.at.Add(int64(d)) }

// clocked is a collector with an artificial clock. Its shortest window is so long
// that nothing is read in the background during a test.
type clocked struct {
	*Collector
	clock artificial
}

func newClocked(tb testing.TB, windows []time.Duration, targets ...TargetOptions) *clocked {
	tb.Helper()
	c := &clocked{}
	c.Collector = newCollector(tb, Options{ExporterMetrics: MetricsNone, RateWindows: windows, now: c.clock.now}, targets...)
	return c
}

// read advances the clock and reads all targets as the sampler does.
func (c *clocked) read(tb testing.TB, after time.Duration) {
	tb.Helper()
	c.clock.pass(after)
	c.sampler.sample(tb.Context())
	proctest.Until(tb, "the targets to be read", func() bool {
		return !slices.ContainsFunc(*c.targets.Load(), func(t *target) bool { return t.sampling.Load() })
	})
}

// wantRate checks the rate over a window, from Rates and from a scrape. A rate
// below zero means that none is expected.
func (c *clocked) wantRate(tb testing.TB, window time.Duration, want float64) {
	tb.Helper()
	rates := c.Rates(window)
	if got := rates.Targets[0]; got.Known != (want >= 0) || got.Known && got.PerSecond != want {
		tb.Errorf("the rate over %v is %v (known: %t); want %v", window, got.PerSecond, got.Known, want)
	}
	if rates.IsSet() != (want >= 0) {
		tb.Errorf("a rate is known: %t", rates.IsSet())
	}
	got, found := valueOf(tb, rates.Exposition(), "nginx_http_requests_per_second", "window", windowName(window))
	if found != (want >= 0) || found && got != want {
		tb.Errorf("the exposition has the rate %v (there: %t); want %v", got, found, want)
	}
}

const minute = time.Minute

func TestRateWithoutOwnRequests(t *testing.T) {
	nginx := startCounting(t)
	c := newClocked(t, []time.Duration{minute, 2 * minute}, nginx.options(t))
	c.wantRate(t, minute, -1)
	for range 10 {
		c.wantRate(t, minute, -1)
		for range 7 { // scrapes in between are requests too
			wantUp(t, c.Scrape(t.Context()), true)
		}
		c.read(t, 12*time.Second)
		nginx.clients.Add(120)
		if c.clock.now() >= 36*time.Second {
			break
		}
	}
	c.read(t, 12*time.Second)
	c.wantRate(t, minute, 7.5) // 0, 120, 240, 360 requests in 48 s
	c.wantRate(t, 2*minute, -1)
	for range 6 {
		nginx.clients.Add(120)
		c.read(t, 12*time.Second)
	}
	c.wantRate(t, minute, 10)
	exposition := c.Scrape(t.Context())
	wantValue(t, exposition, 10, "nginx_http_requests_per_second", "window", "1m")
	if _, found := valueOf(t, exposition, "nginx_http_requests_per_second", "window", "2m"); !found {
		t.Error("the exposition has no rate over the second window")
	}
}

func TestRateOverRestartAndFailure(t *testing.T) {
	nginx := startCounting(t)
	c := newClocked(t, []time.Duration{minute}, nginx.options(t))
	step := func(requests int64) {
		nginx.clients.Add(requests)
		c.read(t, 12*time.Second)
	}
	for range 6 {
		step(240)
	}
	c.wantRate(t, minute, 20)
	// nginx restarts and counts from zero.
	nginx.clients.Store(-nginx.requests.Load())
	step(12)
	c.wantRate(t, minute, 20)
	step(240)
	c.wantRate(t, minute, 20)
	// It cannot be read for less than a window, and continues to get requests.
	nginx.broken.Store(true)
	step(240)
	step(240)
	c.wantRate(t, minute, 20)
	nginx.broken.Store(false)
	step(240)
	c.wantRate(t, minute, 20)
	// For longer.
	nginx.broken.Store(true)
	for range 5 {
		step(240)
	}
	c.wantRate(t, minute, 20)
	step(240)
	c.wantRate(t, minute, -1)
	nginx.broken.Store(false)
	step(240)
	c.wantRate(t, minute, -1)
	step(24)
	step(24)
	c.wantRate(t, minute, -1)
	step(24)
	c.wantRate(t, minute, 2)
}

func TestRateOverReload(t *testing.T) {
	nginx, other := startCounting(t), startCounting(t)
	options := nginx.options(t)
	c := newClocked(t, []time.Duration{minute}, options)
	for range 4 {
		c.read(t, 12*time.Second)
		nginx.clients.Add(120)
		other.clients.Add(1200)
	}
	c.wantRate(t, minute, 10)
	// With another timeout it has a new client, which counts its requests from zero.
	options.Client.Timeout++
	set(t, c.Collector, options)
	c.wantRate(t, minute, 10)
	c.read(t, 12*time.Second)
	c.wantRate(t, minute, 10)
	// Another target has no rate yet, and another Host header may be another nginx.
	set(t, c.Collector, other.options(t))
	c.read(t, 12*time.Second)
	c.wantRate(t, minute, -1)
	set(t, c.Collector, options)
	c.wantRate(t, minute, -1)
	for range 4 {
		c.read(t, 12*time.Second)
	}
	c.wantRate(t, minute, 0)
	options.Client.Host = "elsewhere"
	set(t, c.Collector, options)
	c.wantRate(t, minute, -1)
}

func TestRateSums(t *testing.T) {
	one, two, api := startCounting(t), startCounting(t), startCountingPlus(t)
	c := newClocked(t, []time.Duration{minute}, one.options(t, label("addr", "one")), two.options(t, label("addr", "two")),
		asking(t, api.URL, label("addr", "three")))
	for range 4 {
		one.clients.Add(120)
		two.clients.Add(24)
		api.clients.Add(36)
		c.read(t, 12*time.Second)
	}
	rates := c.Rates(minute)
	sums := rates.Sums()
	if sums["nginx_http_requests_per_second"] != 12 || sums["nginxplus_http_requests_per_second"] != 3 {
		t.Errorf("the sums are %v: %+v", sums, rates.Targets)
	}
	if exposition := oracle.Text(t, rates.Exposition()); strings.Count(exposition, "_per_second{") != 3 || strings.Count(exposition, "\n") != 3+2*2 {
		t.Errorf("the exposition is\n%s", exposition)
	}
	// A partial sum would look like less load.
	set(t, c.Collector, one.options(t, label("addr", "one")), asking(t, "http://"+refusing(t)+"/", label("addr", "four")))
	rates = c.Rates(minute)
	if !rates.IsSet() || rates.Targets[0].PerSecond != 10 || rates.Targets[1].Known || len(rates.Sums()) != 0 {
		t.Errorf("%+v with sums %v", rates.Targets, rates.Sums())
	}
	set(t, c.Collector)
	if c.Rates(minute).IsSet() {
		t.Error("a rate is known without targets")
	}
}

// Of NGINX Plus one document is read, not twenty.
func TestSampleOfPlus(t *testing.T) {
	api := plustest.New()
	server := api.Start()
	t.Cleanup(server.Close)
	o := asking(t, server.URL)
	o.Client.Mode = plus.Mode
	c := newClocked(t, []time.Duration{minute}, o)
	c.read(t, 0)
	before := api.Total()
	for range 3 {
		c.read(t, 12*time.Second)
	}
	if got := api.Total() - before; got > 3*2 {
		t.Errorf("three samples took %d requests: %v", got, api.Requests())
	}
	if rates := c.Rates(minute); !rates.IsSet() || rates.Targets[0].PerSecond != 0 || rates.Targets[0].Metric != "nginxplus_http_requests_per_second" {
		t.Errorf("%+v", rates.Targets)
	}
}

// A sample shares the scrape in progress.
func TestSampleSharesScrape(t *testing.T) {
	nginx := startSlow(t)
	c := newClocked(t, []time.Duration{minute}, nginx.options(t))
	waiting := (&scrapedCollector{c.Collector, nginx}).scraperOf(t)
	receive(t, "the request", nginx.arrived)
	c.sampler.sample(t.Context())
	c.sampler.sample(t.Context()) // one at a time
	proctest.Until(t, "the sample to join the scrape", func() bool {
		one := (*c.targets.Load())[0]
		one.mu.Lock()
		defer one.mu.Unlock()
		return one.scrapes[""] != nil && one.scrapes[""].waiters == 2
	})
	nginx.respond <- struct{}{}
	wantUp(t, receive(t, "the exposition", waiting), true)
	if got := nginx.requests.Load(); got != 1 {
		t.Errorf("nginx got %d requests", got)
	}
}

// scrapedCollector scrapes in the background.
type scrapedCollector struct {
	*Collector
	nginx *slow
}

func (a *scrapedCollector) scraperOf(tb testing.TB) <-chan *metric.Exposition {
	tb.Helper()
	exposition := make(chan *metric.Exposition, 1)
	go func() { exposition <- a.Scrape(tb.Context()) }()
	return exposition
}

// The sampler reads by itself, also targets that are added later, and Close ends
// it even if nginx never responds.
func TestSamplerRunsUntilClose(t *testing.T) {
	nginx, hanging := startCounting(t), startSlow(t)
	c := New(Options{RateWindows: []time.Duration{time.Second}})
	set(t, c, nginx.options(t))
	proctest.Until(t, "a rate", func() bool { return c.Rates(time.Second).IsSet() })
	set(t, c, nginx.options(t, label("addr", "a")), hanging.options(t, label("addr", "b")))
	receive(t, "a request", hanging.arrived)
	proctest.Until(t, "a rate beside one that hangs", func() bool { return c.Rates(time.Second).IsSet() })
	c.Close()
	receive(t, "the end of the request", hanging.gone)
	proctest.Until(t, "the connections to be closed", func() bool { return nginx.open()+hanging.open() == 0 })
	before := nginx.requests.Load()
	for range 3 {
		if c.Rates(time.Second); nginx.requests.Load() != before {
			t.Error("nginx gets requests after the end")
		}
	}
}

func TestNothingRunsWithoutWindows(t *testing.T) {
	nginx := start(t, says("nginx", plainPage))
	c := newCollector(t, Options{}, nginx.options(t))
	exposition := c.Scrape(t.Context())
	if c.sampler != nil || len(c.RateWindows()) != 0 || c.RateInterval() != 0 || (*c.targets.Load())[0].rate != nil {
		t.Error("something is sampled")
	}
	if _, found := valueOf(t, exposition, "nginx_http_requests_per_second"); found {
		t.Error("a rate is exposed")
	}
	if c.Rates(minute).IsSet() {
		t.Error("a rate is known")
	}
}

// A scrape without the source has no rate. If the source is disabled, its rate is
// exposed nevertheless.
func TestRateOfNarrowedScrapes(t *testing.T) {
	nginx := startCounting(t)
	options := nginx.options(t)
	options.Filter.Sources = map[string]bool{stubstatus.Name: false}
	c := newClocked(t, []time.Duration{minute}, options)
	for range 4 {
		c.read(t, 12*time.Second)
	}
	for source, want := range map[string]bool{"": true, stubstatus.Name: true, "http_requests": false} {
		only := []string{source}
		if source == "" {
			only = nil
		}
		if _, found := valueOf(t, c.Scrape(t.Context(), only...), "nginx_http_requests_per_second"); found != want {
			t.Errorf("a scrape of %q has a rate: %t; want %t", source, found, want)
		}
	}
}

func TestProbeHasNoRate(t *testing.T) {
	nginx := startCounting(t)
	c := newClocked(t, []time.Duration{minute})
	for range 5 {
		c.clock.pass(12 * time.Second)
		exposition, err := c.Probe(t.Context(), nginx.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, found := valueOf(t, exposition, "nginx_http_requests_per_second"); found {
			t.Error("the exposition of a probe has a rate")
		}
	}
}

// rateScenes show rates.
func rateScenes() []scene {
	windows := []time.Duration{2 * minute, minute, 90 * time.Second}
	return []scene{
		{"stub_status_rate", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			nginx := startCounting(tb)
			c := newClocked(tb, windows, nginx.options(tb, label("env", "test"), label("zone", "a")))
			for range 6 {
				nginx.clients.Add(126)
				c.read(tb, 12*time.Second)
			}
			return c.Scrape(tb.Context())
		}},
		{"plus_rate", func(tb testing.TB) *metric.Exposition {
			tb.Helper()
			api := startCountingPlus(tb)
			o := asking(tb, api.URL)
			o.Client.Mode = plus.Mode
			c := newClocked(tb, windows, o)
			for range 6 {
				api.clients.Add(12000)
				c.read(tb, 12*time.Second)
			}
			return c.Rates(minute).Exposition()
		}},
	}
}
