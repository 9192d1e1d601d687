package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/internal/config"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// A scrape makes one request for each document, over kept connections. Lists are
// cached; the first scrape with mode auto may read them twice.
func TestPlusRequests(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "plus"} {
		api, server := startPlus(t)
		c := configure(server.URL)
		c.Nginx.Mode = mode
		e := newExporter(t, c)
		e.scrapePlus(t, "").want(t, core())
		requests := api.Total()
		const scrapes = 10
		for range scrapes {
			e.scrapePlus(t, "").wantFailed(t, nil)
		}
		if got := float64(api.Total()-requests) / scrapes; got > 20 {
			t.Errorf("%s: a scrape is %v requests; at most 20 are wanted", mode, got)
		}
		const workers = 6
		if got := api.Connections(); got > 2*workers {
			t.Errorf("%s: %d scrapes opened %d connections", mode, scrapes+1, got)
		}
		for _, list := range []string{"/api", "/api/", "/api/9/", "/api/9/http/", "/api/9/stream/"} {
			if got := api.Requests()[list]; got > 2 {
				t.Errorf("%s: %s was requested %d times in %d scrapes", mode, list, got, scrapes+1)
			}
		}
		s := e.scrapePlus(t, "")
		s.want(t, samples{"nginx_exporter_nginx_requests_total{}": float64(api.Total())})
	}
}

// Documents that hang time out after 80% of the timeout of the target, and the
// others are exposed.
func TestPlusDocumentsHang(t *testing.T) {
	t.Parallel()
	_, server := startPlus(t, standin.WithHang("http/upstreams"), standin.WithHang("nginx"), standin.WithHang("stream/zone_sync"))
	c := configurePlus(server.URL)
	c.Nginx.Timeout = 15 * time.Second // enough for the other documents on a busy machine
	s := newExporter(t, c).scrapePlus(t, "")
	s.want(t, core())
	s.wantFailed(t, map[string]string{"http_upstreams": "timeout", "nginx": "timeout", "stream_zone_sync": "timeout"})
	s.without(t, "nginxplus_upstream_", "nginxplus_config_", "nginxplus_stream_zone_sync_")
}

// The timeout is that of a whole scrape, not of each document: nginx takes most
// of it for each one, and there are more documents than workers.
func TestPlusEverythingIsSlow(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second
	_, server := startPlus(t, standin.WithDelay(standin.Every, 8*timeout/10))
	c := configurePlus(server.URL)
	c.Nginx.Timeout = timeout
	s := newExporter(t, c).scrapePlus(t, "")
	lists, documents := 4, 19.0
	if got := s.sum("nginx_exporter_source_success", ""); got == documents {
		t.Errorf("%d lists and %v documents were read in the time of one", lists, got)
	}
}

// Each failure removes series, and none that another failure removes.
func TestPlusEachDocumentFails(t *testing.T) {
	t.Parallel()
	e, api := exportPlus(t)
	whole := e.scrapePlus(t, "")
	whole.wantFailed(t, nil)
	costs := map[string]string{}
	for path := range api.Requests() {
		path, isDocument := strings.CutPrefix(path, "/api/9/")
		if path = strings.TrimSuffix(path, "/"); !isDocument || path == "" || path == "http" || path == "stream" {
			continue
		}
		api.Set(standin.WithoutFaults(), standin.WithStatus(path, http.StatusBadGateway, ""))
		s := e.scrapePlus(t, "")
		s.want(t, samples{"nginxplus_up{}": 1, fmt.Sprintf("nginxplus_scrape_endpoint_success{endpoint=%q}", "/"+path): 0})
		lost := 0
		for _, name := range whole.data() {
			if s.family(name) == whole.family(name) {
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
			t.Errorf("%s is exposed without any of the documents", name)
		}
	}
}

// A reload of nginx adds and removes objects at once, without a warning; a restart
// may change the API version and closes connections.
func TestPlusReloads(t *testing.T) {
	t.Parallel()
	caches := standin.WithDocument("http/caches", string(plustest.Sample()["http/caches"]))
	e, api := exportPlus(t, plustest.WithStream(false), standin.WithoutEndpoint("http/caches"))
	s := e.scrapePlus(t, "")
	s.want(t, core())
	s.without(t, "nginxplus_stream_", "nginxplus_cache_")
	for range 2 {
		api.Set(plustest.WithReload(), plustest.WithStream(true), caches)
		s = e.scrapePlus(t, "")
		s.wantFailed(t, nil)
		s.want(t, samples{
			`nginxplus_cache_hit_responses{zone="page_cache"}`:                                    201001,
			`nginxplus_stream_upstream_server_connections{server="10.20.1.5:5432",upstream="pg"}`: 70011,
		})
		api.Set(plustest.WithReload(), plustest.WithStream(false), standin.WithoutEndpoint("http/caches"), standin.WithoutEndpoint("http/limit_reqs"))
		s = e.scrapePlus(t, "")
		s.wantFailed(t, nil)
		s.without(t, "nginxplus_stream_", "nginxplus_cache_", "nginxplus_limit_request_")
	}
	if e.log.lines("level=warn") > 0 {
		t.Errorf("what is not configured any more is not a failure:\n%s", e.log)
	}
}

func TestPlusRestarts(t *testing.T) {
	t.Parallel()
	api, server := startPlus(t, plustest.WithVersions(1, 2, 3, 4, 5, 6))
	e := newExporter(t, configure(server.URL))
	e.scrapePlus(t, "").want(t, core())
	for _, versions := range [][]int{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 5, 6, 7}, {8, 9, 10}} {
		server.HangUp()
		api.Set(plustest.WithVersions(versions...))
		api.Set(plustest.WithReload())
		for range 2 {
			e.scrapePlus(t, "").want(t, core())
		}
		version := min(9, slices.Max(versions))
		e.scrapePlus(t, "").want(t, samples{fmt.Sprintf(`nginxplus_build_info{api_version="%d",build="nginx-plus-r37.0.0",version="1.29.8"}`, version): 1})
	}
}

// Documents come and go while their lists stay.
func TestPlusGoesAndComes(t *testing.T) {
	t.Parallel()
	e, api := exportPlus(t)
	for i := range 10 {
		api.Set(standin.WithoutFaults())
		s := e.scrapePlus(t, "")
		s.want(t, core())
		s.wantFailed(t, nil)
		for path := range plustest.Sample() {
			if i%2 == 0 {
				api.Set(standin.WithStatus(path, http.StatusNotFound, ""))
			} else {
				api.Set(standin.WithRaw(path, nil))
			}
		}
		e.scrapePlus(t, "").want(t, plusDown())
	}
	if lines := e.log.lines(); lines > 20 {
		t.Errorf("the log has %d lines:\n%s", lines, e.log)
	}
}

// Without lists every known document is requested.
func TestPlusWithoutLists(t *testing.T) {
	t.Parallel()
	e, _ := exportPlus(t, standin.WithRaw("http", []byte("{}")), standin.WithStatus("stream", http.StatusForbidden, ""))
	for range 2 {
		s := e.scrapePlus(t, "")
		s.want(t, core())
		s.want(t, samples{
			`nginxplus_upstream_server_requests{server="10.20.0.11:8080",upstream="shop"}`:        610234,
			`nginxplus_stream_upstream_server_connections{server="10.20.1.5:5432",upstream="pg"}`: 70011,
		})
	}
}

// gate holds the requests for one document back until it is opened.
type gate struct {
	http.Handler
	path string
	held atomic.Int64
	open chan struct{}
}

// ServeHTTP implements [http.Handler].
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.TrimSuffix(r.URL.Path, "/") == g.path {
		g.held.Add(1)
		select {
		case <-g.open:
		case <-r.Context().Done():
		}
	}
	g.Handler.ServeHTTP(w, r)
}

// Concurrent scrapers share the requests to nginx, and one that leaves does not
// affect the others.
func TestPlusScrapersShare(t *testing.T) {
	t.Parallel()
	api := plustest.New()
	g := &gate{Handler: api, path: "/api/9/http/upstreams", open: make(chan struct{})}
	server := api.ServeWith(listen(t, "tcp", "127.0.0.1:0"), g)
	t.Cleanup(server.Close)
	e := newExporter(t, configurePlus(server.URL))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s := e.scrapePlus(t, "")
			s.want(t, core())
			s.wantFailed(t, nil)
		})
	}
	eventually(t, "a scrape to reach nginx", func() bool { return g.held.Load() > 0 })
	leaving := make(chan struct{})
	leave := httptest.NewRequestWithContext(cancelled(t), http.MethodGet, "/metrics", http.NoBody)
	go func() {
		defer close(leaving)
		e.Handler().ServeHTTP(httptest.NewRecorder(), leave)
	}()
	<-leaving
	close(g.open)
	group.Wait()
	if most := api.MostAtOnce(); most > 10 {
		t.Errorf("nginx had %d requests at once", most)
	}
	// A later scraper starts a scrape of its own.
	if got := g.held.Load(); got > 4 {
		t.Errorf("five scrapers requested a document %d times", got)
	}
}

// Only the sources that a scraper names are requested.
func TestPlusChosenSources(t *testing.T) {
	t.Parallel()
	e, api := exportPlus(t)
	e.scrapePlus(t, "").want(t, core())
	for query, want := range map[string]struct {
		families []string // all of them if empty
		without  string
		path     string // which is not requested
	}{
		"?collect[]=http_requests&collect[]=connections": {families: []string{
			"nginxplus_connections_accepted", "nginxplus_connections_active", "nginxplus_connections_dropped",
			"nginxplus_connections_idle", "nginxplus_http_requests_current", "nginxplus_http_requests_total",
		}, path: "/api/9/ssl"},
		"?collect[]=http_keyvals":     {without: "nginxplus_keyval_", path: "/api/9/http/keyvals"}, // off by default
		"?exclude[]=http_upstreams":   {without: "nginxplus_upstream_", path: "/api/9/http/upstreams"},
		"?exclude[]=stream_upstreams": {without: "nginxplus_stream_upstream_", path: "/api/9/stream/upstreams"},
	} {
		before := api.Requests()[want.path]
		s := e.scrapePlus(t, query)
		if got := s.data(); want.families != nil && !slices.Equal(got, want.families) {
			t.Errorf("%s: the families are %q", query, got)
		}
		if want.without != "" {
			s.without(t, want.without)
		}
		if api.Requests()[want.path] != before {
			t.Errorf("%s: %s was requested", query, want.path)
		}
	}
}

// Sources can differ between targets. One that is off is not requested, and no key
// of a key-value zone is exposed.
func TestPlusSourcesOfTargets(t *testing.T) {
	t.Parallel()
	one, oneServer := startPlus(t)
	_, otherServer := startPlus(t)
	c := configure("")
	c.File = file(t, "config.yml", fmt.Sprintf(`targets:
  - {uri: %q, name: one, collectors: {http_keyvals: true, http_upstreams: false}}
  - {uri: %q, name: other, mode: plus}
`, oneServer.URL, otherServer.URL))
	recorder := newExporter(t, c).get(t, "/metrics")
	s := readSamples(t, recorder)
	s.want(t, samples{
		`nginxplus_http_requests_total{addr="one"}`: 2345678, `nginxplus_http_requests_total{addr="other"}`: 2345678,
		`nginxplus_keyval_pairs{addr="one",zone="blocklist"}`:                                       3,
		`nginxplus_upstream_server_requests{addr="other",server="10.20.0.11:8080",upstream="shop"}`: 610234,
	})
	if s.family("nginxplus_keyval_pairs", `addr="other"`)+s.family("nginxplus_upstream_zombies", `addr="one"`) != 0 {
		t.Error("a source is on that should be off")
	}
	for path := range one.Requests() {
		if strings.Contains(path, "/http/upstreams") {
			t.Errorf("%s was requested", path)
		}
	}
	if strings.Contains(recorder.Body.String(), "203.0.113.4") {
		t.Error("a key of a key-value zone is shown")
	}
}

// Filters match the whole names of zones, upstreams and servers.
func TestPlusFilters(t *testing.T) {
	t.Parallel()
	_, server := startPlus(t)
	for name, want := range map[string]struct {
		change func(*config.Nginx)
		family string
		labels []string // a part of each series that is left
	}{
		"zones":              {func(n *config.Nginx) { n.Filter.IncludeZones = "shop.*" }, "nginxplus_server_zone_requests", []string{"shop.example.com"}},
		"part of a name":     {func(n *config.Nginx) { n.Filter.IncludeZones = "shop" }, "nginxplus_server_zone_requests", nil},
		"not zones":          {func(n *config.Nginx) { n.Filter.ExcludeZones = "status|page_cache" }, "nginxplus_server_zone_requests", []string{"shop.example.com"}},
		"not caches":         {func(n *config.Nginx) { n.Filter.ExcludeZones = "status|page_cache" }, "nginxplus_cache_size", []string{"api_cache"}},
		"upstreams":          {func(n *config.Nginx) { n.Filter.IncludeUpstreams = "c.*" }, "nginxplus_upstream_zombies", []string{"cart"}},
		"not upstreams":      {func(n *config.Nginx) { n.Filter.ExcludeUpstreams = "c.*" }, "nginxplus_upstream_zombies", []string{"shop"}},
		"not stream":         {func(n *config.Nginx) { n.Filter.ExcludeUpstreams = "pg" }, "nginxplus_stream_upstream_server_connections", nil},
		"servers":            {func(n *config.Nginx) { n.Filter.IncludeServers = `10\.20\.0\.11:.*` }, "nginxplus_upstream_server_requests", []string{"10.20.0.11:8080"}},
		"not servers, names": {func(n *config.Nginx) { n.Filter.ExcludeServers = "shop-b.*" }, "nginxplus_upstream_server_requests", []string{"10.20.0.11:8080", "10.20.0.99:8080", "cart.sock"}},
	} {
		c := configurePlus(server.URL)
		want.change(&c.Nginx)
		s := newExporter(t, c).scrapePlus(t, "")
		s.want(t, core())
		if got := s.family(want.family); got != len(want.labels) {
			t.Errorf("%s: %d series, not those of %q", name, got, want.labels)
		}
		for _, text := range want.labels {
			if s.family(want.family, text) == 0 {
				t.Errorf("%s: %s is missing", name, text)
			}
		}
	}
}

// A limit drops series and counts them; without one nothing is dropped.
func TestPlusMaxSeries(t *testing.T) {
	t.Parallel()
	server := plustest.Sized(standin.Size{Upstreams: 5, Peers: 5, Zones: 20}).Start()
	t.Cleanup(server.Close)
	series := func(s samples) (count int) {
		for key := range s {
			if isData(key) {
				count++
			}
		}
		return count
	}
	const limit, dropped = 500, "nginx_exporter_series_dropped_total"
	c := configurePlus(server.URL)
	whole := newExporter(t, c).scrapePlus(t, "")
	c.Nginx.Filter.MaxSeries = limit
	e, before := newExporter(t, c), 0.0
	for range 3 {
		s := e.scrapePlus(t, "")
		s.wantFailed(t, nil)
		left, over := series(s), s.sum(dropped, `reason="limit"`)
		if left > limit || left < limit/2 || over-before != float64(series(whole)-left) {
			t.Errorf("%d series are left of %d, %v are counted as dropped", left, series(whole), over-before)
		}
		before = over
	}
	if got := whole.sum(dropped, ""); got != 0 {
		t.Errorf("%v series are dropped without a limit", got)
	}
}

// --nginx.plus.server-id distinguishes servers of one address, and
// --nginx.plus.pad-codes shows the codes of the old exporter and others.
func TestPlusServerIDAndCodes(t *testing.T) {
	t.Parallel()
	_, server := startPlus(t, duplicates())
	c := configurePlus(server.URL)
	c.Nginx.ServerID = true
	s := newExporter(t, c).scrapePlus(t, "")
	for id, value := range map[string]float64{"0": 10, "1": 20} {
		s.want(t, samples{
			fmt.Sprintf(`nginxplus_upstream_server_requests{id=%q,server="10.0.0.1:80",upstream="u"}`, id):           value,
			fmt.Sprintf(`nginxplus_stream_upstream_server_connections{id=%q,server="10.0.0.1:80",upstream="u"}`, id): value,
		})
	}
	_, server = startPlus(t, odd(t, "duplicate_ids"))
	c.Nginx.ScrapeURIs = []string{server.URL}
	if s := newExporter(t, c).scrapePlus(t, ""); s.sum("nginx_exporter_series_dropped_total", `reason="duplicate"`) == 0 {
		t.Error("servers with one id and one address are not counted as dropped")
	}
	_, server = startPlus(t, code418())
	c = configurePlus(server.URL)
	c.Nginx.PadCodes = true
	s = newExporter(t, c).scrapePlus(t, "")
	const codes = "nginxplus_server_zone_responses_codes"
	s.want(t, samples{codes + `{code="418",server_zone="z"}`: 5, codes + `{code="507",server_zone="z"}`: 0})
	if got := s.family(codes); got != 41 {
		t.Errorf("%d codes are shown", got)
	}
}

// changing alternates between NGINX Plus and stub_status.
type changing struct {
	api    *standin.Nginx
	status atomic.Bool
	only   bool // stub_status is at one path, without subpaths
}

// ServeHTTP implements [http.Handler].
func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !c.status.Load():
		c.api.ServeHTTP(w, r)
	case c.only && r.URL.Path != "/api":
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, stubPage) // the exporter may have disconnected
	}
}

// Mode auto follows a target that changes its type, within three scrapes: one fails
// to read documents, one to read the lists, the third detects the type.
func TestPlusDetection(t *testing.T) {
	t.Parallel()
	for _, only := range []bool{false, true} {
		c := &changing{api: plustest.New(), only: only}
		server := c.api.ServeWith(listen(t, "tcp", "127.0.0.1:0"), c)
		t.Cleanup(server.Close)
		e := newExporter(t, configure(server.URL))
		await := func(series string) {
			for range 3 {
				if s := e.scrapePlus(t, ""); s[series] > 0 {
					return
				}
			}
			t.Errorf("no %s after 3 scrapes:\n%s", series, e.log)
		}
		for range 3 {
			c.status.Store(false)
			await("nginxplus_connections_active{}")
			e.scrapePlus(t, "").want(t, core())
			c.status.Store(true)
			await("nginx_connections_active{}")
			e.scrapePlus(t, "").without(t, "nginxplus_")
		}
	}
}

// stub_status, two NGINX Plus and a target that is down are distinguished.
func TestPlusBesideStubStatus(t *testing.T) {
	t.Parallel()
	_, one := startPlus(t)
	other := plustest.Sized(standin.S()).Start()
	t.Cleanup(other.Close)
	status := startNginx(t, nil)
	c := configure(one.URL)
	c.Nginx.ScrapeURIs = append(c.Nginx.ScrapeURIs, status.URL, other.URL, "http://127.0.0.1:1/")
	e := newExporter(t, c)
	for range 3 {
		s := e.scrapePlus(t, "")
		addr := func(name, uri string) string { return fmt.Sprintf("%s{addr=%q}", name, uri) }
		s.want(t, samples{
			addr("nginxplus_http_requests_total", one.URL): 2345678, addr("nginxplus_http_requests_total", other.URL): 2345678,
			addr("nginx_up", status.URL): 1, addr("nginx_up", "http://127.0.0.1:1/"): 0,
		})
		if s.family("nginxplus_up") != 2 || s.family("nginx_http_requests_total") != 1 {
			t.Errorf("nginxplus_up of %d targets, nginx_http_requests_total of %d", s.family("nginxplus_up"), s.family("nginx_http_requests_total"))
		}
	}
}

// The API is found with and without a slash, on a unix socket, and by /probe.
func TestPlusAddresses(t *testing.T) {
	t.Parallel()
	_, server := startPlus(t)
	api, socket := plustest.New(), t.TempDir()+"/n.sock"
	unix := api.ServeWith(listen(t, "unix", socket), api)
	t.Cleanup(unix.Close)
	for _, uri := range []string{server.URL, server.URL + "/", "unix:" + socket + ":/api", "unix:" + socket + ":/api/"} {
		for _, mode := range []string{"auto", "plus"} {
			c := configure(uri)
			c.Nginx.Mode = mode
			s := newExporter(t, c).scrapePlus(t, "")
			s.want(t, core())
			s.wantFailed(t, nil)
		}
	}
	c := configure(server.URL)
	c.File = file(t, "config.yml", "targets: []\nprobe: {allow: [{cidr: 127.0.0.0/8}]}\n")
	readSamples(t, newExporter(t, c).get(t, probe(server.URL, ""))).want(t, core())
}

// Native histograms and creation timestamps are exposed as protobuf.
func TestPlusProtobuf(t *testing.T) {
	t.Parallel()
	const nginx = `{"version":"1.29.8","build":"nginx-plus-r37.0.0","generation":%d,"load_timestamp":"2026-07-01T08:15:30.250Z"}`
	e, api := exportPlus(t, standin.WithDocument("nginx", fmt.Sprintf(nginx, 1)))
	metric := func(family, labels string) *dto.Metric {
		recorder := e.do(t, http.MethodGet, "/metrics", http.Header{"Accept": {acceptProto}})
		for _, metric := range families(t, recorder)[family].GetMetric() {
			if labelText(metric) == labels {
				return metric
			}
		}
		t.Fatalf("there is no %s{%s}", family, labels)
		return nil
	}
	h := metric("nginxplus_upstream_server_response_duration_seconds", `server="10.20.0.11:8080",upstream="shop"`).GetHistogram()
	counted, bucket := int64(0), int64(0)
	for _, delta := range h.GetPositiveDelta() {
		bucket += delta
		counted += bucket
	}
	if h.GetSampleCount() != 610234 || counted != 610234 || h.GetSampleSum() != 20750.111 || len(h.GetBucket()) != 14 || h.GetSchema() != 2 {
		t.Errorf("the histogram is %v", h)
	}
	created := metric("nginxplus_http_requests_total", "").GetCounter().GetCreatedTimestamp()
	if want := time.Date(2026, 7, 1, 8, 15, 30, 250e6, time.UTC); created == nil || !created.AsTime().Equal(want) {
		t.Errorf("the counter was created at %v, not at %s", created, want)
	}
	api.Set(standin.WithDocument("nginx", fmt.Sprintf(nginx, 2)))
	if created := metric("nginxplus_http_requests_total", "").GetCounter().GetCreatedTimestamp(); created != nil {
		t.Errorf("after a reload the time of creation is not known, and is %v", created.AsTime())
	}
}

// Counters follow those of nginx.
func TestPlusCountersMove(t *testing.T) {
	t.Parallel()
	e, api := exportPlus(t)
	before := e.scrapePlus(t, "")
	api.Tick()
	after := e.scrapePlus(t, "")
	const tick = 10 // requests
	for _, key := range []string{
		"nginxplus_http_requests_total{}", `nginxplus_server_zone_requests{server_zone="shop.example.com"}`,
		`nginxplus_upstream_server_requests{server="10.20.0.11:8080",upstream="shop"}`,
	} {
		after.want(t, samples{key: before[key] + tick})
	}
}
