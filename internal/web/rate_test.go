package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/config"
)

const rateMetric = "nginx_http_requests_per_second"

// rated returns an exporter with the rate of one nginx over a second.
func rated(tb testing.TB, more ...string) *exporter {
	tb.Helper()
	c := configure(startNginx(tb, nil).URL)
	c.Nginx.ScrapeURIs = append(c.Nginx.ScrapeURIs, more...)
	c.Rate.Windows = []time.Duration{time.Second, time.Minute}
	e := newExporter(tb, c)
	eventually(tb, "a rate", func() bool {
		return strings.Contains(e.get(tb, "/metrics").Body.String(), "\n"+rateMetric+"{")
	})
	return e
}

// TestRateForms requests the rate in all formats. KEDA uses the first one: it sends
// no Accept header, and drops the query string.
func TestRateForms(t *testing.T) {
	t.Parallel()
	const prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	e := rated(t)
	for _, c := range []struct {
		path   string
		accept []string
		json   bool
	}{
		{"/rate/1s", nil, true},
		{"/rate/1s", []string{"application/json"}, true},
		{"/rate/1s", []string{"text/html", "Application/JSON;q=0.5"}, true},
		{"/rate/1s", []string{"application/json, text/plain, */*"}, true},
		{"/rate/1s", []string{"application/json;q=0.4, text/plain;q=0.5"}, false},
		{"/rate/1s", []string{"application/json;q=0"}, false},
		{"/rate/1s", []string{"application/json;q=x"}, false},
		{"/rate/1s", []string{"*/*"}, false},
		{"/rate/1s", []string{browser}, false},
		{"/rate/1s", []string{prometheus}, false},
		{"/rate/1s", []string{""}, false},
		{"/rate/1s?format=json", []string{"text/plain"}, true},
		{"/rate/1s?format=prometheus", nil, false},
		{"/rate/1s.json", []string{"text/plain"}, true},
		{"/rate/1s.json?format=prometheus", nil, true},
		{"/rate/1s.prom", nil, false},
		{"/rate/1000ms", nil, true},
	} {
		header := http.Header{}
		if c.accept != nil {
			header["Accept"] = c.accept
		}
		recorder := e.do(t, http.MethodGet, c.path, header)
		what := c.path + " with Accept " + strings.Join(c.accept, ", ")
		if recorder.Code != http.StatusOK || recorder.Header().Get("Vary") != "Accept" || recorder.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s has status %d and header %v: %s", what, recorder.Code, recorder.Header(), recorder.Body)
			continue
		}
		if c.json {
			checkRateJSON(t, what, recorder)
			continue
		}
		found := families(t, recorder)
		if len(found) != 1 || found[rateMetric].GetMetric()[0].GetLabel()[0].GetValue() != "1s" || recorder.Header().Get("Content-Type") != textType {
			t.Errorf("%s is %q: %s", what, recorder.Header().Get("Content-Type"), recorder.Body)
		}
	}
}

func checkRateJSON(t *testing.T, what string, recorder *httptest.ResponseRecorder) {
	t.Helper()
	var document struct {
		Window  string
		Rate    *float64 `json:"nginx_http_requests_per_second"`
		Plus    *float64 `json:"nginxplus_http_requests_per_second"`
		Targets []struct {
			Target string
			Labels map[string]string
			Rate   *float64 `json:"nginx_http_requests_per_second"`
		}
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &document); err != nil || recorder.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s is %q: %v: %s", what, recorder.Header().Get("Content-Type"), err, recorder.Body)
		return
	}
	if document.Window != "1s" || document.Rate == nil || document.Plus != nil || len(document.Targets) != 1 ||
		document.Targets[0].Rate == nil || *document.Targets[0].Rate != *document.Rate || document.Targets[0].Labels == nil ||
		!strings.HasPrefix(document.Targets[0].Target, "http://127.0.0.1:") {
		t.Errorf("%s is %s", what, recorder.Body)
	}
}

// TestRatePaths checks that an unknown rate is an error, and never 0.
func TestRatePaths(t *testing.T) {
	t.Parallel()
	e := rated(t)
	for request, want := range map[string]int{
		"GET /rate/1s":             http.StatusOK,
		"HEAD /rate/1s":            http.StatusOK,
		"POST /rate/1s":            http.StatusMethodNotAllowed,
		"GET /rate/1m":             http.StatusServiceUnavailable,
		"GET /rate/60s":            http.StatusServiceUnavailable,
		"GET /rate/1m.json":        http.StatusServiceUnavailable,
		"GET /rate/2s":             http.StatusNotFound,
		"GET /rate/x":              http.StatusNotFound,
		"GET /rate/1s.yaml":        http.StatusNotFound,
		"GET /rate/":               http.StatusNotFound,
		"GET /rate":                http.StatusNotFound,
		"GET /rate/1s/":            http.StatusNotFound,
		"GET /rate/1s?format=yaml": http.StatusBadRequest,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := e.do(t, method, path, nil); got.Code != want {
			t.Errorf("%s has status %d, not %d: %s", request, got.Code, want, got.Body)
		}
	}
	unknown := e.get(t, "/rate/1m")
	if seconds, err := strconv.Atoi(unknown.Header().Get("Retry-After")); err != nil || seconds != 1 {
		t.Errorf("the header is %v", unknown.Header())
	}
	if strings.ContainsAny(unknown.Body.String(), "0123456789") {
		t.Errorf("an unknown rate has a value: %s", unknown.Body)
	}
	if landing := e.get(t, "/").Body.String(); !strings.Contains(landing, `href="/rate/1m"`) && !strings.Contains(landing, `href="rate/1m"`) {
		t.Errorf("the landing page has no links to rates:\n%s", landing)
	}
	off := newExporter(t, configure(startNginx(t, nil).URL))
	if got := off.get(t, "/rate/1s").Code; got != http.StatusNotFound {
		t.Errorf("without windows the status is %d", got)
	}
}

// TestRateOfSome checks that there is no sum if a target is missing: it would be
// too low.
func TestRateOfSome(t *testing.T) {
	t.Parallel()
	e := rated(t, "http://127.0.0.1:1/none")
	var document map[string]any
	recorder := e.get(t, "/rate/1s")
	if err := json.Unmarshal(recorder.Body.Bytes(), &document); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	if document[rateMetric] != nil || strings.Count(recorder.Body.String(), rateMetric) != 1 || strings.Count(recorder.Body.String(), `"target":`) != 2 {
		t.Errorf("the response is %s", recorder.Body)
	}
}

func TestRateReservesItsPath(t *testing.T) {
	t.Parallel()
	for path, refused := range map[string]bool{"/rate": true, "/rate/1s": true, "/rates": false} {
		c := configure("http://127.0.0.1:1/")
		c.Web.TelemetryPath = path
		for _, windows := range [][]time.Duration{nil, {time.Second}} {
			c.Rate = config.Rate{Windows: windows}
			if _, err := c.Validate(); (err != nil) != (refused && windows != nil) {
				t.Errorf("metrics at %s with windows %v: %v", path, windows, err)
			}
		}
	}
}
