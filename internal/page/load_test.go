//go:build browser

package page_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-exporter/internal/browsertest"
	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// An update of 10,000 servers changes a few hundred texts of a few hundred elements,
// however far the table is scrolled. Frame times are only reported: they depend on the
// machine.
func TestTenThousandServers(t *testing.T) {
	t.Parallel()
	uri := plusServer(t, standin.WithOverlay(plustest.Documents(standin.L())))
	p := browsertest.Start(t).Open(t, serve(t, "--nginx.scrape-uri="+uri), true)
	p.Size(t, 1280, 900, false)
	p.Await(t, "document.documentElement.dataset.rows === '10002'")
	polls(t, p, 2)
	picture(t, p, "large")
	const frames = `new Promise(done => {
		const grid = document.querySelector('.grid'), times = []
		let last = performance.now(), most = 0
		const step = now => {
			times.push(now - last)
			last = now
			most = Math.max(most, grid.getElementsByTagName('*').length)
			grid.scrollTop += 1500
			times.length < 200 ? requestAnimationFrame(step) : done([times.sort((a, b) => a - b)[100], times[190], most, grid.scrollTop])
		}
		requestAnimationFrame(step)
	})`
	got := browsertest.Eval[[]float64](t, p, frames)
	t.Logf("frames while it scrolls take %.1f ms at the median and %.1f ms at the 95th percentile; it has %v elements", got[0], got[1], got[2])
	const mostElements = 1000
	if got[2] > mostElements || got[3] < 200_000 {
		t.Errorf("the table has %v elements, scrolled to %v", got[2], got[3])
	}
	p.Await(t, "document.documentElement.dataset.written > 0")
	data := browsertest.Eval[map[string]string](t, p, "({...document.documentElement.dataset})")
	t.Logf("an update: %v", data)
	var written, nodes float64
	_, _ = fmt.Sscan(data["written"], &written)
	_, _ = fmt.Sscan(data["nodes"], &nodes)
	if written == 0 || written > nodes {
		t.Errorf("an update changes %v texts of %v elements", written, nodes)
	}
	noProblems(t, p)
}

// quick serves an exporter's page whose polls have no pauses, with states that follow
// each other and servers that change.
func quick(t *testing.T, address string) (proxied string, polls *atomic.Int64) {
	t.Helper()
	behind, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	first := fetchState(t, address)
	polls = &atomic.Int64{}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/state") {
			proxy.ServeHTTP(w, r)
			return
		}
		n := polls.Add(1)
		// Each state has another time, and one server that is up or not.
		text := strings.Replace(first, `"time":`, fmt.Sprintf(`"time":%d,"was":`, 1_800_000_000+2*n), 1)
		if n%2 == 0 {
			text = strings.Replace(text, `"up","up","up"`, `"up","unavailable","up"`, 1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text) // the browser may have left
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", polls
}

func fetchState(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"api/v1/state", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(response.Body)
	if err != nil || !json.Valid(text) {
		t.Fatalf("the state is %s: %v", text, err)
	}
	return string(text)
}

// The page does not grow, although a server changes its state in each poll.
func TestThousandPolls(t *testing.T) {
	t.Parallel()
	uri := plusServer(t, standin.WithOverlay(plustest.Documents(standin.M())))
	address, count := quick(t, serve(t, "--nginx.scrape-uri="+uri))
	b := browsertest.Start(t)
	p := b.Open(t, "about:blank", true)
	p.Size(t, 1280, 900, false)
	p.Call(t, "Page.addScriptToEvaluateOnNewDocument", map[string]any{
		"source": "{ const later = setTimeout; AbortSignal.timeout = () => new AbortController().signal; window.setTimeout = (f, ms) => later(f, ms > 1000 && ms < 6000 ? 0 : ms) }",
	}, nil)
	p.Call(t, "Page.navigate", map[string]any{"url": address}, nil)
	await := func(n int64) (bytes, nodes float64) {
		proctest.Until(t, fmt.Sprint(n, " polls"), func() bool { return count.Load() >= n })
		return p.HeapSize(t)
	}
	bytes, nodes := await(300) // by then all histories are full
	for n := int64(400); n <= 1300; n += 100 {
		await(n)
	}
	bytesAfter, nodesAfter := await(1300)
	t.Logf("after 300 polls %.2f MB and %v nodes, after 1300 %.2f MB and %v nodes", bytes/1e6, nodes, bytesAfter/1e6, nodesAfter)
	const allowed = 1e6
	if bytesAfter > bytes+allowed || nodesAfter > nodes+100 {
		t.Error("the page grows")
	}
	noProblems(t, p)
}
