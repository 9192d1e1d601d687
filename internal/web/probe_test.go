package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// probing allows the address of n, and 192.0.2.0/24, which is unused.
func probing(tb testing.TB, n *nginx) *exporter {
	tb.Helper()
	port := n.Listener.Addr().String()
	port = port[strings.LastIndexByte(port, ':')+1:]
	c := configure(n.URL)
	c.ConstLabs = []string{"cluster=main"}
	c.File = file(tb, "config.yml", `targets: []
modules:
  quick: {timeout: 200ms}
  patient: {timeout: 9s}
  guarded:
    http_client_config:
      basic_auth: {username: probe, password: letmein}
probe:
  allow:
    - cidr: 127.0.0.0/8
      ports: [`+port+`]
    - host: nginx.example
`)
	return newExporter(tb, c)
}

func probe(target, module string) string {
	query := url.Values{"target": {target}}
	if module != "" {
		query.Set("module", module)
	}
	return "/probe?" + query.Encode()
}

func TestProbe(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := probing(t, n)
	for _, module := range []string{"", "default", "patient", "guarded"} {
		recorder := e.get(t, probe(n.URL, module))
		body := recorder.Body.String()
		if recorder.Code != http.StatusOK || !strings.Contains(body, "\nnginx_up{cluster=\"main\"} 1\n") {
			t.Errorf("module %q has status %d:\n%s", module, recorder.Code, body)
		}
		for _, unwanted := range []string{"addr=", "nginx_exporter_scrape_errors_total", "process_", "nginx_exporter_build_info"} {
			if strings.Contains(body, unwanted) {
				t.Errorf("the response of a probe has %s:\n%s", unwanted, body)
			}
		}
	}
	if requests := n.requests.Load(); requests != 4 {
		t.Errorf("4 probes were %d requests", requests)
	}
}

func TestProbeOfTargetThatIsDown(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := probing(t, n)
	n.Close()
	recorder := e.get(t, probe(n.URL, ""))
	if body := recorder.Body.String(); recorder.Code != http.StatusOK || !strings.Contains(body, "nginx_up{cluster=\"main\"} 0") ||
		strings.Contains(body, "nginx_connections") {
		t.Errorf("status %d:\n%s", recorder.Code, body)
	}
}

func TestProbeRefused(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := probing(t, n)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/probe":                                     {http.StatusBadRequest, ""},
		"/probe?target=":                             {http.StatusBadRequest, ""},
		"/probe?module=quick":                        {http.StatusBadRequest, ""},
		probe(n.URL, "none"):                         {http.StatusBadRequest, "unknown module"},
		probe("ftp://127.0.0.1/", ""):                {http.StatusBadRequest, "http://HOST"},
		probe("http://127.0.0.1:99999/", ""):         {http.StatusBadRequest, "port"},
		probe("http://127.0.0.1:1/", ""):             {http.StatusForbidden, "not allowed"},
		probe("http://10.0.0.1/", ""):                {http.StatusForbidden, "not allowed"},
		probe("http://localhost/", ""):               {http.StatusForbidden, "not allowed"},
		probe("http://nginx.example.org/", ""):       {http.StatusForbidden, "not allowed"},
		probe("http://evil.nginx.example/", ""):      {http.StatusForbidden, "not allowed"},
		probe("unix:/run/nginx.sock:/", ""):          {http.StatusForbidden, "not allowed"},
		probe("http://u:hunter2@nginx.example/", ""): {http.StatusBadRequest, "credentials"},
		probe("http://[::ffff:10.0.0.1]/", ""):       {http.StatusForbidden, "not allowed"},
		probe("http://169.254.169.254/latest/", ""):  {http.StatusForbidden, "not allowed"},
		probe("http://nginx.example@10.0.0.1/", ""):  {http.StatusBadRequest, "credentials"},
		probe("file:///etc/passwd", ""):              {http.StatusBadRequest, ""},
		"/probe?target=%ff%fe":                       {http.StatusBadRequest, "UTF-8"},
	} {
		recorder := e.get(t, path)
		if recorder.Code != want.status || !strings.Contains(recorder.Body.String(), want.text) {
			t.Errorf("%s has status %d, not %d: %s", path, recorder.Code, want.status, recorder.Body)
		}
		if strings.Contains(recorder.Body.String(), "hunter2") {
			t.Errorf("%s: the refusal shows the password: %s", path, recorder.Body)
		}
		if kind := recorder.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || recorder.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: a browser may read the refusal as %q", path, kind)
		}
	}
	if requests := n.requests.Load(); requests != 0 {
		t.Errorf("nginx had %d requests", requests)
	}
}

// TestProbeInjectsNothing tries to inject labels and lines by target and module.
func TestProbeInjectsNothing(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	e := probing(t, n)
	const evil = "\"} 1\nevil_metric{x=\""
	for _, path := range []string{
		probe(n.URL+"/?"+url.QueryEscape(evil), ""), probe(n.URL+"/"+url.PathEscape(evil), ""),
		probe(n.URL+"/#"+url.PathEscape(evil), ""),
		"/probe?target=" + url.QueryEscape(n.URL) + "&evil=" + url.QueryEscape(evil) + "&addr=x&target=http://10.0.0.1/",
	} {
		recorder := e.get(t, path)
		if recorder.Code != http.StatusOK {
			t.Errorf("%s has status %d: %s", path, recorder.Code, recorder.Body)
			continue
		}
		if body := recorder.Body.String(); strings.Contains(body, "evil") || strings.Contains(body, "addr=") {
			t.Errorf("%s adds something to the response:\n%s", path, body)
		}
		families(t, recorder)
	}
	if recorder := e.get(t, probe(n.URL, evil)); recorder.Code != http.StatusBadRequest || strings.Contains(recorder.Body.String(), "evil") {
		t.Errorf("a module of that name has status %d: %s", recorder.Code, recorder.Body)
	}
}

// TestProbeTimeout bounds a probe by the module and by the scraper, whichever
// is shorter.
func TestProbeTimeout(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	n := startNginx(t, hold)
	e := probing(t, n)
	for module, header := range map[string]http.Header{
		"quick":   nil,
		"default": {timeoutHeader: {"0.5"}},
	} {
		recorder := e.do(t, http.MethodGet, probe(n.URL, module), header) // the flag allows an hour
		if body := recorder.Body.String(); recorder.Code != http.StatusOK || !strings.Contains(body, "nginx_up{cluster=\"main\"} 0") {
			t.Errorf("%s has status %d:\n%s", module, recorder.Code, body)
		}
	}
}
