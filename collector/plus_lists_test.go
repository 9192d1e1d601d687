package collector

import (
	"net/http"
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// A document that is listed and never found does not make the exporter read the
// lists in each scrape: only once more after each load of the configuration.
func TestListedDocumentNotFound(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithStatus("http/limit_reqs", http.StatusNotFound, ""))
	server := api.Start()
	t.Cleanup(server.Close)
	c := newCollector(t, Options{}, asking(t, server.URL))
	lists := func() int { return api.Requests()["/api/9/"] }
	for range 5 {
		wantPlus(t, c.Scrape(t.Context()))
	}
	if got := lists(); got != 2 {
		t.Errorf("the lists were read %d times in 5 scrapes; want 2", got)
	}
	api.Set(plustest.WithReload())
	for range 5 {
		wantPlus(t, c.Scrape(t.Context()))
	}
	if got := lists(); got != 4 {
		t.Errorf("the lists were read %d times after a reload; want 4", got)
	}
}

func wantPlus(t *testing.T, exposition *metric.Exposition) {
	t.Helper()
	if up, _ := valueOf(t, exposition, "nginxplus_up"); up != 1 {
		t.Errorf("nginxplus_up is %v; want 1", up)
	}
}

// A scrape of one source has no counters of other sources.
func TestNarrowPageIsSmall(t *testing.T) {
	t.Parallel()
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, asking(t, servePlus(t).URL))
	wantPlus(t, c.Scrape(t.Context()))
	exposition := c.Scrape(t.Context(), "http_requests")
	wantPlus(t, exposition)
	text := oracle.Text(t, exposition)
	if !strings.Contains(text, `reason="timeout",source="http_requests"`) || strings.Contains(text, `source="http_caches"`) {
		t.Errorf("the exposition is\n%s", text)
	}
	if strings.Contains(text, `source="nginx"`) { // read each time, since it shows reloads
		t.Errorf("a source that was not named is in the exposition:\n%s", text)
	}
	const most = 40
	if got := strings.Count(text, "\n") - strings.Count(text, "\n#"); got > most {
		t.Errorf("the exposition has %d series; want at most %d", got, most)
	}
}

// A document that is neither an object nor a list is a failure of its source:
// no series, success 0, and a line in the log.
func TestDocumentOfAnotherKind(t *testing.T) {
	t.Parallel()
	for path, source := range map[string]string{"http/upstreams": "http_upstreams", "connections": "connections"} {
		var book book
		server := servePlus(t, standin.WithDocument(path, `[{"accepted":1}]`))
		c := newCollector(t, Options{Logger: book.logger()}, asking(t, server.URL))
		e := c.Scrape(t.Context())
		wantPlus(t, e)
		wantValue(t, e, 0, "nginx_exporter_source_success", "source", source)
		if _, found := valueOf(t, e, "nginxplus_"+strings.TrimPrefix(source, "http_")); found {
			t.Errorf("%s has series", source)
		}
		book.wantLines(t, `source=api msg="Scrape failed in part" failed=`+source+` reason=parse`)
	}
}

// If no document of the API can be read, mode auto keeps the protocol.
func TestAPIWithoutReadableDocuments(t *testing.T) {
	t.Parallel()
	api := plustest.New(standin.WithDocuments(map[string][]byte{"connections": []byte("true"), "nginx": []byte("true")}))
	server := api.Start()
	t.Cleanup(server.Close)
	c := newCollector(t, Options{}, asking(t, server.URL))
	const scrapes = 4
	for range scrapes {
		wantValue(t, c.Scrape(t.Context()), 0, "nginxplus_up")
	}
	if got := api.Requests()["/api"]; got != scrapes+1 { // the index is read each time
		t.Errorf("the API was requested %d times in %d scrapes; want %d: %v", got, scrapes, scrapes+1, api.Requests())
	}
}
