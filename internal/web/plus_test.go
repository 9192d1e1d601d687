package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/internal/config"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// samples are the series of a response, NAME{LABELS}, labels in their order.
type samples map[string]float64

// scrapePlus scrapes and checks the response: no series is duplicate, and a
// target that is down has no data.
func (e *exporter) scrapePlus(tb testing.TB, query string) samples {
	tb.Helper()
	return readSamples(tb, e.get(tb, "/metrics"+query))
}

func readSamples(tb testing.TB, recorder *httptest.ResponseRecorder) samples {
	tb.Helper()
	if recorder.Code != http.StatusOK {
		tb.Fatalf("a scrape has status %d: %s", recorder.Code, recorder.Body)
	}
	all := samples{}
	for name, family := range families(tb, recorder) {
		for _, metric := range family.GetMetric() {
			key := name + "{" + labelText(metric) + "}"
			if _, duplicate := all[key]; duplicate {
				tb.Errorf("%s is duplicate", key)
			}
			all[key] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	if up, there := all["nginxplus_up{}"]; there && (up != all["nginx_up{}"] || up == 0 && len(all.data()) > 0) {
		tb.Errorf("nginxplus_up is %v, nginx_up %v, and there is %q", up, all["nginx_up{}"], all.data())
	}
	return all
}

func labelText(metric *dto.Metric) string {
	var pairs []string
	for _, pair := range metric.GetLabel() {
		pairs = append(pairs, pair.GetName()+"="+strconv.Quote(pair.GetValue()))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// data lists the families with metrics of NGINX Plus itself.
func (s samples) data() []string {
	found := map[string]bool{}
	for key := range s {
		name, _, _ := strings.Cut(key, "{")
		if isData(key) {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// isData reports whether a series comes from a document of NGINX Plus.
func isData(key string) bool {
	return strings.HasPrefix(key, "nginxplus_") && !strings.HasPrefix(key, "nginxplus_up{") && !strings.HasPrefix(key, "nginxplus_scrape_")
}

// family counts the series of a family whose labels have all the texts.
func (s samples) family(name string, texts ...string) int {
	count := 0
	for key := range s {
		if strings.HasPrefix(key, name+"{") && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(key, text) }) {
			count++
		}
	}
	return count
}

// sum adds up the series of a family whose labels have the text.
func (s samples) sum(name, text string) float64 {
	sum := 0.0
	for key, value := range s {
		if strings.HasPrefix(key, name+"{") && strings.Contains(key, text) {
			sum += value
		}
	}
	return sum
}

func (s samples) want(tb testing.TB, want samples) {
	tb.Helper()
	for key, value := range want {
		if got, there := s[key]; got != value || !there {
			name, _, _ := strings.Cut(key, "{")
			tb.Errorf("%s is %v (there: %t), not %v; of the family there are %d", key, got, there, value, s.family(name))
		}
	}
}

func (s samples) without(tb testing.TB, prefixes ...string) {
	tb.Helper()
	for _, prefix := range prefixes {
		for key := range s {
			if strings.HasPrefix(key, prefix) {
				tb.Errorf("%s is exposed", key)
			}
		}
	}
}

// wantFailed checks that exactly these sources failed, for these reasons.
func (s samples) wantFailed(tb testing.TB, failed map[string]string) {
	tb.Helper()
	for key, success := range s {
		source, isSource := strings.CutPrefix(key, `nginx_exporter_source_success{source="`)
		if !isSource {
			continue
		}
		source, _, _ = strings.Cut(source, `"`)
		reason, want := failed[source]
		if want == (success == 1) {
			tb.Errorf("%s is %v", key, success)
		}
		if want && s[`nginx_exporter_scrape_errors_total{reason="`+reason+`",source="`+source+`"}`] == 0 {
			tb.Errorf("no error of %s has the reason %s", source, reason)
		}
	}
	for source := range failed {
		if s.family("nginx_exporter_source_success", `source="`+source+`"`) == 0 {
			tb.Errorf("the source %s is not known", source)
		}
	}
}

// core has values of the sample that must be present whatever else fails.
func core() samples {
	return samples{
		"nginx_up{}": 1, "nginxplus_up{}": 1, "nginxplus_http_requests_total{}": 2345678,
		"nginxplus_connections_accepted{}": 812345, "nginxplus_connections_active{}": 37,
	}
}

func plusDown() samples { return samples{"nginx_up{}": 0, "nginxplus_up{}": 0} }

// startPlus serves the API of a server that uses everything, unless options say
// otherwise.
func startPlus(tb testing.TB, options ...standin.Option) (*standin.Nginx, *standin.Server) {
	tb.Helper()
	api := plustest.New(options...)
	server := api.Start()
	tb.Cleanup(server.Close)
	return api, server
}

// exportPlus makes an exporter of such an API.
func exportPlus(tb testing.TB, options ...standin.Option) (*exporter, *standin.Nginx) {
	tb.Helper()
	api, server := startPlus(tb, options...)
	return newExporter(tb, configurePlus(server.URL)), api
}

func configurePlus(uri string) *config.Config {
	c := configure(uri)
	c.Nginx.Mode = "plus"
	return c
}

// odd replaces documents by those of an odd server, with exceptions.
func odd(tb testing.TB, name string, but ...string) standin.Option {
	tb.Helper()
	documents, err := plustest.Odd(name)
	if err != nil {
		tb.Fatal(err)
	}
	for _, path := range but {
		delete(documents, path)
	}
	return standin.WithOverlay(documents)
}

// badName tries to close its label value and to inject a series.
const badName = "a\"} 1\nnginxplus_up 0\ninjected{x=\"\\"

// peers are documents of upstreams of http and stream with these servers.
func peers(list string) standin.Option {
	document := []byte(`{"u":{"peers":[` + list + `],"zone":"u"}}`)
	return standin.WithOverlay(map[string][]byte{"http/upstreams": document, "stream/upstreams": document})
}

// duplicates are servers of which two have one address.
func duplicates() standin.Option {
	return peers(`{"id":0,"server":"10.0.0.1:80","name":"a","state":"up","active":1,"requests":10,"connections":10},` +
		`{"id":1,"server":"10.0.0.1:80","name":"b","state":"down","active":2,"requests":20,"connections":20},` +
		`{"id":2,"server":"10.0.0.2:80","name":"c","state":"up","active":3,"requests":30,"connections":30}`)
}

// code418 is a status code that is not in any fixed list of codes.
func code418() standin.Option {
	const responses = `"responses":{"1xx":0,"2xx":1,"3xx":0,"4xx":5,"5xx":0,"codes":{"200":1,"418":5},"total":6}`
	return standin.WithOverlay(map[string][]byte{
		"http/server_zones":   []byte(`{"z":{` + responses + `}}`),
		"http/location_zones": []byte(`{"z":{` + responses + `}}`),
		"http/upstreams":      []byte(`{"u":{"peers":[{"id":0,"server":"10.0.0.1:80","state":"up",` + responses + `}]}}`),
	})
}

func options(all ...standin.Option) []standin.Option { return all }

// plusCase is what NGINX Plus serves, and the expected result.
type plusCase struct {
	options []standin.Option
	want    samples           // besides core
	failed  map[string]string // sources by the reason; all others succeed
	without []string          // prefixes of series
	dropped string            // the reason of dropped series
}

func plusCases(tb testing.TB) map[string]plusCase {
	tb.Helper()
	keep := []string{"http/requests", "connections"}
	cachesLost := func(reason string, options ...standin.Option) plusCase {
		return plusCase{
			options: options, failed: map[string]string{"http_caches": reason}, without: []string{"nginxplus_cache_"},
			want: samples{`nginxplus_server_zone_requests{server_zone="shop.example.com"}`: 1204511, `nginxplus_scrape_endpoint_success{endpoint="/http/caches"}`: 0},
		}
	}
	streamGone := plusCase{
		options: options(standin.WithDocument("stream", `["server_zones","limit_conns","zone_sync","upstreams"]`)),
		failed:  map[string]string{}, without: []string{"nginxplus_stream_"},
	}
	for _, part := range []string{"server_zones", "limit_conns", "zone_sync", "upstreams"} {
		streamGone.options = append(streamGone.options, standin.WithStatus("stream/"+part, http.StatusNotFound, ""))
		streamGone.failed["stream_"+part] = "status"
	}
	cases := map[string]plusCase{
		"everything": {want: samples{
			`nginxplus_build_info{api_version="9",build="nginx-plus-r37.0.0",version="1.29.8"}`:   1,
			`nginxplus_server_zone_requests{server_zone="shop.example.com"}`:                      1204511,
			`nginxplus_upstream_server_requests{server="10.20.0.11:8080",upstream="shop"}`:        610234,
			`nginxplus_stream_upstream_server_connections{server="10.20.1.5:5432",upstream="pg"}`: 70011,
		}},
		"truncated document":             cachesLost("parse", standin.WithTruncated("http/caches")),
		"broken connection":              cachesLost("parse", standin.WithAborted("http/caches"), standin.WithChunked()),
		"HTML for a document":            cachesLost("parse", standin.WithRaw("http/caches", []byte("<html>\r\n<h1>It works!</h1>"))),
		"error for a document":           cachesLost("status", standin.WithStatus("http/caches", http.StatusInternalServerError, "")),
		"document is not found":          {options: options(standin.WithoutEndpoint("http/limit_reqs")), without: []string{"nginxplus_limit_request_"}},
		"stream is listed and not there": streamGone,
		"no stream":                      {options: options(plustest.WithStream(false)), without: []string{"nginxplus_stream_"}},
		"no list of stream":              {options: options(standin.WithStatus("stream", http.StatusNotFound, ""))},
		"chunks and gzip":                {options: options(standin.WithChunked(), standin.WithGzip())},
		"older API": {options: options(plustest.WithVersions(1, 2, 3), odd(tb, "optional_missing"),
			standin.WithDocument("processes", `{}`), standin.WithDocument("slabs", `{"a":{}}`))},
		"null members": {options: options(odd(tb, "null_members", keep...)), want: samples{`nginxplus_cache_size{zone="c"}`: 1000}, dropped: "invalid"},
		"numbers up to 2^64": {
			options: options(standin.WithDocument("http/server_zones",
				`{"z":{"requests":9007199254740993,"received":18446744073709551615,"sent":9223372036854775808}}`)),
			want: samples{
				`nginxplus_server_zone_requests{server_zone="z"}`: 9007199254740992, `nginxplus_server_zone_received{server_zone="z"}`: 1 << 64,
				`nginxplus_server_zone_sent{server_zone="z"}`: 1 << 63,
			},
		},
		"numbers above 2^64": {
			options: options(standin.WithDocument("http/server_zones", `{"z":{"requests":18446744073709551617,"received":5,"sent":1e400}}`)),
			want:    samples{`nginxplus_server_zone_received{server_zone="z"}`: 5},
			without: []string{"nginxplus_server_zone_requests", "nginxplus_server_zone_sent"}, dropped: "invalid",
		},
		"names with quotes and newlines": {
			options: options(standin.WithOverlay(map[string][]byte{
				"http/server_zones": fmt.Appendf(nil, `{%q:{"requests":7}}`, badName),
				"http/upstreams":    fmt.Appendf(nil, `{%q:{"peers":[{"id":0,"server":%[1]q,"name":%[1]q,"service":%[1]q,"state":"up","requests":8}],"zone":%[1]q}}`, badName),
			})),
			want: samples{
				fmt.Sprintf("nginxplus_server_zone_requests{server_zone=%q}", badName):               7,
				fmt.Sprintf("nginxplus_upstream_server_requests{server=%q,upstream=%[1]q}", badName): 8,
			},
			without: []string{"injected"},
		},
		"names that are not UTF-8": {
			options: options(standin.WithOverlay(map[string][]byte{
				"http/server_zones": []byte("{\"z\xff\":{\"requests\":7},\"n\\u0000ul\":{\"requests\":8}}"),
				"http/upstreams":    []byte("{\"u\xc3\":{\"peers\":[{\"id\":0,\"server\":\"\xf0\",\"state\":\"up\",\"requests\":10}]}}"),
			})),
			want: samples{
				"nginxplus_server_zone_requests{server_zone=\"z\uFFFD\"}": 7, `nginxplus_server_zone_requests{server_zone="n\x00ul"}`: 8,
				"nginxplus_upstream_server_requests{server=\"\uFFFD\",upstream=\"u\uFFFD\"}": 10,
			},
		},
		"zones that look alike": {options: options(odd(tb, "names_alike")), dropped: "duplicate"},
		"servers of one address": {options: options(duplicates()), want: samples{
			`nginxplus_upstream_server_requests{server="10.0.0.1:80",upstream="u"}`:                   30,
			`nginxplus_upstream_server_active{server="10.0.0.1:80",upstream="u"}`:                     3,
			`nginxplus_upstream_server_status{server="10.0.0.1:80",state="down",upstream="u"}`:        1,
			`nginxplus_upstream_servers{state="up",upstream="u"}`:                                     2,
			`nginxplus_stream_upstream_server_connections{server="10.0.0.1:80",upstream="u"}`:         30,
			`nginxplus_stream_upstream_server_connections{server="10.0.0.2:80",upstream="u"}`:         30,
			`nginxplus_stream_upstream_server_status{server="10.0.0.1:80",state="down",upstream="u"}`: 1,
		}},
		"names of http in stream": {options: options(odd(tb, "shared_names", keep...))},
		"unknown state": {options: options(peers(`{"id":0,"server":"10.0.0.1:80","name":"a","state":"standby","active":4}`)), want: samples{
			`nginxplus_upstream_server_status{server="10.0.0.1:80",state="up",upstream="u"}`:        0,
			`nginxplus_upstream_servers{state="up",upstream="u"}`:                                   0,
			`nginxplus_upstream_server_active{server="10.0.0.1:80",upstream="u"}`:                   4,
			`nginxplus_stream_upstream_server_status{server="10.0.0.1:80",state="up",upstream="u"}`: 0,
		}},
		"unknown code": {options: options(code418()), want: samples{
			`nginxplus_server_zone_responses_codes{code="418",server_zone="z"}`:                       5,
			`nginxplus_location_zone_responses_codes{code="418",location_zone="z"}`:                   5,
			`nginxplus_upstream_server_responses_codes{code="418",server="10.0.0.1:80",upstream="u"}`: 5,
		}},
		"versions 1 to 8":  {options: options(plustest.WithVersions(1, 2, 3, 4, 5, 6, 7, 8)), without: []string{"nginxplus_worker_"}},
		"versions 7 to 12": {options: options(plustest.WithVersions(7, 8, 9, 10, 11, 12)), want: samples{`nginxplus_build_info{api_version="9",build="nginx-plus-r37.0.0",version="1.29.8"}`: 1}},
	}
	return cases
}

// An odd or broken document does not affect the others.
func TestPlusOddDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range plusCases(t) {
		for _, mode := range []string{"auto", "plus"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				_, server := startPlus(t, c.options...)
				settings := configure(server.URL)
				settings.Nginx.Mode = mode
				e := newExporter(t, settings)
				for range 3 {
					c.check(t, e.scrapePlus(t, ""))
				}
				for source, reason := range c.failed {
					if got := e.log.lines(source, "reason="+reason); got != 1 {
						t.Errorf("the log names the source %s and the reason %s %d times:\n%s", source, reason, got, e.log)
					}
				}
			})
		}
	}
}

func (c *plusCase) check(t *testing.T, s samples) {
	t.Helper()
	s.want(t, core())
	s.want(t, c.want)
	s.wantFailed(t, c.failed)
	s.without(t, c.without...)
	if c.dropped != "" && s.sum("nginx_exporter_series_dropped_total", `reason="`+c.dropped+`"`) == 0 {
		t.Errorf("no series are counted as dropped because of %s", c.dropped)
	}
}

// If every document is null, those that may not be null fail.
func TestPlusNullDocuments(t *testing.T) {
	t.Parallel()
	e, _ := exportPlus(t, odd(t, "null_documents", "http/requests", "connections"))
	s := e.scrapePlus(t, "")
	s.want(t, core())
	s.want(t, samples{`nginx_exporter_source_success{source="http_upstreams"}`: 0})
	s.without(t, "nginxplus_cache_", "nginxplus_upstream_", "nginxplus_server_zone_", "nginxplus_worker_", "nginxplus_ssl_")
}

// An API that is down as a whole is logged in one line, and detected again later.
func TestPlusDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault standin.Option
		log   string
	}{
		"not found":   {standin.WithStatus(standin.Every, http.StatusNotFound, ""), "404"},
		"forbidden":   {standin.WithStatus(standin.Every, http.StatusForbidden, ""), "403"},
		"unavailable": {standin.WithStatus(standin.Every, http.StatusServiceUnavailable, ""), "503"},
		"stub_status": {standin.WithRaw(standin.Every, []byte(stubPage)), "stub_status"},
		"garbage":     {standin.WithRaw(standin.Every, []byte("<html>\x1b[31m</html>")), "reason=parse"},
		"closed":      {standin.WithAborted(standin.Every), "reason="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, api := exportPlus(t, c.fault)
			for range 20 {
				e.scrapePlus(t, "").want(t, plusDown())
			}
			if e.log.lines("level=warn") != 1 || e.log.lines("level=warn", c.log) != 1 {
				t.Errorf("the log does not have one line with %s:\n%s", c.log, e.log)
			}
			api.Set(standin.WithoutFaults())
			e.scrapePlus(t, "").want(t, core())
			api.Set(c.fault)
			for range 20 {
				e.scrapePlus(t, "").want(t, plusDown())
			}
			// Twice if lists and documents fail for different reasons.
			if got := e.log.lines("level=warn"); got > 3 {
				t.Errorf("the second outage made %d lines:\n%s", got-1, e.log)
			}
		})
	}
}

// With mode auto, a target that is neither is down.
func TestPlusNotFoundWithAuto(t *testing.T) {
	t.Parallel()
	_, server := startPlus(t, standin.WithStatus(standin.Every, http.StatusNotFound, ""))
	e := newExporter(t, configure(server.URL))
	for range 3 {
		s := e.scrapePlus(t, "")
		s.want(t, samples{"nginx_up{}": 0})
		s.without(t, "nginx_connections_", "nginxplus_connections")
	}
}

// Hundreds of zones and servers are exposed completely.
func TestPlusManyObjects(t *testing.T) {
	t.Parallel()
	server := plustest.Sized(standin.Size{Upstreams: 50, Peers: 10, Zones: 500}).Start()
	t.Cleanup(server.Close)
	s := newExporter(t, configurePlus(server.URL)).scrapePlus(t, "")
	s.want(t, core())
	s.wantFailed(t, nil)
	if zones, servers := s.family("nginxplus_server_zone_requests"), s.family("nginxplus_upstream_server_requests"); zones != 500 || servers != 500 {
		t.Errorf("%d zones, %d servers", zones, servers)
	}
}
