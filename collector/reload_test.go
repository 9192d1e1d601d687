package collector

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source/exporter"
	"nginx-exporter/internal/proctest"
)

func set(tb testing.TB, c *Collector, targets ...TargetOptions) {
	tb.Helper()
	if err := c.SetTargets(targets); err != nil {
		tb.Fatal(err)
	}
}

// notFound is an nginx without the location.
func notFound(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func TestReloadKeepsWhatDidNotChange(t *testing.T) {
	nginx := start(t, says("nginx", plainPage))
	c := newCollector(t, Options{}, nginx.options(t))
	for range 3 {
		wantUp(t, c.Scrape(t.Context()), true)
		// Equal options, created again as in a reload.
		set(t, c, nginx.options(t))
	}
	exposition := c.Scrape(t.Context())
	wantValue(t, exposition, 4, "nginx_exporter_nginx_requests_total")
	if got := nginx.opened.Load(); got != 1 {
		t.Errorf("%d connections were opened; want 1", got)
	}
}

func TestReloadInheritsCounters(t *testing.T) {
	nginx := start(t, notFound)
	options := nginx.options(t, label("addr", "a"))
	c := newCollector(t, Options{}, options)
	const scrapes = 3
	var exposition *metric.Exposition
	for i := range scrapes {
		// The target stays, but its other options change.
		options.Client.Timeout += time.Duration(i) * time.Second
		set(t, c, options)
		exposition = c.Scrape(t.Context())
		wantUp(t, exposition, false)
	}
	wantErrors(t, exposition, client.ReasonStatus, scrapes)
	wantValue(t, exposition, scrapes, "nginx_exporter_nginx_requests_total")
	proctest.Until(t, "the connections of former options to be closed", func() bool { return nginx.open() <= 1 })

	// With another label it is another target, whose counters start at zero.
	set(t, c, nginx.options(t, label("addr", "b")))
	exposition = c.Scrape(t.Context())
	wantErrors(t, exposition, client.ReasonStatus, 1)
	wantValue(t, exposition, 1, "nginx_exporter_nginx_requests_total")
}

// A scrape in progress during a reload counts for its callers.
func TestReloadDuringScrape(t *testing.T) {
	c, nginx := newSlowCollector(t)
	waiting := c.scraper(t, false)
	receive(t, "the request", nginx.arrived)
	options := nginx.options(t)
	options.Client.Timeout++
	set(t, c, options)
	nginx.respond <- struct{}{}
	wantUp(t, receive(t, "the exposition that was under way", waiting.exposition), true)
	proctest.Until(t, "its connection to be closed", func() bool { return nginx.open() == 0 })
	nginx.respond <- struct{}{}
	wantUp(t, c.Scrape(t.Context()), true)
}

func TestRemovedTargets(t *testing.T) {
	one, two := start(t, says("nginx", plainPage)), start(t, says("nginx", plainPage))
	options := []TargetOptions{one.options(t, label("addr", "one")), two.options(t, label("addr", "two"))}
	c := newCollector(t, Options{}, options...)
	exposition := c.Scrape(t.Context())
	wantValue(t, exposition, 1, "nginx_up", "addr", "one")
	wantValue(t, exposition, 1, "nginx_up", "addr", "two")
	set(t, c, options[1])
	proctest.Until(t, "the connections to the removed target to be closed", func() bool { return one.open() == 0 })
	if got := two.open(); got != 1 {
		t.Errorf("%d connections to the target that stayed; want 1", got)
	}
	exposition = c.Scrape(t.Context())
	if _, found := valueOf(t, exposition, "nginx_up", "addr", "one"); found {
		t.Error("a removed target is on the exposition")
	}
	wantValue(t, exposition, 1, "nginx_up", "addr", "two")
	// Its counters are not kept.
	set(t, c, options...)
	exposition = c.Scrape(t.Context())
	wantValue(t, exposition, 1, "nginx_exporter_nginx_requests_total", "addr", "one")
	wantValue(t, exposition, 3, "nginx_exporter_nginx_requests_total", "addr", "two")
	set(t, c)
	proctest.Until(t, "all connections to be closed", func() bool { return one.open()+two.open() == 0 })
	if _, found := valueOf(t, c.Scrape(t.Context()), "nginx_up"); found {
		t.Error("an exposition without targets has nginx_up")
	}
}

func TestBadTargetsChangeNothing(t *testing.T) {
	nginx := start(t, says("nginx", plainPage))
	c := newCollector(t, Options{}, nginx.options(t))
	wantUp(t, c.Scrape(t.Context()), true)
	bad := asking(t, "http://user:geheim@bad.example/")
	bad.Client.Timeout = 0
	err := c.SetTargets([]TargetOptions{nginx.options(t, label("addr", "a")), bad})
	if err == nil || !strings.Contains(err.Error(), "http://bad.example/") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("the error is %v; want one that names the target without its credentials", err)
	}
	exposition := c.Scrape(t.Context())
	wantUp(t, exposition, true)
	wantValue(t, exposition, 2, "nginx_exporter_nginx_requests_total")
	if got := nginx.opened.Load(); got != 1 {
		t.Errorf("%d connections were opened; want 1", got)
	}
}

func TestReloadOnPage(t *testing.T) {
	c := newCollector(t, Options{})
	if _, found := valueOf(t, c.Scrape(t.Context()), "nginx_exporter_config_last_reload_successful"); found || c.LastReload() != (exporter.Reload{}) {
		t.Error("there was a reload before the first one")
	}
	c.SetReload(exporter.Reload{Success: false, Time: 12345})
	exposition := c.Scrape(t.Context())
	wantValue(t, exposition, 0, "nginx_exporter_config_last_reload_successful")
	wantValue(t, exposition, 12345, "nginx_exporter_config_last_reload_success_timestamp_seconds")
}

func TestCloseClosesConnections(t *testing.T) {
	nginx := start(t, says("nginx", plainPage))
	c := New(Options{})
	set(t, c, nginx.options(t))
	wantUp(t, c.Scrape(t.Context()), true)
	c.Close()
	proctest.Until(t, "the connections to be closed", func() bool { return nginx.open() == 0 })
}

func TestProbeKeepsNothing(t *testing.T) {
	nginx := start(t, says("nginx", plainPage))
	page404 := start(t, notFound)
	c := newCollector(t, Options{})
	for range 2 {
		for probed, up := range map[*fake]bool{nginx: true, page404: false} {
			exposition, err := c.Probe(t.Context(), probed.options(t))
			if err != nil {
				t.Fatal(err)
			}
			wantUp(t, exposition, up)
			for _, f := range exposition.Gather() {
				if f.GetType().String() == "COUNTER" && strings.HasPrefix(f.GetName(), "nginx_exporter_") ||
					strings.HasPrefix(f.GetName(), "process_") {
					t.Errorf("%s is in the exposition of a probe, where it would start at zero each time", f.GetName())
				}
			}
		}
	}
	proctest.Until(t, "the connections to be closed", func() bool { return nginx.open()+page404.open() == 0 })
	if got := nginx.opened.Load(); got != 2 {
		t.Errorf("two probes took %d connections", got)
	}
	if _, found := valueOf(t, c.Scrape(t.Context()), "nginx_up"); found {
		t.Error("the exposition of the collector has a target that was only probed")
	}
	bad := nginx.options(t)
	bad.Client.Timeout = -1
	if exposition, err := c.Probe(t.Context(), bad); err == nil {
		t.Errorf("a target that cannot be scraped makes the exposition %v", exposition)
	}
}
