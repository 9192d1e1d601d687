package collector

import (
	"net/http"
	"strings"
	"testing"

	"nginx-exporter/internal/plustest"
)

// A document that is listed and never there is no reason to read the lists
// again each time: only once after each load of the configuration.
func TestListedDocumentThatIsNotThere(t *testing.T) {
	t.Parallel()
	api := plustest.New(plustest.WithStatus("http/limit_reqs", http.StatusNotFound, ""))
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
	api.Reload()
	for range 5 {
		wantPlus(t, c.Scrape(t.Context()))
	}
	if got := lists(); got != 4 {
		t.Errorf("the lists were read %d times after a reload; want 4", got)
	}
}

func wantPlus(t *testing.T, page *Page) {
	t.Helper()
	if up, _ := valueOf(t, page, "nginxplus_up"); up != 1 {
		t.Errorf("nginxplus_up is %v; want 1", up)
	}
}

// A page that was narrowed to a source counts the failures of nothing else.
func TestNarrowPageIsSmall(t *testing.T) {
	t.Parallel()
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, asking(t, servePlus(t).URL))
	wantPlus(t, c.Scrape(t.Context()))
	page := c.Scrape(t.Context(), "http_requests")
	wantPlus(t, page)
	text := textOf(t, page)
	if !strings.Contains(text, `reason="timeout",source="http_requests"`) || strings.Contains(text, `source="http_caches"`) {
		t.Errorf("the page is\n%s", text)
	}
	const most = 60
	if got := strings.Count(text, "\n") - strings.Count(text, "\n#"); got > most {
		t.Errorf("the page has %d series; at most %d are wanted", got, most)
	}
}
