package web_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// send writes bytes to the exporter and returns what comes back until it closes
// the connection, which it may do before it has read everything.
func (r *running) send(tb testing.TB, request string) string {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", r.address(tb))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the response was read
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.Write([]byte(request)); err == nil {
		if tcp, isTCP := conn.(*net.TCPConn); isTCP {
			_ = tcp.CloseWrite() // the exporter may have closed already
		}
	}
	text, err := io.ReadAll(conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		tb.Fatalf("no end of the response to %.100q", request)
	}
	return string(text)
}

// hostile has malformed requests by description; none may get status 200.
func hostile() map[string]string {
	get := func(headers string) string { return "GET /metrics HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" }
	var lines strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&lines, "X-%d: %d\r\n", i, i)
	}
	requests := map[string]string{
		"TLS hello":                "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x00", 160),
		"HTTP/2 preface":           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"length and chunks":        get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
		"two lengths":              get("Content-Length: 0\r\nContent-Length: 5\r\n") + "xxxxx",
		"list of lengths":          get("Content-Length: 5,6\r\n") + "xxxxx",
		"signed length":            get("Content-Length: +5\r\n") + "xxxxx",
		"unknown coding":           get("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n",
		"two codings":              get("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n",
		"blank before a colon":     get("Content-Length : 5\r\n") + "xxxxx",
		"folded header":            "GET /metrics HTTP/1.1\r\n Host: x\r\n\r\n",
		"NUL in a header":          get("X: a\x00b\r\n"),
		"two hosts":                get("Host: y\r\n"),
		"no host":                  "GET /metrics HTTP/1.1\r\n\r\n",
		"unknown version":          "GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n",
		"HTTP/0.9":                 "GET /metrics\r\n\r\n",
		"request in a body":        get("Content-Length: 40\r\n") + "GET /metrics HTTP/1.1\r\nHost: x\r\nX: yyyy\r\n\r\n",
		"headers of 3 MB":          get("X: " + strings.Repeat("x", 3<<20) + "\r\n"),
		"URL of 2 MB":              "GET /metrics?" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"100,000 headers":          get(lines.String()),
		"line without end":         strings.Repeat("G", 2<<20),
		"CONNECT":                  "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\nConnection: close\r\n\r\n",
		"CONNECT with a path":      "CONNECT /metrics HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\nConnection: close\r\n\r\n",
		"TRACE":                    "TRACE /metrics HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\nConnection: close\r\n\r\n",
		"TRACE of another address": "TRACE /-/healthy HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\nConnection: close\r\n\r\n",
	}
	random := rand.NewChaCha8([32]byte{1})
	for i := range 20 {
		noise := make([]byte, 1+random.Uint64()%4096)
		_, _ = random.Read(noise) // it never fails
		requests[fmt.Sprint("random bytes ", i)] = string(noise) + "\r\n\r\n"
	}
	return requests
}

// cookie is a secret that no response may contain.
const cookie = "s3cr3t-of-a-browser"

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	r := serve(t, configure(n.URL))
	for name, request := range hostile() {
		text := r.send(t, request)
		if text != "" && !strings.HasPrefix(text, "HTTP/1.1 4") && !strings.HasPrefix(text, "HTTP/1.1 5") || strings.Contains(text, " 200 OK") {
			t.Errorf("%s: the response is %.200q", name, text)
		}
		if strings.Contains(text, cookie) {
			t.Errorf("%s: the response shows a header of the request", name)
		}
	}
	if got := n.requests.Load(); got != 0 {
		t.Errorf("nginx had %d requests", got)
	}
	mustScrape(t, "tcp", r.address(t))
	if lines := r.log.lines(); lines > 10 {
		t.Errorf("the log has %d lines:\n%s", lines, r.log)
	}
}

// Each of 500 concurrent scrapes gets a response, and nginx gets few requests.
func TestManyScrapes(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	n := startNginx(t, hold)
	r := serve(t, configure(n.URL))
	const scrapes = 500
	var group sync.WaitGroup
	var whole, refused atomic.Int64
	for range scrapes {
		group.Go(func() {
			status, body, err := fetch(t, "tcp", r.address(t), "/metrics", nil)
			switch {
			case err == nil && status == http.StatusOK && strings.Contains(body, "\nnginx_up 1\n"):
				whole.Add(1)
			case err == nil && status == http.StatusServiceUnavailable:
				refused.Add(1)
			default:
				t.Errorf("a scrape has status %d, error %v", status, err)
			}
		})
	}
	most := int64(r.settings.Web().MaxRequests)
	eventually(t, "all scrapes but those in progress to be refused", func() bool { return refused.Load() == scrapes-most })
	close(hold)
	group.Wait()
	if whole.Load() != most || n.requests.Load() > most {
		t.Errorf("%d scrapes were whole; nginx had %d requests", whole.Load(), n.requests.Load())
	}
}

// No response mixes two scrapes of an nginx that alternates between up and down.
func TestConsistentResponses(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	n := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%2 == 0 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, stubPage) // the exporter may have disconnected
	}))
	t.Cleanup(n.Close)
	e := newExporter(t, configure(n.URL))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 25 {
				body := e.get(t, "/metrics").Body.String()
				up := strings.Contains(body, "\nnginx_up 1\n")
				for _, text := range []string{"\nnginx_http_requests_total ", "\nnginx_connections_active ", "source_success{source=\"stub_status\"} 1\n"} {
					if strings.Contains(body, text) != up {
						t.Errorf("nginx is up: %t, and the response has %q: %t", up, text, !up)
					}
				}
			}
		})
	}
	group.Wait()
}
