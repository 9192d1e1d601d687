package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"nginx-exporter/internal/config"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/standin/vtstest"
)

const statePath = "/api/v1/state"

// withPage is a configuration with the live page.
func withPage(target string) *config.Config {
	c := configure(target)
	c.Web.Page = true
	return c
}

// browser is the header of a browser.
func browser() http.Header {
	return http.Header{"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}}
}

func TestPageRoutes(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	with, without := newExporter(t, withPage(n.URL)), newExporter(t, configure(n.URL))
	for path, kind := range map[string]string{
		"/": "text/html", "/api/v1/page/app.js": "text/javascript", "/api/v1/page/style.css": "text/css", statePath: "application/json",
	} {
		recorder := with.get(t, path)
		header := recorder.Header()
		if recorder.Code != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), kind) {
			t.Errorf("%s has status %d and type %s", path, recorder.Code, header.Get("Content-Type"))
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; script-src 'self';") || !strings.Contains(policy, "require-trusted-types-for 'script'") ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s has the headers %v", path, header)
		}
		if got := with.do(t, http.MethodPost, path, nil).Code; got != http.StatusMethodNotAllowed {
			t.Errorf("POST %s has status %d", path, got)
		}
		if got := without.get(t, path).Code; path != "/" && got != http.StatusNotFound {
			t.Errorf("without the page, %s has status %d", path, got)
		}
	}
	for _, path := range []string{"/api/v1/page/", "/api/v1/page/index.html", "/api/v1/page/none.js", "/page", "/api", "/api/v1/"} {
		if got := with.get(t, path).Code; got != http.StatusNotFound {
			t.Errorf("%s has status %d", path, got)
		}
	}
	first := with.get(t, "/api/v1/page/app.js")
	again := with.do(t, http.MethodGet, "/api/v1/page/app.js", http.Header{"If-None-Match": {first.Header().Get("Etag")}})
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("a file that the browser has is sent again, with status %d", again.Code)
	}
}

// The links of the landing page of other exporters are on the page, too, and all
// addresses are relative: the page works behind proxies that add a prefix.
func TestPageLinks(t *testing.T) {
	t.Parallel()
	c := withPage(startNginx(t, nil).URL)
	c.Web.TelemetryPath = "/status/metrics"
	body := newExporter(t, c).get(t, "/").Body.String()
	for _, want := range []string{"<title>NGINX exporter", `href="status/metrics"`, `href="-/healthy"`, `href="-/ready"`, `href="api/v1/state"`, "Version "} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not have %q:\n%s", want, body)
		}
	}
	for _, absolute := range []string{`="/`, `="http`, "{{"} {
		if strings.Contains(body, absolute) {
			t.Errorf("the page has %q", absolute)
		}
	}
}

// Only browsers, and clients that want text, cause a scrape: load balancers and
// health checks that request / must not depend on nginx.
func TestPageScrapesOnlyForReaders(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := newExporter(t, withPage(n.URL))
	for _, accept := range []string{"", "*/*", "application/json"} {
		if recorder := e.do(t, http.MethodGet, "/", http.Header{"Accept": {accept}}); recorder.Code != http.StatusOK {
			t.Errorf("Accept: %s has status %d", accept, recorder.Code)
		}
	}
	e.do(t, http.MethodHead, "/", browser())
	if requests := n.requests.Load(); requests != 0 {
		t.Errorf("nginx had %d requests", requests)
	}
	page := e.do(t, http.MethodGet, "/", browser()).Body.String()
	for _, want := range []string{"<noscript>", "<h2>1 target up</h2>", "<td>up</td>", "<td>1.29.1</td>", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	text := e.do(t, http.MethodGet, "/", http.Header{"Accept": {"text/plain"}})
	if !strings.HasPrefix(text.Header().Get("Content-Type"), "text/plain") || !strings.Contains(text.Body.String(), "1 target up") {
		t.Errorf("the text is %s", text.Body)
	}
	if requests := n.requests.Load(); requests != 1 {
		t.Errorf("nginx had %d requests for two readers within a second", requests)
	}
}

// Without scripts, readers see which parts of a status failed, too.
func TestPageNamesFailedSources(t *testing.T) {
	t.Parallel()
	server := plustest.New(standin.WithStatus("http/caches", http.StatusInternalServerError, "")).Start()
	t.Cleanup(server.Close)
	text := newExporter(t, withPage(server.URL)).do(t, http.MethodGet, "/", http.Header{"Accept": {"text/plain"}}).Body.String()
	for _, want := range []string{"1 target up, 1 target read in part", ": http_caches failed: status: nginx responded with HTTP status 500", ": check the error log of nginx"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
}

// Viewers at the same time share a scrape with each other and with /metrics.
func TestPageSharesScrapes(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	n := startNginx(t, hold)
	e := newExporter(t, withPage(n.URL))
	var group sync.WaitGroup
	for _, path := range []string{"/metrics", statePath, statePath, statePath} {
		group.Go(func() {
			if got := e.get(t, path).Code; got != http.StatusOK {
				t.Errorf("%s has status %d", path, got)
			}
		})
	}
	eventually(t, "a request to nginx", func() bool { return n.requests.Load() == 1 })
	close(hold)
	group.Wait()
	if requests := n.requests.Load(); requests > 2 { // /metrics may have been done before the first viewer came
		t.Errorf("nginx had %d requests", requests)
	}
}

// More viewers than --web.max-requests get 503, and never keep Prometheus out.
func TestPageIsLimited(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	n := startNginx(t, hold)
	c := withPage(n.URL)
	c.Web.MaxRequests = 1
	e := newExporter(t, c)
	done := make(chan int, 1)
	go func() { done <- e.get(t, statePath).Code }()
	eventually(t, "a request to nginx", func() bool { return n.requests.Load() == 1 })
	if recorder := e.get(t, statePath); recorder.Code != http.StatusServiceUnavailable || recorder.Header().Get("Retry-After") == "" {
		t.Errorf("one more viewer has status %d", recorder.Code)
	}
	if body := e.do(t, http.MethodGet, "/", browser()).Body.String(); !strings.Contains(body, "</html>") {
		t.Errorf("the page is not complete: %s", body)
	}
	go close(hold)
	if got := e.get(t, "/metrics").Code; got != http.StatusOK {
		t.Errorf("/metrics has status %d", got)
	}
	if got := <-done; got != http.StatusOK {
		t.Errorf("the viewer has status %d", got)
	}
}

// The page has the password of --web.config.file.
func TestPageNeedsThePassword(t *testing.T) {
	t.Parallel()
	c := withPage(startNginx(t, nil).URL)
	// The hash of "secret" with the lowest cost.
	c.Web.ConfigFile = file(t, "web.yml", "basic_auth_users:\n  reader: $2y$04$4NB7jDJjgCqn9cQwYSCbL.cC8mGUjnrdN1HYV0gLCnQAYEZ0BtQ8m\n")
	address := serve(t, c).address(t)
	for _, path := range []string{"/", "/api/v1/page/app.js", statePath} {
		status, body, err := fetch(t, "tcp", address, path, browser())
		if err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s has status %d without a password: %v %s", path, status, err, body)
		}
	}
}

// Responses match the documented schema: of all protocols, of a target that is down, and
// with names that are hostile.
func TestStateMatchesItsSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "state.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{"down": "http://127.0.0.1:1/stub_status", "stub_status": startNginx(t, nil).URL}
	servers := map[string]*standin.Nginx{
		"plus": plustest.New(), "large": plustest.Sized(standin.M()),
		"angie": angietest.New("/status/", angietest.Full()), "vts": vtstest.New(vtstest.Document(standin.M())),
	}
	for _, odd := range plustest.Odds() {
		documents, err := plustest.Odd(odd)
		if err != nil {
			t.Fatal(err)
		}
		servers[odd] = plustest.New(standin.WithOverlay(documents))
	}
	for name, api := range servers {
		server := api.Start()
		t.Cleanup(server.Close)
		targets[name] = server.URL
	}
	for name, target := range targets {
		recorder := newExporter(t, withPage(target)).get(t, statePath)
		for _, kind := range []string{"server", "zone"} {
			if slices.Contains([]string{"angie", "vts", "plus"}, name) && !strings.Contains(recorder.Body.String(), `"kind":"`+kind+`"`) {
				t.Errorf("%s has no %s: %.300s", name, kind, recorder.Body)
			}
		}
		document, err := jsonschema.UnmarshalJSON(recorder.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

// Names come from the configuration of nginx and must not become markup.
func TestPageEscapesNames(t *testing.T) {
	t.Parallel()
	const hostile = `<script>alert(1)</script>`
	documents := map[string][]byte{}
	documents["http/upstreams"], _ = json.Marshal(map[string]any{hostile: map[string]any{"peers": []map[string]any{
		{"id": 1, "server": `"><img src=x onerror=alert(1)>`, "state": "down"},
	}}})
	server := plustest.New(standin.WithDocuments(documents)).Start()
	t.Cleanup(server.Close)
	e := newExporter(t, withPage(server.URL))
	body := e.do(t, http.MethodGet, "/", browser()).Body.String()
	if strings.Contains(body, hostile) || strings.Contains(body, "<img") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Errorf("the page has markup from names:\n%s", body)
	}
}

// The page shows who scraped: a client that sends the timeout of Prometheus.
func TestPageShowsScrapers(t *testing.T) {
	t.Parallel()
	e := newExporter(t, withPage(startNginx(t, nil).URL))
	e.get(t, "/metrics") // curl
	for range 2 {
		e.do(t, http.MethodGet, "/metrics", http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {"10"}, "User-Agent": {"Prometheus/3.16.0"}})
	}
	for i := range 100 {
		e.do(t, http.MethodGet, "/metrics", http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {"10"}, "User-Agent": {fmt.Sprint("agent", i, strings.Repeat("x", 1000))}})
	}
	e.do(t, http.MethodGet, "/metrics", http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {"10"}, "User-Agent": {"Prometheus/3.16.0"}})
	var state struct {
		Scrapers []struct{ Agent string }
	}
	if err := json.Unmarshal(e.get(t, statePath).Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	if len(state.Scrapers) != 16 || state.Scrapers[0].Agent != "Prometheus/3.16.0" || len(state.Scrapers[1].Agent) > 64 {
		t.Errorf("the scrapers are %+v", state.Scrapers)
	}
}

// The text of the page must stay small: it is in every exporter, and is loaded through
// port-forward.
func TestPageIsSmall(t *testing.T) {
	t.Parallel()
	const most = 60_000
	entries, err := os.ReadDir(filepath.Join("..", "page", "assets"))
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > most {
		t.Errorf("the page has %d bytes, more than %d", size, most)
	}
	e := newExporter(t, withPage(startNginx(t, nil).URL))
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/page/app.js", http.NoBody)
	request.Header.Set("Accept-Encoding", "gzip")
	e.Handler().ServeHTTP(recorder, request)
	if recorder.Header().Get("Content-Encoding") != "gzip" {
		t.Error("files are not compressed")
	}
}
