//go:build browser

package page_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/browsertest"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/vtstest"
)

// serveFile runs the exporter with a file for a flag, and returns the path of the file
// and the address of the page.
func serveFile(t *testing.T, flag, text string, flags ...string) (path, address string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, serve(t, append(flags, flag+"="+path)...)
}

// Without targets the page says so.
func TestNoTargets(t *testing.T) {
	t.Parallel()
	_, address := serveFile(t, "--config.file", "targets: []\n")
	p := browsertest.Start(t).Open(t, address, true)
	p.Await(t, "document.title.startsWith('△ no targets are configured')")
	picture(t, p, "empty")
	noProblems(t, p)
}

// While nginx hangs, the page says that it waits for it.
func TestFirstScrape(t *testing.T) {
	t.Parallel()
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hangs.Close)
	p := browsertest.Start(t).Open(t, serve(t, "--nginx.timeout=1m", "--nginx.scrape-uri="+hangs.URL+"/stub_status"), true)
	p.Await(t, "document.getElementById('verdict').textContent === 'Scraping nginx …'")
	picture(t, p, "reading")
	noProblems(t, p)
}

// If the page is open and then needs a password, it says that it does not go on.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	path, address := serveFile(t, "--web.config.file", "", "--nginx.scrape-uri="+nginxStatus(t))
	p := browsertest.Start(t).Open(t, address, true)
	polls(t, p, 1)
	// The hash of "secret" with the lowest cost.
	users := "basic_auth_users:\n  reader: $2y$04$4NB7jDJjgCqn9cQwYSCbL.cC8mGUjnrdN1HYV0gLCnQAYEZ0BtQ8m\n"
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Await(t, "document.getElementById('banner').textContent.startsWith('The exporter has not responded since ')")
	p.Await(t, "document.title.startsWith('▲ The exporter does not respond')")
	picture(t, p, "unauthorized")
	p.Key(t, "w")
	if title := browsertest.Eval[string](t, p, "document.title"); !strings.HasPrefix(title, "▲ The exporter does not respond") {
		t.Errorf("after a change of the view the title is %s", title)
	}
}

// scrapeWith starts a Prometheus that scrapes the exporter of a page. It returns a
// function that evaluates a query: to a number of series, or an error.
func scrapeWith(t *testing.T, page string) func(query string) (series int, problem string) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 500ms}\nscrape_configs: [{job_name: nginx, static_configs: [{targets: ['%s']}]}]\n",
		strings.Trim(strings.TrimPrefix(page, "http:"), "/"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	//nolint:noctx // proctest ends it
	process := proctest.Start(t, "", exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn"))
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	query := func(query string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = response.Body.Close() }() // it was read
		var body struct {
			Error string
			Data  struct{ Result []any }
		}
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			return 0, err.Error()
		}
		return len(body.Data.Result), body.Error
	}
	process.Await(t, "three scrapes", func() bool {
		n, _ := query("count_over_time(up[1m]) >= 3")
		return n == 1
	})
	return query
}

// copyAll selects each value in sight, and returns the values by what was copied.
const copyAll = `(() => {
	const values = {}
	for (const e of document.querySelectorAll('.card .v, #grid .body .cell')) {
		if (e.offsetParent === null) continue
		let copied = 'nothing'
		navigator.clipboard.writeText = async text => { copied = text }
		e.click()
		values[copied] = e.textContent
	}
	return values
})()`

// Each value of the page is copied as a query that selects one series in a Prometheus
// that scrapes the exporter.
func TestQueries(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	s.visit(t)
	down := "http://" + nginxtest.FreeAddress(t, "127.0.0.1") + "/stub_status"
	for name, flags := range map[string][]string{
		"stub_status": s.flags,
		"several":     {"--nginx.scrape-uri=" + down, "--nginx.scrape-uri=" + nginxStatus(t), "--nginx.scrape-uri=" + traffic(t, angietest.New("/status/", angietest.Full()))},
		"plus":        {"--nginx.scrape-uri=" + plusServer(t, standin.WithStatus("http/caches", http.StatusInternalServerError, ""))},
		"angie":       {"--nginx.scrape-uri=" + traffic(t, angietest.New("/status/", angietest.Full()))},
		"vts":         {"--nginx.scrape-uri=" + traffic(t, vtstest.New(vtstest.Document(standin.Size{Zones: 3, Keys: 2, Upstreams: 2, Peers: 3, Caches: 1})))},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, flags...)
			count := scrapeWith(t, address)
			p := browsertest.Start(t).Open(t, address, true)
			p.Size(t, 2400, 1600, false)
			polls(t, p, 3)
			p.Await(t, "!document.getElementById('scrapers').textContent.includes('Not scraped')")
			for tab := range int(browsertest.Eval[float64](t, p, "document.getElementById('tabs').children.length")) {
				browsertest.Eval[any](t, p, fmt.Sprintf("document.getElementById('tabs').children[%d].click()", tab))
				for query, value := range browsertest.Eval[map[string]string](t, p, copyAll) {
					n, problem := count(query)
					if unknown := value == "–" || value == ""; problem != "" || n > 1 || n == 0 && !unknown {
						t.Errorf("%s: %s selects %d series: %s", value, query, n, problem)
					}
				}
				picture(t, p, fmt.Sprintf("queries-%s-%d", name, tab))
				p.Size(t, 2400, 1600, false)
			}
			noProblems(t, p)
		})
	}
}
