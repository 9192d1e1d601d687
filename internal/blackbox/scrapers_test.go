//go:build linux

package blackbox_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const scrapeTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// slow is an nginx that takes its time, and notes how many requests it had at
// once.
func slow(delay time.Duration, most *atomic.Int64) script {
	var now atomic.Int64
	var order sync.Mutex
	return func(c *call) {
		for c.read() {
			order.Lock()
			most.Store(max(most.Load(), now.Add(1)))
			order.Unlock()
			c.pause(delay)
			now.Add(-1)
			if !c.say(ok(usual().page())) {
				return
			}
		}
	}
}

func TestScrapersAndClients(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"500 scrapes at once, nginx takes 0.5 s":                          stormOfScrapes,
		"20 scrapers gave up on a hanging nginx; the next one":            scrapersGaveUp,
		"X-Prometheus-Scrape-Timeout-Seconds: 1, nginx hangs":             shortScrapeTimeout,
		"the same header as garbage":                                      garbageScrapeTimeout,
		"10 clients ask for 5 large pages each and never read":            clientsNeverRead,
		"TRACE and CONNECT on /metrics":                                   traceAndConnect,
		"POST, PUT, DELETE, PATCH on /metrics":                            writeMethods,
		"HEAD; GET with gzip; Prometheus's own Accept header; garbage":    whatScrapersSend,
		"request headers of 3 MB, URL of 2 MB, 100000 header lines":       hugeRequests,
		"garbage on the port: TLS, HTTP/2, random bytes, smuggling forms": garbageOnThePort,
		"debug endpoints": debugEndpoints,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func stormOfScrapes(t *testing.T) {
	t.Helper()
	const scrapes = 500
	var most atomic.Int64
	nginx := fakeTCP(t, slow(500*time.Millisecond, &most))
	e := serve(t, uri(nginx.uri), "--nginx.timeout=5s")
	answers := make([]*answer, scrapes)
	errs := make([]error, scrapes)
	var group sync.WaitGroup
	for i := range scrapes {
		group.Go(func() { answers[i], errs[i] = ask(t, http.MethodGet, e.url("/metrics"), nil, nil, 10*time.Second) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("not every scrape was answered within 10 s: %v", err)
	}
	whole := 0
	for _, a := range answers {
		switch a.status {
		case http.StatusOK:
			read(t, a).wantUp(t, "", usual())
			whole++
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		default:
			t.Fatalf("a scrape was answered with %d: %s", a.status, a.body)
		}
	}
	if whole == 0 {
		t.Error("no scrape got a page")
	}
	if got := nginx.requests.Load(); got > 50 {
		t.Errorf("nginx saw %d requests; at most 50 are wanted", got)
	}
	if got := most.Load(); got > 10 {
		t.Errorf("nginx saw %d requests at once; at most 10 are wanted", got)
	}
}

func scrapersGaveUp(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, silence)
	e := serve(t, uri(nginx.uri), impatient)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := ask(t, http.MethodGet, e.url("/metrics"), nil, nil, 300*time.Millisecond); err == nil {
				t.Error("a scraper got a page of a hanging nginx before its time")
			}
		})
	}
	group.Wait()
	e.scrapeInTime(t).wantDown(t, "")
}

func shortScrapeTimeout(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, silence).uri), "--nginx.timeout=8s")
	fastest := time.Hour // a busy machine may spoil a try
	for range 3 {
		a := e.get(t, "/metrics", http.Header{scrapeTimeoutHeader: {"1"}})
		fastest = min(fastest, a.after)
		p := read(t, a)
		p.wantDown(t, "")
		p.wantError(t, "timeout")
	}
	if fastest >= time.Second {
		t.Errorf("the page came after %s, when the scraper had gone", fastest)
	}
}

func garbageScrapeTimeout(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	for _, value := range []string{"NaN", "-1", "0", "-0", "1e309", "+Inf", "abc", "0x1", "", "5,5", "1e300", "1s", "\u0661", "١", "1 ", "9223372037"} {
		read(t, e.get(t, "/metrics", http.Header{scrapeTimeoutHeader: {value}})).wantUp(t, "", usual())
	}
}

// clientsNeverRead makes the pages large by a label, and the time-out for
// writing short.
func clientsNeverRead(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	label := strings.Repeat("x", 60<<10)
	e := serve(t, uri(nginx.uri), "--prometheus.const-label=pad="+label, "--web.write-timeout=2s")
	first := e.get(t, "/metrics", nil)
	if len(first.body) < 1<<20 {
		t.Fatalf("the page has only %d bytes", len(first.body))
	}
	before := e.descriptors(t)
	for range 10 {
		conn := dial(t, e.address)
		if err := conn.SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		send(t, conn, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 5))
	}
	eventually(t, "the requests to come in", func() bool { return e.descriptors(t) >= before+10 })
	within(t, 20*time.Second, "the clients to be dropped", func() bool { return e.descriptors(t) <= before })
	if peak := e.peak(t); peak > 128<<20 {
		t.Errorf("the exporter took %d bytes of memory", peak)
	}
	if status := e.get(t, "/metrics", nil).status; status != http.StatusOK {
		t.Errorf("the next scrape has status %d", status)
	}
}

func traceAndConnect(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	e := serve(t, uri(nginx.uri))
	const secret = "s3cr3t-of-a-browser"
	for _, line := range []string{"TRACE /metrics", "TRACE /", "TRACE /-/healthy", "CONNECT /metrics", "CONNECT 127.0.0.1:80", "CONNECT " + e.address} {
		text := exchange(t, e.address, line+" HTTP/1.1\r\nHost: x\r\nCookie: "+secret+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(text, "HTTP/1.1 4") {
			t.Errorf("%s: the answer is %q", line, clip(text))
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s: the answer shows the header of the request", line)
		}
	}
	if got := nginx.requests.Load(); got != 0 {
		t.Errorf("nginx was asked %d times", got)
	}
}

func writeMethods(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	e := serve(t, uri(nginx.uri))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND", "get"} {
		a := e.request(t, method, "/metrics", nil)
		if a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s has status %d, not 405", method, a.status)
		}
		if allow := a.header.Get("Allow"); allow != "GET, HEAD" {
			t.Errorf("%s: allowed are %q", method, allow)
		}
	}
	if got := nginx.requests.Load(); got != 0 {
		t.Errorf("nginx was asked %d times", got)
	}
}

// prometheusAccept is what Prometheus 3 sends by default, and with native
// histograms.
func prometheusAccept() []string {
	return []string{
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
			"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," +
			"application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
	}
}

func whatScrapersSend(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	if head := e.request(t, http.MethodHead, "/metrics", nil); head.status != http.StatusOK || len(head.body) != 0 {
		t.Errorf("HEAD has status %d and %d bytes", head.status, len(head.body))
	}
	packed := e.get(t, "/metrics", http.Header{"Accept-Encoding": {"gzip"}})
	if packed.header.Get("Content-Encoding") != "gzip" {
		t.Error("the page is not compressed for a scraper that takes gzip")
	}
	packed.body = gunzip(t, packed.body)
	read(t, packed).wantUp(t, "", usual())
	for _, accept := range append(prometheusAccept(), "", "garbage", "*/*", "\xff\xfe", "text/html;q=x,,,;;;", strings.Repeat("a/b,", 2000), "application/json") {
		a := e.get(t, "/metrics", http.Header{"Accept": {accept}, "Accept-Encoding": {"gzip"}})
		if a.status != http.StatusOK {
			t.Fatalf("Accept %q has status %d", clip(accept), a.status)
		}
		a.body = gunzip(t, a.body)
		if expfmt.ResponseFormat(a.header).FormatType() == expfmt.TypeProtoDelim {
			decode(t, a).wantUp(t, "", usual())
			continue
		}
		read(t, a).wantUp(t, "", usual())
	}
}

func gunzip(tb testing.TB, body []byte) []byte {
	tb.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		tb.Fatalf("the page is no whole gzip: %v", err)
	}
	return text
}

// decode reads a page of protobuf.
func decode(tb testing.TB, a *answer) *page {
	tb.Helper()
	families := map[string]*dto.MetricFamily{}
	decoder := expfmt.NewDecoder(bytes.NewReader(a.body), expfmt.ResponseFormat(a.header))
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return newPage(tb, families)
		}
		if err != nil {
			tb.Fatalf("the page does not decode: %v", err)
		}
		families[family.GetName()] = family
	}
}

func hugeRequests(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	var lines strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&lines, "X-%d: %d\r\n", i, i)
	}
	for name, request := range map[string]string{
		"headers of 3 MB":     "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 3<<20) + "\r\n\r\n",
		"URL of 2 MB":         "GET /metrics?" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"100000 header lines": "GET /metrics HTTP/1.1\r\nHost: x\r\n" + lines.String() + "\r\n",
		"no end of a line":    strings.Repeat("G", 2<<20),
	} {
		if text := exchange(t, e.address, request); text != "" && !strings.HasPrefix(text, "HTTP/1.1 4") {
			t.Errorf("%s: the answer is %q", name, clip(text))
		}
	}
	if peak := e.peak(t); peak > 64<<20 {
		t.Errorf("the exporter took %d bytes of memory", peak)
	}
	e.scrape(t).wantUp(t, "", usual())
}

func garbageOnThePort(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	random := rand.NewChaCha8([32]byte{1})
	for name, request := range map[string]string{
		"TLS hello":                   "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x00", 160),
		"HTTP/2 preface":              "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"a length and chunks":         "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":                 "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nxxxxx",
		"a list of lengths":           "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5,6\r\n\r\nxxxxx",
		"a signed length":             "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nxxxxx",
		"another coding":              "GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two codings":                 "GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"a blank before the colon":    "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nxxxxx",
		"a header that is folded":     "GET /metrics HTTP/1.1\r\n Host: x\r\n\r\n",
		"a NUL in a header":           "GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
		"two hosts":                   "GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"no host":                     "GET /metrics HTTP/1.1\r\n\r\n",
		"a version that is none":      "GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n",
		"HTTP/0.9":                    "GET /metrics\r\n\r\n",
		"a body that hides a request": "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\nX: yyyy\r\n\r\n",
	} {
		if text := exchange(t, e.address, request); strings.Contains(text, " 200 OK") {
			t.Errorf("%s: the answer is %q", name, clip(text))
		}
	}
	for range 50 {
		noise := make([]byte, 1+random.Uint64()%4096)
		_, _ = random.Read(noise) // it never fails
		if text := exchange(t, e.address, string(noise)+"\r\n\r\n"); strings.Contains(text, " 200 OK") {
			t.Errorf("random bytes: the answer is %q", clip(text))
		}
	}
	e.scrape(t).wantUp(t, "", usual())
	if log := e.log.String(); strings.Contains(log, "TLS handshake") || strings.Count(log, "\n") > 10 {
		t.Errorf("port scanners fill the log:\n%s", clip(log))
	}
}

func debugEndpoints(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	for _, path := range []string{
		"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1", "/debug/pprof/heap", "/debug/vars",
		"/debug/requests", "/debug/events", "/debug/", "/-/quit", "/-/reload", "/quitquitquit",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a := e.request(t, method, path, nil); a.status != http.StatusNotFound {
				t.Errorf("%s %s has status %d, not 404", method, path, a.status)
			}
		}
	}
}

// dial connects to an exporter.
func dial(tb testing.TB, address string) *net.TCPConn {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	tcp, isTCP := conn.(*net.TCPConn)
	if !isTCP {
		tb.Fatalf("%s is reached by %T", address, conn)
	}
	return tcp
}

func send(tb testing.TB, conn net.Conn, text string) {
	tb.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
}

// exchange sends bytes and returns what comes back until the exporter hangs
// up. The exporter may hang up before it has taken everything.
func exchange(tb testing.TB, address, request string) string {
	tb.Helper()
	conn := dial(tb, address)
	defer func() { _ = conn.Close() }() // the answer was read
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err == nil {
		_ = conn.CloseWrite() // the exporter may have closed already
	}
	text, err := io.ReadAll(conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		tb.Fatalf("no end of the answer to %s after %s", strconv.Quote(clip(request)), patience)
	}
	return string(text)
}
