//go:build browser

package page_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/internal/browsertest"
	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// Files of make test-page.
const (
	program = "../../bin/nginx-exporter"
	axe     = "../../bin/axe/axe.min.js"
)

// pictures is the environment variable with a directory for pictures.
const pictures = "PICTURES"

// serve runs the exporter and returns the address of its page.
func serve(t *testing.T, flags ...string) string {
	t.Helper()
	path, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	//nolint:noctx // proctest ends it
	p := proctest.Start(t, "", exec.Command(path, append([]string{"--web.listen-address=127.0.0.1:0"}, flags...)...))
	return "http://" + p.AwaitLog(t, `msg="Listening on" address=(\S+)`)[1] + "/"
}

// shop is an nginx with a site, a status page and an access log.
type shop struct {
	*nginxtest.Nginx
	site, status string
	flags        []string // of the exporter
}

func startShop(t *testing.T) *shop {
	t.Helper()
	n := nginxtest.New(t)
	n.Logging = true
	s := &shop{Nginx: n, site: "http://" + nginxtest.FreeAddress(t, "127.0.0.1"), status: "http://" + nginxtest.FreeAddress(t, "127.0.0.1") + "/stub_status"}
	n.Configure(t, fmt.Sprintf(`
log_format shop escape=json '{"server":"$server_name","method":"$request_method","status":"$status","request_time":"$request_time"}';
access_log @DIR@/access.log shop;
server { listen %s; server_name shop.example.com; location / { return 200 "hello\n"; } location /checkout { return 503; } location /old { return 301 /; } }
server { listen %s; access_log off; location = /stub_status { stub_status; } }
`, s.site[len("http://"):], s.status[len("http://"):len(s.status)-len("/stub_status")]))
	n.Start(t)
	s.flags = []string{
		"--nginx.scrape-uri=" + s.status, "--nginx.access-log=" + n.Dir + "/access.log",
		`--nginx.access-log-format={"server":"$server_name","method":"$request_method","status":"$status","request_time":"$request_time"}`,
	}
	return s
}

// visit sends requests to the site until the test ends.
func (s *shop) visit(t *testing.T) {
	t.Helper()
	client := &http.Client{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			path := "/"
			if i%20 == 0 {
				path = "/checkout"
			}
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.site+path, http.NoBody) // of fixed parts
			if response, err := client.Do(request); err == nil {
				_ = response.Body.Close()
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		<-ended
		client.CloseIdleConnections()
	})
}

// picture fails the test if the page is wider than the window, at the sizes of a desktop
// and a phone, and writes pictures, light and dark.
func picture(t *testing.T, p *browsertest.Page, name string) {
	t.Helper()
	directory := os.Getenv(pictures)
	for _, size := range []struct {
		name          string
		width, height int
	}{{"phone", 390, 844}, {"desktop", 1280, 900}} {
		p.Size(t, size.width, size.height, size.name == "phone")
		proctest.Until(t, name+": a page that is not wider than the window, with its styles", func() bool {
			var layout struct{ CSSContentSize struct{ Width int } }
			p.Call(t, "Page.getLayoutMetrics", map[string]any{}, &layout)
			return layout.CSSContentSize.Width <= size.width
		})
		for _, scheme := range []string{"light", "dark"} {
			if directory != "" {
				p.Scheme(t, scheme)
				p.Screenshot(t, filepath.Join(directory, name+"-"+size.name+"-"+scheme+".png"))
			}
		}
	}
	p.Scheme(t, "light")
}

// noProblems fails the test if the console has errors or violations of the policy.
func noProblems(t *testing.T, p *browsertest.Page) {
	t.Helper()
	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("the console has %q", problems)
	}
}

func text(t *testing.T, p *browsertest.Page, selector string) string {
	t.Helper()
	return browsertest.Eval[string](t, p, "[...document.querySelectorAll("+fmt.Sprintf("%q", selector)+")].map(e => e.textContent).join('\\n')")
}

// polls waits for so many more updates of the page.
func polls(t *testing.T, p *browsertest.Page, more int) {
	t.Helper()
	before := browsertest.Eval[float64](t, p, "+document.documentElement?.dataset.polls || 0")
	p.Await(t, fmt.Sprintf("document.documentElement.dataset.polls >= %v", before+float64(more)))
}

// A real nginx is shown with its traffic; it stops, is explained, and comes back.
func TestNginxStopsAndStarts(t *testing.T) {
	t.Parallel()
	s := startShop(t)
	s.visit(t)
	address := serve(t, s.flags...)
	p := browsertest.Start(t).Open(t, address, true)
	p.Size(t, 1280, 900, false)
	p.Await(t, "document.title.startsWith('● 1 target up – ')")
	p.Await(t, "/[1-9].*\\/s/.test(document.querySelectorAll('.big')[1].textContent)")
	for selector, want := range map[string]string{
		".card dl[aria-label='Connections']":        "writing",
		".card dl[aria-label='Responses by class']": "5xx share",
		".card dl[aria-label='Latency']":            "p95",
		"#grid .body":                               "shop.example.com",
		"#scrapers":                                 "Not scraped by Prometheus",
	} {
		p.Await(t, fmt.Sprintf("document.querySelector(%q)?.textContent.includes(%q)", selector, want))
	}
	p.Await(t, "document.querySelector('link[rel=icon]').href.startsWith('data:image/png')")
	up := browsertest.Eval[string](t, p, "document.querySelector('link[rel=icon]').href")
	polls(t, p, 4)
	picture(t, p, "stub_status")

	s.Signal(t, syscall.SIGTERM)
	<-s.Ended()
	p.Await(t, "document.title.startsWith('▲ nginx is down – ')")
	p.Await(t, "document.querySelector('.trouble').textContent.includes('doctor: ')")
	trouble := text(t, p, ".trouble")
	// Its cause depends on whether another nginx runs on this machine: nginx-refused, or nginx-not-running.
	for _, want := range []string{"refused: ", "Advice: check that nginx runs", "doctor: nginx-"} {
		if !strings.Contains(trouble, want) {
			t.Errorf("a target that is down does not show %q:\n%s", want, trouble)
		}
	}
	if browsertest.Eval[string](t, p, "document.querySelector('link[rel=icon]').href") == up {
		t.Error("the icon does not show that nginx is down")
	}
	picture(t, p, "down")

	s.Start(t)
	p.Await(t, "document.title.startsWith('● 1 target up – ')")
	if changes := text(t, p, "#log li"); !strings.Contains(changes, "up → down") || !strings.Contains(changes, "down → up") {
		t.Errorf("the changes are:\n%s", changes)
	}
	p.Await(t, "/[1-9].*\\/s/.test(document.querySelectorAll('.big')[1].textContent)")
	noProblems(t, p)
}

// The page works below any path: kubectl port-forward, and the proxy of the API server.
func TestPathPrefix(t *testing.T) {
	t.Parallel()
	behind, err := url.Parse(serve(t, "--nginx.scrape-uri="+nginxtest.StartStatus(t, "")))
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "/api/v1/namespaces/shop/pods/shop-7d4b9:9113/proxy"
	proxy := httptest.NewServer(http.StripPrefix(prefix, httputil.NewSingleHostReverseProxy(behind)))
	t.Cleanup(proxy.Close)
	p := browsertest.Start(t).Open(t, proxy.URL+prefix+"/", true)
	p.Await(t, "document.title.startsWith('● 1 target up – ')")
	if links := browsertest.Eval[string](t, p, "[...document.links].map(l => l.pathname).join()"); !strings.HasPrefix(links, prefix+"/metrics,"+prefix+"/-/healthy,") {
		t.Errorf("the links are %s", links)
	}
	noProblems(t, p)
	// Violations of the policy would be found.
	if !browsertest.Eval[bool](t, p, "(() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } })()") {
		t.Error("scripts can write HTML")
	}
	proctest.Until(t, "a violation of the policy", func() bool {
		return strings.Contains(strings.Join(p.Problems(), " "), "TrustedHTML")
	})
}

// Of many targets only those with problems have cards; all are in a table.
func TestManyTargets(t *testing.T) {
	t.Parallel()
	down := "http://" + nginxtest.FreeAddress(t, "127.0.0.1") + "/stub_status"
	flags := []string{"--nginx.scrape-uri=" + down}
	for range 20 {
		flags = append(flags, "--nginx.scrape-uri="+nginxStatus(t))
	}
	p := browsertest.Start(t).Open(t, serve(t, flags...), true)
	p.Size(t, 1280, 900, false)
	p.Await(t, "document.title.startsWith('▲ 1 target down')")
	polls(t, p, 2)
	picture(t, p, "targets")
	if cards := browsertest.Eval[float64](t, p, "document.querySelectorAll('.card').length"); cards != 1 {
		t.Errorf("there are %v cards", cards)
	}
	if tab := text(t, p, "#tabs"); !strings.Contains(tab, "Targets 21 ▲ 1") {
		t.Errorf("the tables are %s", tab)
	}
	if first := text(t, p, "#grid .body .row:first-child"); !strings.Contains(first, down) || !strings.Contains(first, "refused") {
		t.Errorf("the first target is %s", first)
	}
	noProblems(t, p)
}

// nginxStatus serves a stub_status page.
func nginxStatus(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Active connections: 1 \nserver accepts handled requests\n 2 2 3 \nReading: 0 Writing: 1 Waiting: 0 \n")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/stub_status"
}

// Without scripts the page is a table.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	p := b.Open(t, serve(t, "--nginx.scrape-uri="+nginxtest.StartStatus(t, "")), false)
	proctest.Until(t, "a table", func() bool { return strings.Contains(p.HTML(t), "<td>up</td>") })
	if html := p.HTML(t); strings.Contains(html, "Select a value") && !strings.Contains(html, `class="scripted" hidden=""> Select a value`) {
		t.Error("the page mentions what needs scripts")
	}
	picture(t, p, "noscript")
	noProblems(t, p)
	p = b.Open(t, serve(t, "--nginx.scrape-uri=http://127.0.0.1:1/stub_status",
		"--nginx.scrape-uri="+plusServer(t, standin.WithStatus("http/caches", http.StatusInternalServerError, ""))), false)
	proctest.Until(t, "problems", func() bool {
		html := p.HTML(t)
		return strings.Contains(html, "1 of 2 targets down, 1 target read in part") && strings.Contains(html, "http_caches failed")
	})
	picture(t, p, "noscript-problems")
}

// plusServer serves the API of NGINX Plus with traffic, and returns its URI.
func plusServer(t *testing.T, options ...standin.Option) string {
	t.Helper()
	return traffic(t, plustest.New(options...))
}

// traffic serves a status with traffic, and returns its URI.
func traffic(t *testing.T, nginx *standin.Nginx) string {
	t.Helper()
	server := nginx.Start()
	t.Cleanup(server.Close)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	ticker := time.NewTicker(time.Second / 5)
	go func() {
		defer ticker.Stop()
		// The traffic changes: seconds with and without requests.
		for i := 0; ; i++ {
			select {
			case <-ticker.C:
				if i/10%2 == 0 {
					nginx.Tick()
				}
			case <-done:
				return
			}
		}
	}()
	return server.URL
}

// The keyboard suffices: search, filters, tables, cells, copying, freezing and comparing.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	uri := plusServer(t, standin.WithOverlay(plustest.Documents(standin.M())))
	p := browsertest.Start(t).Open(t, serve(t, "--nginx.scrape-uri="+uri)+"#tab=server&q=up0003&state=up", true)
	p.Size(t, 1280, 900, false)
	p.Await(t, "document.getElementById('count').textContent === '10 of 502 rows'") // the filters are in the address
	p.Key(t, "/")
	p.Key(t, "Escape")
	p.Await(t, "document.getElementById('count').textContent === '501 of 502 rows' && !location.hash.includes('q=')")
	p.Key(t, "/")
	for _, key := range strings.Split("up0042", "") {
		p.Key(t, key)
	}
	p.Await(t, "location.hash.includes('q=up0042') && document.getElementById('count').textContent === '10 of 502 rows'")
	p.Key(t, "Enter")
	p.Await(t, "document.activeElement.role === 'grid'")
	for _, key := range []string{"j", "j", "k", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "c"} {
		p.Key(t, key)
	}
	p.Await(t, "!document.getElementById('toast').hidden")
	const query = `rate(nginxplus_upstream_server_requests{upstream="up0042",server="10.0.42.3:8080"}[5m])`
	if copied := text(t, p, "#toast"); !strings.HasSuffix(copied, query) {
		t.Errorf("copied was %s", copied)
	}
	p.Key(t, "s")
	p.Await(t, "location.hash.includes('sort=requests') && document.querySelector('[aria-sort=descending]').textContent.startsWith('requests')")
	p.Key(t, "3")
	p.Await(t, "document.querySelector('#tabs [aria-pressed=true]').textContent.startsWith('Zones')")
	p.Key(t, "1")
	p.Await(t, "document.querySelector('#grid .body').textContent.includes('/s')") // from the second poll on
	p.Key(t, " ")
	p.Await(t, "document.getElementById('banner').textContent.startsWith('Frozen at')")
	picture(t, p, "frozen")
	columns := browsertest.Eval[float64](t, p, "document.querySelectorAll('.head .cell').length")
	p.Size(t, 390, 844, true)
	p.Await(t, fmt.Sprintf("document.querySelectorAll('.head .cell').length < %v", columns)) // also without updates
	p.Size(t, 1280, 900, false)
	frozen := browsertest.Eval[string](t, p, "document.documentElement.dataset.polls")
	p.Key(t, "d")
	p.Await(t, "document.getElementById('banner').textContent.startsWith('Differences to')")
	p.Await(t, "document.getElementById('grid').textContent.match(/\\([+−]/)")
	p.Await(t, "[...document.querySelectorAll('.body .number')].every(cell => cell.scrollWidth <= cell.clientWidth)")
	if browsertest.Eval[string](t, p, "document.documentElement.dataset.polls") == frozen {
		t.Error("the page does not go on after it was frozen")
	}
	picture(t, p, "compare")
	p.Key(t, "?")
	p.Await(t, "document.getElementById('help').open")
	picture(t, p, "help")
	p.Key(t, "Escape")
	p.Await(t, "!document.getElementById('help').open")
	noProblems(t, p)
}

// Nothing is scraped while the page is frozen or in the background.
func TestNoPollsWithoutViewers(t *testing.T) {
	t.Parallel()
	b := browsertest.Start(t)
	p := b.Open(t, serve(t, "--nginx.scrape-uri="+nginxtest.StartStatus(t, "")), true)
	polls(t, p, 2)
	other := b.Open(t, "about:blank", true)
	other.Front(t)
	p.Await(t, "document.hidden")
	p.Await(t, "performance.getEntriesByType('resource').length > 0")
	// A timer of the page, later than its next poll would be, shows that there is none.
	const quiet = `new Promise(done => {
		const count = () => performance.getEntriesByType('resource').filter(e => e.name.endsWith('/state')).length
		const before = count()
		setTimeout(() => done(count() - before), 6000)
	})`
	if got := browsertest.Eval[float64](t, p, quiet); got > 1 { // one may have been under way
		t.Errorf("there were %v polls in the background", got)
	}
	p.Front(t)
	polls(t, p, 1)
	p.Key(t, " ")
	if got := browsertest.Eval[float64](t, p, quiet); got > 1 {
		t.Errorf("there were %v polls while the page was frozen", got)
	}
}

// axe-core finds nothing serious, in any state of the page.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(axe)
	if err != nil {
		t.Fatalf("axe-core: %v; run make test-page", err)
	}
	uri := plusServer(t, standin.WithOverlay(plustest.Documents(standin.M())), standin.WithStatus("http/caches", http.StatusInternalServerError, ""))
	b := browsertest.Start(t)
	for name, target := range map[string]string{"plus": uri, "down": "http://" + nginxtest.FreeAddress(t, "127.0.0.1") + "/stub_status"} {
		p := b.Open(t, serve(t, "--nginx.scrape-uri="+target), true)
		p.Size(t, 1280, 900, false)
		polls(t, p, 3)
		picture(t, p, "axe-"+name)
		for _, scheme := range []string{"light", "dark"} {
			p.Scheme(t, scheme)
			browsertest.Eval[any](t, p, string(script)+"; null")
			const run = `axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations.filter(v => ['serious', 'critical', 'moderate'].includes(v.impact))
				.map(v => v.impact + ' ' + v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).slice(0, 3).join(' | ')))`
			if found := browsertest.Eval[[]string](t, p, run); len(found) > 0 {
				t.Errorf("%s, %s: %s", name, scheme, strings.Join(found, "\n"))
			}
		}
	}
}
