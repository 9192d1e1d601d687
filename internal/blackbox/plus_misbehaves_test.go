//go:build linux

package blackbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/plustest"
)

// plusCase is one thing that NGINX Plus does, and what must become of it.
type plusCase struct {
	options []plustest.Option
	want    func(*testing.T, *plusPage)
	log     string // what the log must say, if that is not empty
}

func TestPlusMisbehaves(t *testing.T) {
	t.Parallel()
	for name, c := range plusCases(t) {
		for _, mode := range []string{"--nginx.mode=auto", "--nginx.plus"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				e := serve(t, startPlus(t, c.options...).uri(), mode)
				const scrapes = 3
				for range scrapes {
					c.want(t, e.scrapePlus(t))
				}
				log := e.log.String()
				if !strings.Contains(log, c.log) {
					t.Errorf("the log does not say %q:\n%s", c.log, log)
				}
				if strings.Count(log, "level=warn") > 20 {
					t.Errorf("the log is long:\n%s", log)
				}
			})
		}
	}
	for name, test := range map[string]func(*testing.T){
		"API versions 1 to 8 only":                      versionsTo8,
		"API versions 7 to 12":                          versionsTo12,
		"every endpoint 404 (nginx without the API)":    everything404,
		"every endpoint 403":                            apiForbidden,
		"stub_status text where the API should be":      stubStatusText,
		"every endpoint takes 0.8 s of the 1 s allowed": everythingSlow,
		"500 zones, 500 peers":                          manyOfAll,
		"all codes from 100 to 599, padded":             oddCodes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func plusCases(t *testing.T) map[string]plusCase {
	t.Helper()
	r34 := `{"version":"1.27.4","build":"nginx-plus-r34","address":"127.0.0.1","generation":3,` +
		`"load_timestamp":"2026-07-01T08:15:30.250Z","timestamp":"2026-07-02T09:16:31.125Z","pid":4312,"ppid":4300}`
	plain := func(options ...plustest.Option) plusCase { return plusCase{options: options, want: allCore} }
	cases := map[string]plusCase{
		"whole R34 API": {[]plustest.Option{plustest.WithDocument("nginx", r34)}, wholeR34, ""},
		"one document truncated (http/caches)": {
			[]plustest.Option{plustest.WithTruncated("http/caches")}, cachesLost("parse"), "source=http_caches",
		},
		"one document broken off (http/caches)": {
			[]plustest.Option{plustest.WithAborted("http/caches"), plustest.WithChunked()}, cachesLost("parse"), "source=http_caches",
		},
		"null documents": {[]plustest.Option{odd(t, "null_documents", "http/requests", "connections")}, nullDocuments, "source=http_caches"},
		"null members":   {[]plustest.Option{odd(t, "null_members", "http/requests", "connections")}, nullMembers, ""},
		"fields missing (older API)": plain(plustest.WithVersions(1, 2, 3), odd(t, "optional_missing"),
			plustest.WithDocument("processes", `{}`), plustest.WithDocument("slabs", `{"a":{}}`)),
		"integers between 2^53 and 2^64":                            {[]plustest.Option{bigNumbers()}, bigNumbersKept, ""},
		"integer above 2^64 in one document":                        {[]plustest.Option{tooBigNumber()}, tooBigLeftOut, ""},
		"zone and peer names with quotes, newlines, backslashes":    {[]plustest.Option{badNames()}, badNamesEscaped, ""},
		"names with invalid UTF-8 and NUL":                          {[]plustest.Option{bytesInNames()}, bytesRepaired, ""},
		"many odd names":                                            {[]plustest.Option{odd(t, "names"), odd(t, "bytes_in_names"), odd(t, "names_alike")}, upWithRequests, ""},
		"the same peer twice in one upstream (http and stream)":     {[]plustest.Option{twice()}, twiceMerged, ""},
		"the same zone names in http and stream, upstream and zone": {[]plustest.Option{odd(t, "shared_names", "http/requests", "connections")}, allCore, ""},
		"unknown peer state":                                        {[]plustest.Option{unknownState()}, unknownNotUp, ""},
		"response code the exporter does not know (418)":            {[]plustest.Option{code418()}, code418Shown, ""},
		"one endpoint 404 (http/limit_reqs: older release)":         plain(plustest.WithoutEndpoint("http/limit_reqs")),
		"one endpoint 404 although it is listed":                    plain(plustest.WithStatus("http/limit_reqs", http.StatusNotFound, "")),
		"one endpoint 500": {
			[]plustest.Option{plustest.WithStatus("http/caches", http.StatusInternalServerError, "")}, cachesLost("status"), "500",
		},
		"no stream module":                         {[]plustest.Option{plustest.WithStream(false)}, noStream, ""},
		"stream listed but every part of it 404":   {streamAllGone(), noStreamListed, "source=stream_upstreams"},
		"stream listed but /stream/ itself is 404": plain(plustest.WithStatus("stream", http.StatusNotFound, "")),
		"answers in chunks, compressed":            plain(plustest.WithChunked(), plustest.WithGzip()),
		"a document of another kind": {
			[]plustest.Option{plustest.WithRaw("http/caches", []byte("<html>\r\n<h1>It works!</h1>"))}, cachesLost("parse"), "",
		},
	}
	return cases
}

func allCore(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
}

func upWithRequests(t *testing.T, p *plusPage) {
	t.Helper()
	p.want(t, "nginxplus_up", "", 1)
	p.want(t, requestsTotal, "", core()[requestsTotal])
}

func wholeR34(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.want(t, "nginxplus_build_info", `api_version="9",build="nginx-plus-r34",version="1.27.4"`, 1)
	p.want(t, "nginxplus_server_zone_requests", `server_zone="shop.example.com"`, 1204511)
	p.want(t, "nginxplus_upstream_server_requests", `server="10.20.0.11:8080",upstream="shop"`, 610234)
	p.want(t, "nginxplus_stream_upstream_server_connections", `server="10.20.1.5:5432",upstream="pg"`, 70011)
	if families := len(p.data()); families < 142 {
		t.Errorf("the page has %d families of NGINX Plus only", families)
	}
}

func cachesLost(reason string) func(*testing.T, *plusPage) {
	return func(t *testing.T, p *plusPage) {
		t.Helper()
		p.wantCore(t, "")
		p.wantFailed(t, "http_caches", "/http/caches", reason)
		p.without(t, "nginxplus_cache_")
		p.want(t, "nginxplus_server_zone_requests", `server_zone="shop.example.com"`, 1204511)
	}
}

func nullDocuments(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.want(t, "nginx_exporter_source_success", `source="http_upstreams"`, 0)
	for _, prefix := range []string{"nginxplus_cache_", "nginxplus_upstream_", "nginxplus_server_zone_", "nginxplus_worker_", "nginxplus_ssl_"} {
		p.without(t, prefix)
	}
}

func nullMembers(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.wantAllRead(t)
	if p.dropped("invalid") == 0 {
		t.Error("the page does not tell that members made no sense")
	}
	p.want(t, "nginxplus_cache_size", `zone="c"`, 1000)
}

func bigNumbers() plustest.Option {
	return plustest.WithDocument("http/server_zones",
		`{"z":{"requests":9007199254740993,"received":18446744073709551615,"sent":9223372036854775808}}`)
}

func bigNumbersKept(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.want(t, "nginxplus_server_zone_requests", `server_zone="z"`, 9007199254740992)
	p.want(t, "nginxplus_server_zone_received", `server_zone="z"`, 18446744073709551615)
	p.want(t, "nginxplus_server_zone_sent", `server_zone="z"`, 9223372036854775808)
}

func tooBigNumber() plustest.Option {
	return plustest.WithDocument("http/server_zones", `{"z":{"requests":18446744073709551617,"received":5,"sent":1e400}}`)
}

func tooBigLeftOut(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	if got, there := p.series["nginxplus_server_zone_requests"][`server_zone="z"`]; there && got < 18446744073709551615 {
		t.Errorf("a number above 2^64 has become %v", got)
	}
	p.want(t, "nginxplus_server_zone_received", `server_zone="z"`, 5)
}

// badName tries to end its label and to bring a series of its own.
const badName = "a\"} 1\nnginxplus_up 0\ninjected{x=\"\\"

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}

func badNames() plustest.Option {
	return plustest.WithOverlay(map[string][]byte{
		"http/server_zones": fmt.Appendf(nil, `{%s:{"requests":7}}`, quoted(badName)),
		"http/upstreams": fmt.Appendf(nil, `{%s:{"peers":[{"id":0,"server":%[1]s,"name":%[1]s,"service":%[1]s,"state":"up","requests":8}],"zone":%[1]s}}`,
			quoted(badName)),
	})
}

func badNamesEscaped(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.without(t, "injected")
	p.want(t, "nginxplus_server_zone_requests", "server_zone="+fmt.Sprintf("%q", badName), 7)
	p.want(t, "nginxplus_upstream_server_requests", fmt.Sprintf("server=%q,upstream=%[1]q", badName), 8)
}

func bytesInNames() plustest.Option {
	return plustest.WithOverlay(map[string][]byte{
		"http/server_zones": []byte("{\"z\xff\xfe\":{\"requests\":7},\"n\\u0000ul\":{\"requests\":8},\"\\ud800\":{\"requests\":9}}"),
		"http/upstreams":    []byte("{\"u\xc3\":{\"peers\":[{\"id\":0,\"server\":\"\xf0\x9f\",\"state\":\"up\",\"requests\":10}]}}"),
	})
}

func bytesRepaired(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	sum := 0.0
	for _, requests := range p.series["nginxplus_server_zone_requests"] {
		sum += requests
	}
	if sum != 7+8+9 {
		t.Errorf("zones are lost: %v", p.series["nginxplus_server_zone_requests"])
	}
	if len(p.series["nginxplus_upstream_server_requests"]) != 1 {
		t.Errorf("the server is lost: %v", p.series["nginxplus_upstream_server_requests"])
	}
}

func twice() plustest.Option {
	const peers = `{"u":{"peers":[{"id":0,"server":"10.0.0.1:80","name":"a","state":"up","active":1,"requests":10,"connections":10},` +
		`{"id":1,"server":"10.0.0.1:80","name":"b","state":"down","active":2,"requests":20,"connections":20},` +
		`{"id":2,"server":"10.0.0.2:80","name":"c","state":"up","active":3,"requests":30,"connections":30}],"zone":"u"}}`
	return plustest.WithOverlay(map[string][]byte{"http/upstreams": []byte(peers), "stream/upstreams": []byte(peers)})
}

func twiceMerged(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.wantAllRead(t)
	for prefix, count := range map[string]string{"nginxplus_upstream_": "requests", "nginxplus_stream_upstream_": "connections"} {
		p.want(t, prefix+"server_"+count, `server="10.0.0.1:80",upstream="u"`, 30)
		p.want(t, prefix+"server_"+count, `server="10.0.0.2:80",upstream="u"`, 30)
		p.want(t, prefix+"server_active", `server="10.0.0.1:80",upstream="u"`, 3)
		p.want(t, prefix+"server_status", `server="10.0.0.1:80",state="down",upstream="u"`, 1)
		p.want(t, prefix+"servers", `state="up",upstream="u"`, 2)
	}
}

func unknownState() plustest.Option {
	const peers = `{"u":{"peers":[{"id":0,"server":"10.0.0.1:80","name":"a","state":"standby","active":4}]}}`
	return plustest.WithOverlay(map[string][]byte{"http/upstreams": []byte(peers), "stream/upstreams": []byte(peers)})
}

func unknownNotUp(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	for _, prefix := range []string{"nginxplus_upstream_", "nginxplus_stream_upstream_"} {
		if p.series[prefix+"server_state"][`server="10.0.0.1:80",upstream="u"`] == 1 {
			t.Errorf("%sserver_state says that the server is up", prefix)
		}
		p.want(t, prefix+"server_status", `server="10.0.0.1:80",state="up",upstream="u"`, 0)
		p.want(t, prefix+"server_active", `server="10.0.0.1:80",upstream="u"`, 4)
		p.want(t, prefix+"servers", `state="up",upstream="u"`, 0)
	}
}

func code418() plustest.Option {
	const responses = `"responses":{"1xx":0,"2xx":1,"3xx":0,"4xx":5,"5xx":0,"codes":{"200":1,"418":5},"total":6}`
	return plustest.WithOverlay(map[string][]byte{
		"http/server_zones":   []byte(`{"z":{` + responses + `}}`),
		"http/location_zones": []byte(`{"z":{` + responses + `}}`),
		"http/upstreams":      []byte(`{"u":{"peers":[{"id":0,"server":"10.0.0.1:80","state":"up",` + responses + `}]}}`),
	})
}

func code418Shown(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.want(t, "nginxplus_server_zone_responses_codes", `code="418",server_zone="z"`, 5)
	p.want(t, "nginxplus_location_zone_responses_codes", `code="418",location_zone="z"`, 5)
	p.want(t, "nginxplus_upstream_server_responses_codes", `code="418",server="10.0.0.1:80",upstream="u"`, 5)
	if got := len(p.series["nginxplus_server_zone_responses_codes"]); got != 2 {
		t.Errorf("%d codes are shown where nginx lists two", got)
	}
}

func noStream(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.without(t, "nginxplus_stream_")
}

func streamAllGone() []plustest.Option {
	parts := []plustest.Option{plustest.WithDocument("stream", `["server_zones","limit_conns","keyvals","zone_sync","upstreams"]`)}
	for _, path := range []string{"server_zones", "limit_conns", "keyvals", "zone_sync", "upstreams"} {
		parts = append(parts, plustest.WithStatus("stream/"+path, http.StatusNotFound, ""))
	}
	return parts
}

func noStreamListed(t *testing.T, p *plusPage) {
	t.Helper()
	p.wantCore(t, "")
	p.without(t, "nginxplus_stream_")
	p.want(t, "nginx_exporter_source_success", `source="stream_upstreams"`, 0)
	p.want(t, "nginx_exporter_source_success", `source="http_upstreams"`, 1)
}

// askedVersion returns the version of the API whose documents were asked for.
func askedVersion(tb testing.TB, nginx *nginxPlus) string {
	tb.Helper()
	versions := map[string]bool{}
	for path := range nginx.Requests() {
		if _, below, found := strings.Cut(path, "/api/"); found && below != "" {
			version, _, _ := strings.Cut(below, "/")
			versions[version] = true
		}
	}
	if len(versions) != 1 {
		tb.Fatalf("the versions %v were asked", versions)
	}
	return slices.Collect(maps.Keys(versions))[0]
}

func versionsTo8(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithVersions(1, 2, 3, 4, 5, 6, 7, 8))
	p := serve(t, nginx.uri()).scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.without(t, "nginxplus_worker_")
	if version := askedVersion(t, nginx); version != "8" {
		t.Errorf("version %s was asked", version)
	}
}

func versionsTo12(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithVersions(7, 8, 9, 10, 11, 12))
	p := serve(t, nginx.uri()).scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
	if version := askedVersion(t, nginx); version != "9" {
		t.Errorf("version %s was asked", version)
	}
}

func everything404(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithStatus(plustest.Every, http.StatusNotFound, ""))
	for _, mode := range []string{"--nginx.mode=auto", "--nginx.plus"} {
		e := serve(t, nginx.uri(), mode)
		for range 3 {
			p := e.scrapePlus(t)
			p.want(t, "nginx_up", "", 0)
			p.without(t, "nginx_connections_")
			if mode == "--nginx.plus" {
				p.wantPlusDown(t)
			}
		}
		if log := e.log.String(); strings.Count(log, "level=warn") != 1 || !strings.Contains(log, "404") {
			t.Errorf("the log does not name the status, in one line:\n%s", log)
		}
	}
}

// apiForbidden is the usual mistake with allow and deny.
func apiForbidden(t *testing.T) {
	t.Helper()
	e := serve(t, startPlus(t, plustest.WithStatus(plustest.Every, http.StatusForbidden, "")).uri(), "--nginx.plus")
	e.scrapePlus(t).wantPlusDown(t)
	if log := e.log.String(); !strings.Contains(log, "403") || !strings.Contains(log, "the api directive") {
		t.Errorf("the log has no advice on the API:\n%s", log)
	}
}

func stubStatusText(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithRaw(plustest.Every, []byte(usual().page())))
	e := serve(t, nginx.uri(), "--nginx.plus")
	for range 3 {
		e.scrapePlus(t).wantPlusDown(t)
	}
	if log := e.log.String(); strings.Count(log, "level=warn") != 1 || !strings.Contains(log, "stub_status") {
		t.Errorf("the log does not say what is there:\n%s", log)
	}
}

func everythingSlow(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, plustest.WithDelay(plustest.Every, 800*time.Millisecond))
	for _, mode := range []string{"--nginx.mode=auto", "--nginx.plus"} {
		e := serve(t, nginx.uri(), mode, impatient)
		for range 3 {
			a := e.get(t, "/metrics", nil)
			if a.after > timeout+slack {
				t.Errorf("%s: the page came after %s", mode, a.after)
			}
			p := readPlus(t, a)
			if p.series["nginx_up"][""] == 1 {
				p.wantCore(t, "")
			}
		}
	}
}

func manyOfAll(t *testing.T) {
	t.Helper()
	nginx := servePlus(t, plustest.Sized(plustest.Size{Upstreams: 50, Peers: 10, Zones: 500}))
	e := serve(t, nginx.uri())
	for range 3 {
		a := e.get(t, "/metrics", nil)
		if a.after > 5*time.Second {
			t.Errorf("the page came after %s", a.after)
		}
		p := readPlus(t, a)
		p.wantCore(t, "")
		p.wantAllRead(t)
		if zones, peers := len(p.series["nginxplus_server_zone_requests"]), len(p.series["nginxplus_upstream_server_requests"]); zones != 500 || peers != 500 {
			t.Errorf("%d zones, %d servers", zones, peers)
		}
	}
}

func oddCodes(t *testing.T) {
	t.Helper()
	nginx := startPlus(t, odd(t, "many_codes", "http/requests", "connections"))
	p := serve(t, nginx.uri(), "--nginx.plus.pad-codes").scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
}
