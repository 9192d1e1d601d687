package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// connect opens a connection and sends the beginning of a request.
func (r *running) connect(tb testing.TB, begun string) net.Conn {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", r.address(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(conn, begun); err != nil {
		tb.Fatal(err)
	}
	return conn
}

// keep sends a request and keeps the connection.
func keep(tb testing.TB, conn net.Conn) {
	tb.Helper()
	if _, err := io.WriteString(conn, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		tb.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		tb.Fatalf("status %d: %s, %v", response.StatusCode, text, err)
	}
}

// TestTooManyConnections opens many more connections than allowed, idle in every
// possible way. Other clients are still served, also on a connection in use.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	const most = 8
	c := configure(startNginx(t, nil).URL)
	c.File = file(t, "config.yml", fmt.Sprintf("web: {max_connections: %d}", most))
	r := serve(t, c)
	var idle []net.Conn
	used := r.connect(t, "")
	for range 4 * most {
		for _, begun := range []string{"", "GET", "GET /metrics HTTP/1.1\r\nHost: x\r\nX:"} {
			idle = append(idle, r.connect(t, begun))
		}
		kept := r.connect(t, "")
		keep(t, kept)
		idle = append(idle, kept)
		mustScrape(t, "tcp", r.address(t))
		keep(t, used)
	}
	for i, conn := range idle[:len(idle)-most] {
		if _, err := io.ReadAll(conn); isTimeout(err) {
			t.Errorf("idle connection %d of %d is still open", i, len(idle))
		}
	}
	if got := r.log.lines("level=warn", "Too many connections", "limit=8"); got != 1 {
		t.Errorf("the log has %d lines about it:\n%s", got, r.log)
	}
	for _, conn := range idle {
		_ = conn.Close() // most are closed already
	}
	eventually(t, "a line about the end", func() bool { return r.log.lines("level=info", "below the limit again") == 1 })
}

func isTimeout(err error) bool {
	late, ok := err.(net.Error) //nolint:errorlint // not wrapped by a connection
	return ok && late.Timeout()
}

// TestTooManyBusyConnections has nginx hang: a request in progress is not
// cancelled for a new connection.
func TestTooManyBusyConnections(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	n := startNginx(t, hold)
	c := configure(n.URL)
	c.File = file(t, "config.yml", "web: {max_connections: 1}")
	r := serve(t, c)
	busy := r.connect(t, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
	text, err := io.ReadAll(r.connect(t, ""))
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 503 ") || !strings.Contains(string(text), "web.max_connections") {
		t.Errorf("a new client gets %q, error %v", text, err)
	}
	close(hold)
	if text, err := io.ReadAll(busy); err != nil || !strings.Contains(string(text), "\nnginx_up 1\n") {
		t.Errorf("the scrape in progress gets %q, error %v", text, err)
	}
}
