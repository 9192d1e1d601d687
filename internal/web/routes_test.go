package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"nginx-exporter/collector"
	"nginx-exporter/internal/config"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	plain := newExporter(t, configure(n.URL))
	for request, want := range map[string]int{
		"GET /metrics":         http.StatusOK,
		"HEAD /metrics":        http.StatusOK,
		"POST /metrics":        http.StatusMethodNotAllowed,
		"PUT /metrics":         http.StatusMethodNotAllowed,
		"DELETE /metrics":      http.StatusMethodNotAllowed,
		"PATCH /metrics":       http.StatusMethodNotAllowed,
		"OPTIONS /metrics":     http.StatusMethodNotAllowed,
		"TRACE /metrics":       http.StatusMethodNotAllowed,
		"GET /metrics/":        http.StatusNotFound,
		"GET /metrics/x":       http.StatusNotFound,
		"GET /Metrics":         http.StatusNotFound,
		"GET /":                http.StatusOK,
		"HEAD /":               http.StatusOK,
		"POST /":               http.StatusMethodNotAllowed,
		"GET /index.html":      http.StatusNotFound,
		"GET /-/healthy":       http.StatusOK,
		"HEAD /-/healthy":      http.StatusOK,
		"POST /-/healthy":      http.StatusMethodNotAllowed,
		"GET /-/ready":         http.StatusOK,
		"POST /-/ready":        http.StatusMethodNotAllowed,
		"GET /-/reload":        http.StatusNotFound,
		"POST /-/reload":       http.StatusNotFound,
		"PUT /-/reload":        http.StatusNotFound,
		"POST /-/quit":         http.StatusNotFound,
		"GET /debug/pprof/":    http.StatusNotFound,
		"GET /debug/vars":      http.StatusNotFound,
		"GET /debug/requests":  http.StatusNotFound,
		"POST /debug/pprof/":   http.StatusNotFound,
		"POST /quitquitquit":   http.StatusNotFound,
		"PROPFIND /metrics":    http.StatusMethodNotAllowed,
		"GET /probe":           http.StatusNotFound,
		"POST /probe":          http.StatusMethodNotAllowed,
		"GET /probe?target=x":  http.StatusNotFound,
		"GET //metrics":        http.StatusTemporaryRedirect,
		"GET /x/../metrics":    http.StatusTemporaryRedirect,
		"GET /%6detrics":       http.StatusOK,
		"GET /metrics?x=y":     http.StatusOK,
		"GET /metrics%00":      http.StatusNotFound,
		"GET /metrics?a=%zz;b": http.StatusOK,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := plain.do(t, method, path, nil).Code; got != want {
			t.Errorf("%s has status %d, not %d", request, got, want)
		}
	}
	before := n.requests.Load()
	for _, path := range []string{"/", "/-/healthy", "/-/ready", "/probe", "/x"} {
		plain.get(t, path)
	}
	plain.do(t, http.MethodPost, "/metrics", nil)
	if requests := n.requests.Load() - before; requests != 0 {
		t.Errorf("nginx had %d requests for paths that do not need it", requests)
	}
}

func TestAllowedMethods(t *testing.T) {
	t.Parallel()
	e := newExporter(t, configure(startNginx(t, nil).URL))
	if got := e.do(t, http.MethodPost, "/metrics", nil).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("allowed on /metrics are %q", got)
	}
}

func TestBodiesAreRefused(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := newExporter(t, configure(n.URL))
	for _, length := range []int64{-1, 1, 1 << 40} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request := httptest.NewRequestWithContext(t.Context(), method, "/metrics", strings.NewReader("x"))
			request.ContentLength = length
			recorder := httptest.NewRecorder()
			e.Handler().ServeHTTP(recorder, request)
			if recorder.Code != http.StatusBadRequest || recorder.Header().Get("Connection") != "close" {
				t.Errorf("%s with %d bytes has status %d and Connection %q", method, length, recorder.Code, recorder.Header().Get("Connection"))
			}
		}
	}
	if requests := n.requests.Load(); requests != 0 {
		t.Errorf("nginx had %d requests", requests)
	}
}

func TestTelemetryPath(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	for path, others := range map[string]map[string]int{
		"/":            {"/metrics": http.StatusNotFound, "/x": http.StatusNotFound, "/-/healthy": http.StatusOK},
		"/a/b.c-d_e~f": {"/metrics": http.StatusNotFound, "/": http.StatusOK, "/a": http.StatusNotFound},
	} {
		c := configure(n.URL)
		c.Web.TelemetryPath = path
		e := newExporter(t, c)
		if body := e.get(t, path).Body.String(); !strings.Contains(body, "\nnginx_up 1\n") {
			t.Errorf("%s has no metrics: %s", path, body)
		}
		for other, want := range others {
			if got := e.get(t, other).Code; got != want {
				t.Errorf("beside %s, %s has status %d, not %d", path, other, got, want)
			}
		}
	}
}

func TestLanding(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.TelemetryPath = "/status/metrics"
	recorder := newExporter(t, c).get(t, "/")
	if kind := recorder.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		t.Errorf("the landing page is %q", kind)
	}
	for _, want := range []string{"<title>NGINX exporter", `href="/status/metrics"`, `href="/-/healthy"`, `href="/-/ready"`} {
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("the landing page does not have %q:\n%s", want, recorder.Body)
		}
	}
	if strings.Contains(recorder.Body.String(), "debug/pprof") {
		t.Error("the landing page offers profiles")
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.Lifecycle = true
	e := newExporter(t, c)
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		if got := e.do(t, method, "/-/reload", nil); got.Code != http.StatusOK {
			t.Errorf("%s has status %d: %s", method, got.Code, got.Body)
		}
	}
	if got := e.get(t, "/-/reload").Code; got != http.StatusMethodNotAllowed {
		t.Errorf("GET has status %d", got)
	}
	if got := e.reloads.Load(); got != 2 {
		t.Errorf("the configuration was loaded %d times", got)
	}
	e.reload = errors.New("--config.file: line 3: no such key")
	got := e.do(t, http.MethodPost, "/-/reload", nil)
	if got.Code != http.StatusInternalServerError || !strings.Contains(got.Body.String(), "line 3") {
		t.Errorf("a bad configuration has status %d: %s", got.Code, got.Body)
	}
}

// TestScrapeCounts checks that scrapes are counted by status only with
// --web.exporter-metrics=full.
func TestScrapeCounts(t *testing.T) {
	t.Parallel()
	const counted = `promhttp_metric_handler_requests_total{code="200"} 2`
	hold := make(chan struct{})
	n := startNginx(t, hold)
	c := configure(n.URL)
	c.Web.ExporterMetrics, c.Web.MaxRequests = "full", 1
	e := newExporter(t, c)
	first := make(chan struct{})
	go func() {
		defer close(first)
		e.get(t, "/metrics")
	}()
	eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
	if got := e.get(t, "/metrics").Code; got != http.StatusServiceUnavailable {
		t.Errorf("a second scrape has status %d", got)
	}
	close(hold)
	<-first
	e.get(t, "/metrics")
	body := e.get(t, "/metrics").Body.String()
	for _, want := range []string{
		counted, `promhttp_metric_handler_requests_total{code="503"} 1`, `promhttp_metric_handler_requests_total{code="500"} 0`,
		"promhttp_metric_handler_requests_in_flight 1", "\ngo_goroutines ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the response does not have %q:\n%s", want, body)
		}
	}
	basic := newExporter(t, configure(n.URL)).get(t, "/metrics").Body.String()
	if strings.Contains(basic, "promhttp_") || strings.Contains(basic, "go_goroutines") {
		t.Errorf("the basic response has more metrics:\n%s", basic)
	}
}

// TestChosenSources checks the query parameters of node_exporter.
func TestChosenSources(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := newExporter(t, configure(n.URL))
	for query, want := range map[string]struct {
		status int
		text   string
	}{
		"collect[]=stub_status":                       {http.StatusOK, "\nnginx_http_requests_total "},
		"collect%5B%5D=stub_status":                   {http.StatusOK, "\nnginx_http_requests_total "},
		"collect[]=stub_status&collect[]=stub_status": {http.StatusOK, "\nnginx_http_requests_total "},
		"collect=nothing":                             {http.StatusOK, "\nnginx_http_requests_total "},
		"collect[]=none":                              {http.StatusBadRequest, `unknown collector "none"; valid names: stub_status, `},
		"collect[]=":                                  {http.StatusBadRequest, "unknown collector"},
		"exclude[]=none":                              {http.StatusBadRequest, ", exporter\n"},
		"collect[]=http_caches":                       {http.StatusBadRequest, "no target has any of the collectors http_caches"},
		"collect[]=http_caches&collect[]=ssl":         {http.StatusBadRequest, "no target has any of the collectors http_caches, ssl"},
		"collect[]=http_caches&collect[]=stub_status": {http.StatusOK, "\nnginx_http_requests_total "},
		"collect[]=http_caches&collect[]=exporter":    {http.StatusOK, "\nnginx_exporter_build_info{"},
		"collect[]=stub_status&exclude[]=stub_status": {http.StatusBadRequest, "cannot be combined"},
	} {
		recorder := e.get(t, "/metrics?"+query)
		if recorder.Code != want.status || !strings.Contains(recorder.Body.String(), want.text) {
			t.Errorf("%s has status %d, not %d, or no %q:\n%s", query, recorder.Code, want.status, want.text, recorder.Body)
		}
		if recorder.Code == http.StatusOK && strings.Count(recorder.Body.String(), want.text) != 1 {
			t.Errorf("%s makes a series twice:\n%s", query, recorder.Body)
		}
	}
	everything := url.Values{"exclude[]": {"exporter"}}
	for _, source := range collector.Sources() {
		everything.Add("exclude[]", source.Name)
	}
	if recorder := e.get(t, "/metrics?"+everything.Encode()); recorder.Code != http.StatusBadRequest {
		t.Errorf("nothing is left, and the status is %d:\n%s", recorder.Code, recorder.Body)
	}
	recorder := e.get(t, "/metrics?exclude[]=stub_status")
	if families(t, recorder)["nginx_http_requests_total"] != nil {
		t.Errorf("what is excluded is in the response:\n%s", recorder.Body)
	}
}

// TestChosenFamilies checks that a scrape that names sources gets only those and
// their state, without metrics of the exporter.
func TestChosenFamilies(t *testing.T) {
	t.Parallel()
	e := newExporter(t, configure(startNginx(t, nil).URL))
	counted := []string{"nginx_exporter_nginx_requests_total", "nginx_exporter_scrape_errors_total", "nginx_exporter_series_dropped_total"}
	of := []string{"nginx_exporter_source_duration_seconds", "nginx_exporter_source_success", "nginx_up"}
	self := []string{"nginx_exporter_build_info", "process_cpu_seconds_total"}
	for query, want := range map[string]struct{ with, without []string }{
		"collect[]=stub_status": {append([]string{"nginx_http_requests_total"}, append(counted, of...)...), self},
		"collect[]=exporter":    {self, append([]string{"nginx_http_requests_total"}, append(counted, of...)...)},
		"exclude[]=stub_status": {append([]string{"nginx_up"}, self...), append([]string{"nginx_http_requests_total"}, of[:2]...)},
		"exclude[]=exporter":    {append([]string{"nginx_http_requests_total"}, append(counted, of...)...), self},
	} {
		got := families(t, e.get(t, "/metrics?"+query))
		for _, name := range want.with {
			if got[name] == nil {
				t.Errorf("%s: %s is missing", query, name)
			}
		}
		for _, name := range want.without {
			if got[name] != nil {
				t.Errorf("%s: %s is not wanted", query, name)
			}
		}
	}
}

// TestChosenSourcesOfTargetThatIsDown checks that a valid selection is not an error
// before the sources of the target are known.
func TestChosenSourcesOfTargetThatIsDown(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := newExporter(t, configure(n.URL))
	n.Close()
	recorder := e.get(t, "/metrics?collect[]=http_caches")
	if recorder.Code != http.StatusOK || !strings.Contains(recorder.Body.String(), "\nnginx_up 0\n") {
		t.Errorf("status %d:\n%s", recorder.Code, recorder.Body)
	}
	c := configure(n.URL)
	c.Nginx.Mode = "stub_status"
	if got := newExporter(t, c).get(t, "/metrics?collect[]=http_caches").Code; got != http.StatusBadRequest {
		t.Errorf("with a mode that does not have the source the status is %d", got)
	}
}

// TestUsesSettings checks that validated values are used, not those of a
// Config that changed later.
func TestUsesSettings(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	e := newExporter(t, c)
	c.Web = config.Web{}
	if got := e.get(t, "/metrics").Code; got != http.StatusOK {
		t.Errorf("a scrape has status %d", got)
	}
}
