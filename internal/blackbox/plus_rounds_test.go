//go:build linux

package blackbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/internal/plustest"
)

func TestPlusRounds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"requests and connections of a scrape":                      requestsOfAScrape,
		"one endpoint hangs":                                        oneEndpointHangs,
		"each endpoint fails by itself":                             eachEndpointFails,
		"another configuration is on the page at once":              anotherConfiguration,
		"endpoints that went with the configuration":                endpointsGone,
		"nginx restarted with other API versions":                   otherVersions,
		"nginx restarted: idle connections are gone":                connectionsGone,
		"four scrapers share one round":                             fourScrapers,
		"the API is down: log volume":                               apiDown,
		"the API goes and comes":                                    apiGoesAndComes,
		"nginx gives no lists: all known is asked for":              noLists,
		"a scraper that leaves does not spoil the round of another": scraperLeaves,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func requestsOfAScrape(t *testing.T) {
	t.Helper()
	for _, mode := range []string{"--nginx.mode=auto", "--nginx.plus"} {
		nginx := startPlus(t)
		e := serve(t, nginx.uri(), mode)
		e.scrapePlus(t).wantAllRead(t)
		requests, connections := nginx.Total(), nginx.Connections()
		const scrapes = 10
		for range scrapes {
			e.scrapePlus(t).wantAllRead(t)
		}
		if got := float64(nginx.Total()-requests) / scrapes; got > 20 {
			t.Errorf("%s: a scrape is %v requests; at most 20 are wanted", mode, got)
		}
		if got := nginx.Connections() - connections; got > 0 {
			t.Errorf("%s: %d scrapes opened %d connections more", mode, scrapes, got)
		}
		for _, list := range []string{"/api", "/api/", "/api/9/", "/api/9/http/", "/api/9/stream/"} {
			// Twice is the first scrape of auto, which has to find out.
			if got := nginx.Requests()[list]; got > 2 {
				t.Errorf("%s: %s was asked for %d times in %d scrapes", mode, list, got, scrapes+1)
			}
		}
		p := e.scrapePlus(t)
		p.want(t, "nginx_exporter_nginx_requests_total", "", float64(nginx.Total()))
	}
}

func oneEndpointHangs(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	const limit = 2 * time.Second // what does not hang has to be there in time on a busy machine
	e := serve(t, nginx.uri(), "--nginx.timeout="+limit.String())
	e.scrapePlus(t).wantAllRead(t)
	for _, c := range []struct{ path, source, prefix string }{
		{"http/upstreams", "http_upstreams", "nginxplus_upstream_"},
		{"nginx", "nginx", "nginxplus_config_"},
		{"workers", "workers", "nginxplus_worker_"},
		{"stream/zone_sync", "stream_zone_sync", "nginxplus_stream_zone_sync_"},
	} {
		nginx.Set(plustest.WithoutFaults(), plustest.WithHang(c.path))
		for range 2 {
			a := e.get(t, "/metrics", nil)
			if a.after > limit+slack {
				t.Errorf("%s hangs: the page came after %s", c.path, a.after)
			}
			p := readPlus(t, a)
			p.wantCore(t, "")
			p.wantFailed(t, c.source, "/"+c.path, "timeout")
			p.without(t, c.prefix)
		}
		if !strings.Contains(e.log.String(), "source="+c.source+" reason=timeout") {
			t.Errorf("the log does not tell of %s:\n%s", c.path, e.log)
		}
	}
	nginx.Set(plustest.WithoutFaults())
	e.scrapePlus(t).wantAllRead(t)
}

// eachEndpointFails looks at what each failure costs: something, and nothing
// that another one costs.
func eachEndpointFails(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	whole := e.scrapePlus(t)
	whole.wantAllRead(t)
	costs := map[string]string{}
	for path := range nginx.Requests() {
		path, isDocument := strings.CutPrefix(path, "/api/9/")
		if path = strings.TrimSuffix(path, "/"); !isDocument || path == "" || path == "http" || path == "stream" {
			continue
		}
		nginx.Set(plustest.WithoutFaults(), plustest.WithStatus(path, http.StatusBadGateway, ""))
		p := e.scrapePlus(t)
		p.want(t, "nginxplus_up", "", 1)
		p.want(t, "nginxplus_scrape_endpoint_success", fmt.Sprintf("endpoint=%q", "/"+path), 0)
		lost := 0
		for _, name := range whole.data() {
			if len(p.series[name]) == len(whole.series[name]) {
				continue
			}
			lost++
			if other, twice := costs[name]; twice {
				t.Errorf("%s is lost with /%s and with /%s", name, path, other)
			}
			costs[name] = path
		}
		if lost == 0 {
			t.Errorf("nothing is lost without /%s", path)
		}
	}
	for _, name := range whole.data() {
		if costs[name] == "" {
			t.Errorf("%s is there without any of the documents", name)
		}
	}
}

func anotherConfiguration(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithStream(false), plustest.WithoutEndpoint("http/caches"))
	e := serve(t, nginx.uri())
	for range 2 {
		p := e.scrapePlus(t)
		p.wantCore(t, "")
		p.without(t, "nginxplus_stream_")
		p.without(t, "nginxplus_cache_")
	}
	nginx.Reload(plustest.WithStream(true), plustest.WithDocument("http/caches", string(plustest.Sample()["http/caches"])))
	p := e.scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.want(t, "nginxplus_config_reloads_total", "", 4)
	p.want(t, "nginxplus_cache_hit_responses", `zone="page_cache"`, 201001)
	p.want(t, "nginxplus_stream_upstream_server_connections", `server="10.20.1.5:5432",upstream="pg"`, 70011)
}

func endpointsGone(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	e.scrapePlus(t).wantAllRead(t)
	nginx.Reload(plustest.WithStream(false), plustest.WithoutEndpoint("http/limit_reqs"))
	for range 3 {
		p := e.scrapePlus(t)
		p.wantCore(t, "")
		p.wantAllRead(t)
		p.without(t, "nginxplus_stream_")
		p.without(t, "nginxplus_limit_request_")
	}
	if strings.Contains(e.log.String(), "level=warn") {
		t.Errorf("what is not configured any more is no failure:\n%s", e.log)
	}
}

func otherVersions(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithVersions(1, 2, 3, 4, 5, 6))
	e := serve(t, nginx.uri())
	e.scrapePlus(t).wantCore(t, "")
	for _, versions := range [][]int{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 5, 6, 7}, {8, 9, 10}} {
		nginx.server.HangUp()
		nginx.Set(plustest.WithVersions(versions...))
		for range 2 {
			p := e.scrapePlus(t)
			p.wantCore(t, "")
			p.wantAllRead(t)
		}
		nginx.Reload()
		e.scrapePlus(t)
		p := e.scrapePlus(t)
		version := min(9, slices.Max(versions))
		p.want(t, "nginxplus_build_info", fmt.Sprintf(`api_version="%d",build="nginx-plus-r37.0.0",version="1.29.8"`, version), 1)
	}
}

func connectionsGone(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	for range 5 {
		p := e.scrapePlus(t)
		p.wantCore(t, "")
		p.wantAllRead(t)
		nginx.server.HangUp()
	}
}

func fourScrapers(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithDelay("http/upstreams", time.Second))
	e := serve(t, nginx.uri())
	e.scrapePlus(t).wantAllRead(t)
	before := nginx.Total()
	var group sync.WaitGroup
	answers := make([]*answer, 4)
	for i := range answers {
		group.Go(func() { answers[i], _ = ask(t, http.MethodGet, e.url("/metrics"), nil, nil, patience) })
	}
	group.Wait()
	for _, a := range answers {
		if a == nil {
			t.Fatal("a scraper got no answer")
		}
		p := readPlus(t, a)
		p.wantCore(t, "")
		p.wantAllRead(t)
	}
	if got := nginx.Total() - before; got > 20 {
		t.Errorf("four scrapers at once are %d requests", got)
	}
	if most := nginx.MostAtOnce(); most > 10 {
		t.Errorf("nginx had %d requests at once", most)
	}
}

func apiDown(t *testing.T) {
	t.Helper()
	for name, option := range map[string]plustest.Option{
		"503":     plustest.WithStatus(plustest.Every, http.StatusServiceUnavailable, ""),
		"garbage": plustest.WithRaw(plustest.Every, []byte("<html>\x1b[31m</html>")),
		"closed":  plustest.WithAborted(plustest.Every),
	} {
		nginx := startPlus(t)
		e := serve(t, nginx.uri(), "--nginx.plus")
		e.scrapePlus(t).wantAllRead(t)
		nginx.Set(option)
		const scrapes = 20
		for range scrapes {
			e.scrapePlus(t).wantPlusDown(t)
		}
		log := e.log.String()
		// Twice is a reason that is another one for lists than for documents.
		if lines := strings.Count(log, "level=warn"); lines < 1 || lines > 2 {
			t.Errorf("%s: %d scrapes of an API that is down are %d lines:\n%s", name, scrapes, lines, log)
		}
		nginx.Set(plustest.WithoutFaults())
		e.scrapePlus(t).wantAllRead(t)
		if lines := strings.Count(e.log.String(), "nginx answers"); lines > 2 {
			t.Errorf("%s: that it is back is told in %d lines:\n%s", name, lines, e.log)
		}
	}
}

func apiGoesAndComes(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri(), "--nginx.plus")
	for i := range 10 {
		nginx.Set(plustest.WithoutFaults())
		p := e.scrapePlus(t)
		p.wantCore(t, "")
		p.wantAllRead(t)
		for path := range maps.Keys(plustest.Sample()) {
			if i%2 == 0 {
				nginx.Set(plustest.WithStatus(path, http.StatusNotFound, ""))
			} else {
				nginx.Set(plustest.WithRaw(path, nil))
			}
		}
		e.scrapePlus(t).wantPlusDown(t)
	}
	if lines := strings.Count(e.log.String(), "\n"); lines > 20 {
		t.Errorf("the log has %d lines:\n%s", lines, e.log)
	}
}

func noLists(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithRaw("http", []byte("{}")), plustest.WithStatus("stream", http.StatusForbidden, ""))
	e := serve(t, nginx.uri())
	for range 2 {
		p := e.scrapePlus(t)
		p.wantCore(t, "")
		p.want(t, "nginxplus_upstream_server_requests", `server="10.20.0.11:8080",upstream="shop"`, 610234)
		p.want(t, "nginxplus_stream_upstream_server_connections", `server="10.20.1.5:5432",upstream="pg"`, 70011)
	}
}

func scraperLeaves(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithDelay("http/upstreams", time.Second))
	e := serve(t, nginx.uri())
	e.scrapePlus(t).wantAllRead(t)
	var group sync.WaitGroup
	var whole atomic.Int64
	for i := range 6 {
		group.Go(func() {
			if i%2 == 0 {
				_, _ = ask(t, http.MethodGet, e.url("/metrics"), nil, nil, 300*time.Millisecond) // it leaves
				return
			}
			if a, err := ask(t, http.MethodGet, e.url("/metrics"), nil, nil, patience); err == nil {
				readPlus(t, a).wantAllRead(t)
				whole.Add(1)
			}
		})
	}
	group.Wait()
	if got := whole.Load(); got != 3 {
		t.Errorf("%d of 3 scrapers got their page", got)
	}
}
