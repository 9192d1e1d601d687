//go:build linux

package blackbox_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/internal/plustest"
)

func TestPlusTargets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"auto finds NGINX Plus, and stub_status when it is that again":  autoChanges,
		"stub_status and NGINX Plus side by side":                       mixedTargets,
		"Prometheus asks for protobuf":                                  protobufPage,
		"counters of an nginx that was never reloaded have a beginning": createdTimestamps,
		"/probe of NGINX Plus":                                          probePlus,
		"the API behind a socket, with and without slash":               spellings,
		"counters move as those of the API":                             countersMove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// changing is a target that is NGINX Plus or a stub_status page.
type changing struct {
	api    *plustest.API
	status atomic.Bool
	only   bool // the page is at one path, and there is nothing below
}

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !c.status.Load():
		c.api.ServeHTTP(w, r)
	case c.only && r.URL.Path != "/api":
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, usual().page()) // the exporter tells what is wrong with it
	}
}

func autoChanges(t *testing.T) {
	t.Helper()
	for _, only := range []bool{false, true} {
		c := &changing{api: plustest.New(), only: only}
		server := c.api.ServeWith(listen(t, "tcp", "127.0.0.1:0"), c)
		t.Cleanup(server.Close)
		e := serve(t, uri(server.URL))
		for range 3 {
			c.status.Store(false)
			e.awaitPlus(t, func(p *plusPage) bool { return p.series["nginxplus_up"][""] == 1 })
			e.scrapePlus(t).wantCore(t, "")
			c.status.Store(true)
			e.awaitPlus(t, func(p *plusPage) bool { return p.series["nginx_connections_active"][""] > 0 })
			p := e.scrape(t)
			p.wantUp(t, "", usual())
			if _, there := p.series["nginxplus_up"]; there {
				t.Error("nginxplus_up is there although the target is a stub_status page")
			}
		}
	}
}

// awaitPlus wants the page as it should be after three scrapes at most: one
// that cannot read the documents, one that cannot read the lists, and then one
// that finds out.
func (e *exporter) awaitPlus(tb testing.TB, right func(*plusPage) bool) {
	tb.Helper()
	const most = 3
	for range most {
		if right(e.scrapePlus(tb)) {
			return
		}
	}
	tb.Fatalf("the page is not right after %d scrapes:\n%s", most, e.log)
}

func mixedTargets(t *testing.T) {
	t.Helper()
	one, other := startPlus(t), servePlus(t, plustest.Sized(plustest.S()))
	status := fakeTCP(t, always(ok(usual().page())))
	dead := "http://" + freeAddress(t) + "/api"
	e := serve(t, one.uri(), uri(status.uri), other.uri(), uri(dead))
	for range 3 {
		p := e.scrapePlus(t)
		p.wantCore(t, one.server.URL)
		p.wantCore(t, other.server.URL)
		p.want(t, "nginx_up", target(status.uri), 1)
		p.want(t, "nginx_http_requests_total", target(status.uri), float64(usual().requests))
		p.want(t, "nginx_up", target(dead), 0)
		if got := len(p.series["nginxplus_up"]); got != 2 {
			t.Errorf("nginxplus_up is there for %d targets: %v", got, p.series["nginxplus_up"])
		}
		p.want(t, "nginxplus_upstream_server_requests", target(one.server.URL)+`,server="10.20.0.11:8080",upstream="shop"`, 610234)
		if got := len(p.series["nginxplus_upstream_server_requests"]); got < 4 {
			t.Errorf("%d servers are there: %v", got, p.series["nginxplus_upstream_server_requests"])
		}
	}
}

const histogramName = "nginxplus_upstream_server_response_duration_seconds"

func protobufPage(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	for range 2 {
		a := e.get(t, "/metrics", http.Header{"Accept": {prometheusAccept()[1]}})
		if !strings.HasPrefix(a.header.Get("Content-Type"), "application/vnd.google.protobuf") {
			t.Fatalf("the page is %s", a.header.Get("Content-Type"))
		}
		p := readPlus(t, a)
		p.wantCore(t, "")
		p.wantAllRead(t)
		h := p.metrics[histogramName][`server="10.20.0.11:8080",upstream="shop"`].GetHistogram()
		const answers, buckets = 610234, 14
		if h.GetSampleCount() != answers || h.GetSampleSum() != 20750.111 || len(h.GetBucket()) != buckets {
			t.Errorf("the classic histogram is %v", h)
		}
		counted, one := int64(0), int64(0)
		for _, delta := range h.GetPositiveDelta() {
			one += delta
			counted += one
		}
		if h.GetSchema() != 2 || len(h.GetPositiveSpan()) == 0 || counted != int64(h.GetSampleCount()) { // some hundred thousand
			t.Errorf("the native histogram counts %d answers of %d: %v", counted, h.GetSampleCount(), h)
		}
		text := e.scrapePlus(t)
		if len(text.families()) != len(p.families()) {
			t.Errorf("%d families in text, %d in protobuf", len(text.families()), len(p.families()))
		}
	}
}

func createdTimestamps(t *testing.T) {
	t.Helper()
	const nginx = `{"version":"1.29.8","build":"nginx-plus-r37.0.0","generation":%d,"load_timestamp":"2026-07-01T08:15:30.250Z"}`
	accept := http.Header{"Accept": {prometheusAccept()[1]}}
	plus := startPlus(t, plustest.WithDocument("nginx", fmt.Sprintf(nginx, 1)))
	e := serve(t, plus.uri())
	created := readPlus(t, e.get(t, "/metrics", accept)).metrics[requestsTotal][""].GetCounter().GetCreatedTimestamp()
	if want := time.Date(2026, 7, 1, 8, 15, 30, 250e6, time.UTC); created == nil || !created.AsTime().Equal(want) {
		t.Errorf("the counter was created at %v, not at %s", created, want)
	}
	plus.Set(plustest.WithDocument("nginx", fmt.Sprintf(nginx, 2)))
	p := readPlus(t, e.get(t, "/metrics", accept))
	p.want(t, "nginxplus_config_reloads_total", "", 2)
	if created := p.metrics[requestsTotal][""].GetCounter().GetCreatedTimestamp(); created != nil {
		t.Errorf("after a reload nobody knows when nginx started; the page says %v", created.AsTime())
	}
}

func probePlus(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	file := plusFile(t, "targets: []\nprobe:\n  allow:\n    - cidr: 127.0.0.0/8\n")
	e := serve(t, "--config.file="+file)
	for range 3 {
		p := readPlus(t, e.get(t, "/probe?target="+nginx.server.URL, nil))
		p.wantCore(t, "")
		p.wantAllRead(t)
	}
}

func spellings(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	for _, spelling := range []string{nginx.server.URL, nginx.server.URL + "/"} {
		for _, mode := range []string{"auto", "plus"} {
			e := serve(t, uri(spelling), "--nginx.mode="+mode)
			for range 2 {
				p := e.scrapePlus(t)
				p.wantCore(t, "")
				p.wantAllRead(t)
			}
		}
	}
	socket := t.TempDir() + "/n.sock"
	api := plustest.New()
	server := api.ServeWith(listen(t, "unix", socket), api)
	t.Cleanup(server.Close)
	p := serve(t, uri("unix:"+socket+":/api"), "--nginx.addr-label=always").scrapePlus(t)
	p.wantCore(t, "unix:"+socket+":/api")
}

func countersMove(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	before := e.scrapePlus(t)
	nginx.Tick()
	after := e.scrapePlus(t)
	const answers = 10 // of a tick
	for name, labels := range map[string]string{
		requestsTotal: "", "nginxplus_server_zone_requests": `server_zone="shop.example.com"`,
		"nginxplus_upstream_server_requests": `server="10.20.0.11:8080",upstream="shop"`,
	} {
		after.want(t, name, labels, before.series[name][labels]+answers)
	}
}
