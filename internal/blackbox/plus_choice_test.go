//go:build linux

package blackbox_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/plustest"
)

func TestPlusChoice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"?collect[]= reads what it names":                        collectNamed,
		"?exclude[]= leaves out what it names":                   excludeNamed,
		"sources switched on and off by flags":                   sourcesByFlags,
		"every source by itself, off and on":                     everySource,
		"sources switched on and off per target in the file":     sourcesInFile,
		"zones, upstreams and servers by pattern":                byPattern,
		"patterns that are none":                                 badPatterns,
		"a limit on series":                                      limitOnSeries,
		"servers with one address told apart by id":              byID,
		"codes padded":                                           codesPadded,
		"a document above --nginx.plus.max-document":             tooLarge,
		"zones with one name once names are repaired: one stays": namesAlike,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// families returns the names of the families that come from documents, sorted.
func (p *plusPage) families() []string {
	names := p.data()
	slices.Sort(names)
	return names
}

func collectNamed(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	e.scrapePlus(t).wantAllRead(t)
	before := nginx.Requests()
	p := e.scrapePlus(t, "collect[]=http_requests", "collect[]=connections")
	p.wantCore(t, "")
	want := []string{
		accepted, "nginxplus_connections_active", "nginxplus_connections_dropped", "nginxplus_connections_idle",
		"nginxplus_http_requests_current", requestsTotal,
	}
	if got := p.families(); !slices.Equal(got, want) {
		t.Errorf("the families are %q", got)
	}
	after := nginx.Requests()
	for _, path := range []string{"/api/9/http/upstreams", "/api/9/http/upstreams/", "/api/9/ssl"} {
		if after[path] != before[path] {
			t.Errorf("%s was asked for", path)
		}
	}
	// What nobody switched on stays off, and the page stays one.
	e.scrapePlus(t, "collect[]=http_keyvals").without(t, "nginxplus_keyval_")
	if a := e.get(t, "/metrics?collect[]=upstream", nil); a.status != http.StatusBadRequest {
		t.Errorf("a source that is none has status %d", a.status)
	}
	if a := e.get(t, "/metrics?collect[]=ssl&exclude[]=ssl", nil); a.status != http.StatusBadRequest {
		t.Errorf("collect[] and exclude[] together have status %d", a.status)
	}
	e.scrapePlus(t).wantAllRead(t)
}

func excludeNamed(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri())
	p := e.scrapePlus(t, "exclude[]=http_upstreams", "exclude[]=stream_upstreams")
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.without(t, "nginxplus_upstream_")
	p.without(t, "nginxplus_stream_upstream_")
	p.want(t, "nginxplus_server_zone_requests", `server_zone="shop.example.com"`, 1204511)
	for path := range nginx.Requests() {
		if strings.Contains(path, "upstreams") {
			t.Errorf("%s was asked for", path)
		}
	}
}

func sourcesByFlags(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	e := serve(t, nginx.uri(), "--collector.http_keyvals", "--collector.nginx_process", "--no-collector.http_upstreams", "--no-collector.workers")
	p := e.scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
	p.want(t, "nginxplus_keyval_pairs", `zone="blocklist"`, 3)
	p.want(t, "nginxplus_master_process_id", "", 4300)
	p.without(t, "nginxplus_upstream_")
	p.without(t, "nginxplus_worker_")
	for path := range nginx.Requests() {
		if strings.Contains(path, "/http/upstreams") || strings.Contains(path, "/workers") {
			t.Errorf("%s was asked for", path)
		}
	}
	if strings.Contains(string(e.get(t, "/metrics", nil).body), "203.0.113.4") {
		t.Error("a key of a key-value zone is on the page")
	}
}

// everySource takes the names of the sources from the page, and switches one
// after another off.
func everySource(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	whole := serve(t, nginx.uri()).scrapePlus(t)
	var off []string
	for labels := range whole.series["nginx_exporter_source_success"] {
		name := strings.Trim(strings.TrimPrefix(labels, "source="), `"`)
		if name == "api" || name == "nginx" {
			continue
		}
		off = append(off, "--no-collector."+name)
		p := serve(t, nginx.uri(), off[len(off)-1]).scrapePlus(t)
		p.wantAllRead(t)
		if _, there := p.series["nginx_exporter_source_success"][labels]; there {
			t.Errorf("%s was read although it is off", name)
		}
		if len(p.families()) >= len(whole.families()) {
			t.Errorf("nothing is missing with %s", off[len(off)-1])
		}
	}
	const sources = 18
	if len(off) < sources {
		t.Errorf("there are only %d sources: %q", len(off), off)
	}
	p := serve(t, append(off, nginx.uri())...).scrapePlus(t)
	p.want(t, "nginxplus_up", "", 1)
	for _, name := range p.families() {
		if !strings.HasPrefix(name, "nginxplus_config_") && name != "nginxplus_build_info" {
			t.Errorf("%s is there with everything off", name)
		}
	}
}

func sourcesInFile(t *testing.T) {
	t.Helper()
	one, other := startPlus(t), startPlus(t)
	text := fmt.Sprintf(`targets:
  - uri: %s
    name: one
    collectors: {http_keyvals: true, http_upstreams: false}
  - uri: %s
    name: other
    mode: plus
`, one.server.URL, other.server.URL)
	p := serve(t, "--config.file="+plusFile(t, text), "--no-collector.ssl").scrapePlus(t)
	p.wantCore(t, "one")
	p.wantCore(t, "other")
	p.without(t, "nginxplus_ssl_")
	p.want(t, "nginxplus_keyval_pairs", `addr="one",zone="blocklist"`, 3)
	p.want(t, "nginxplus_upstream_server_requests", `addr="other",server="10.20.0.11:8080",upstream="shop"`, 610234)
	if got := len(p.series["nginxplus_keyval_pairs"]) - len(p.series["nginxplus_upstream_zombies"]); got != 0 {
		t.Errorf("key-value zones of the one and upstreams of the other: %v, %v",
			p.series["nginxplus_keyval_pairs"], p.series["nginxplus_upstream_zombies"])
	}
	wrong := strings.Replace(text, "http_keyvals", "http_keyval", 1)
	if line := refuses(t, "--config.file="+plusFile(t, wrong)); !strings.Contains(line, "http_keyval") {
		t.Errorf("the line does not name the source: %s", line)
	}
}

// plusFile writes a configuration file.
func plusFile(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "exporter.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func byPattern(t *testing.T) {
	t.Helper()
	nginx := startPlus(t)
	for _, c := range []struct {
		flags  []string
		family string
		want   []string // parts of the labels that are left
	}{
		{[]string{"--nginx.plus.zone-include=shop.*"}, "nginxplus_server_zone_requests", []string{"shop.example.com"}},
		{[]string{"--nginx.plus.zone-include=shop"}, "nginxplus_server_zone_requests", nil},
		{[]string{"--nginx.plus.zone-exclude=status|page_cache"}, "nginxplus_server_zone_requests", []string{"shop.example.com"}},
		{[]string{"--nginx.plus.zone-exclude=status|page_cache"}, "nginxplus_cache_size", []string{"api_cache"}},
		{[]string{"--nginx.plus.zone-exclude=status|page_cache"}, "nginxplus_upstream_zombies", []string{"cart", "shop"}},
		{[]string{"--nginx.plus.upstream-include=c.*"}, "nginxplus_upstream_zombies", []string{"cart"}},
		{[]string{"--nginx.plus.upstream-exclude=c.*"}, "nginxplus_upstream_zombies", []string{"shop"}},
		{[]string{"--nginx.plus.upstream-exclude=pg"}, "nginxplus_stream_upstream_server_connections", nil},
		{[]string{"--nginx.plus.peer-include=10\\.20\\.0\\.11:.*"}, "nginxplus_upstream_server_requests", []string{"10.20.0.11:8080"}},
		{[]string{"--nginx.plus.peer-exclude=shop-b.*"}, "nginxplus_upstream_server_requests", []string{"10.20.0.11:8080", "10.20.0.99:8080", "cart.sock"}},
	} {
		p := serve(t, append(c.flags, nginx.uri())...).scrapePlus(t)
		p.wantAllRead(t)
		p.want(t, requestsTotal, "", core()[requestsTotal])
		if got := len(p.series[c.family]); got != len(c.want) {
			t.Errorf("%q: %d series, not those of %q: %v", c.flags, got, c.want, p.series[c.family])
		}
		for _, part := range c.want {
			if !strings.Contains(fmt.Sprint(p.series[c.family]), part) {
				t.Errorf("%q: %s is not in %v", c.flags, part, p.series[c.family])
			}
		}
	}
}

func badPatterns(t *testing.T) {
	t.Helper()
	for _, flag := range []string{
		"--nginx.plus.zone-include=(", "--nginx.plus.zone-exclude=[", "--nginx.plus.upstream-include=*", "--nginx.plus.peer-exclude=a{2,1}",
		"--nginx.plus.max-series=-1", "--nginx.plus.max-document=0",
	} {
		name, _, _ := strings.Cut(flag, "=")
		if line := refuses(t, flag); !strings.Contains(line, name) {
			t.Errorf("%s is refused without being named: %s", flag, line)
		}
	}
}

func limitOnSeries(t *testing.T) {
	t.Helper()
	nginx := servePlus(t, plustest.Sized(plustest.M()))
	const limit = 1000
	whole := serve(t, nginx.uri()).scrapePlus(t)
	limited := serve(t, nginx.uri(), fmt.Sprint("--nginx.plus.max-series=", limit))
	left, before := 0, 0.0
	for i := range 3 {
		p := limited.scrapePlus(t)
		p.want(t, "nginxplus_up", "", 1)
		p.wantAllRead(t)
		left = p.dataSeries()
		if left > limit || left < limit/2 {
			t.Errorf("%d series are left of %d", left, whole.dataSeries())
		}
		over := p.dropped("limit") - before
		if want := float64(whole.dataSeries() - left); over != want {
			t.Errorf("scrape %d: the counter grew by %v; %v series are missing", i, over, want)
		}
		before = p.dropped("limit")
	}
	if got := whole.dropped("limit"); got != 0 {
		t.Errorf("%v series are dropped without a limit", got)
	}
}

// dataSeries counts the series that come from documents.
func (p *plusPage) dataSeries() int {
	n := 0
	for line := range strings.Lines(p.text) {
		if strings.HasPrefix(line, "nginxplus_") && !strings.HasPrefix(line, "nginxplus_up") && !strings.HasPrefix(line, "nginxplus_scrape_") ||
			strings.HasPrefix(line, "nginxplus_upstream_") {
			n++
		}
	}
	return n
}

func byID(t *testing.T) {
	t.Helper()
	e := serve(t, startPlus(t, twice()).uri(), "--nginx.plus.server-id")
	p := e.scrapePlus(t)
	p.wantCore(t, "")
	p.wantAllRead(t)
	for id, requests := range map[string]float64{"0": 10, "1": 20} {
		p.want(t, "nginxplus_upstream_server_requests", fmt.Sprintf(`id=%q,server="10.0.0.1:80",upstream="u"`, id), requests)
		p.want(t, "nginxplus_stream_upstream_server_connections", fmt.Sprintf(`id=%q,server="10.0.0.1:80",upstream="u"`, id), requests)
	}
	same := serve(t, startPlus(t, odd(t, "duplicate_ids")).uri(), "--nginx.plus.server-id").scrapePlus(t)
	same.wantCore(t, "")
	if same.dropped("duplicate") == 0 {
		t.Error("the page does not tell of servers with one id and one address")
	}
}

func codesPadded(t *testing.T) {
	t.Helper()
	p := serve(t, startPlus(t, code418()).uri(), "--nginx.plus.pad-codes").scrapePlus(t)
	p.wantCore(t, "")
	const old = 40
	if got := len(p.series["nginxplus_server_zone_responses_codes"]); got != old+1 {
		t.Errorf("%d codes are shown", got)
	}
	p.want(t, "nginxplus_server_zone_responses_codes", `code="418",server_zone="z"`, 5)
	p.want(t, "nginxplus_server_zone_responses_codes", `code="507",server_zone="z"`, 0)
}

func tooLarge(t *testing.T) {
	t.Helper()
	nginx := servePlus(t, plustest.Sized(plustest.M()))
	e := serve(t, nginx.uri(), "--nginx.plus.max-document=64KiB")
	p := e.scrapePlus(t)
	p.wantCore(t, "")
	p.want(t, "nginx_exporter_scrape_errors_total", `reason="too_large",source="http_upstreams"`, 1)
	p.without(t, "nginxplus_upstream_")
	if !strings.Contains(e.log.String(), "--nginx.plus.max-document") {
		t.Errorf("the log does not name the flag:\n%s", e.log)
	}
}

func namesAlike(t *testing.T) {
	t.Helper()
	p := serve(t, startPlus(t, odd(t, "names_alike")).uri()).scrapePlus(t)
	p.wantCore(t, "")
	if p.dropped("duplicate") == 0 {
		t.Error("the page does not tell of zones that look the same")
	}
}
