package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/value"
	"nginx-exporter/internal/nginxtest"
)

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

// page is a stub_status page, and version the one in its Server header.
const (
	page    = "Active connections: 2 \nserver accepts handled requests\n 7 6 13 \nReading: 0 Writing: 1 Waiting: 1 \n"
	version = "1.29.1"
)

// pageStatus is page, parsed.
func pageStatus() stubstatus.Status {
	return stubstatus.Status{
		Accepted: value.Of(7),
		Handled:  value.Of(6),
		Requests: value.Of(13),
		Active:   value.Of(2),
		Reading:  value.Of(0),
		Writing:  value.Of(1),
		Waiting:  value.Of(1),
		Version:  version,
	}
}

// show formats a status for messages.
func show(s *stubstatus.Status) string {
	return fmt.Sprintf("active %v, accepted %v, handled %v, requests %v, reading %v, writing %v, waiting %v, version %q",
		s.Active.Float(), s.Accepted.Float(), s.Handled.Float(), s.Requests.Float(),
		s.Reading.Float(), s.Writing.Float(), s.Waiting.Float(), s.Version)
}

// outcome is what happens to a connection after a response.
type outcome int

const (
	keep   outcome = iota // it waits for the next request
	hangUp                // it is closed
	reset                 // it is closed with a RST
)

// exchange is one request that a fake has received.
type exchange struct {
	net.Conn
	fake    *fake
	request *http.Request
	nth     int // of the requests on this connection, from one
}

// send writes text, and returns false if the client has closed the connection.
func (e *exchange) send(text string) bool {
	_, err := e.Write([]byte(text))
	e.fake.writes.Add(1)
	return err == nil
}

// stall waits until the client closes the connection or the test ends.
func (e *exchange) stall() { _, _ = e.Read(make([]byte, 1)) }

// drip writes a text repeatedly until the client closes the connection or the
// test ends.
func (e *exchange) drip(text string, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for range 1_000_000 {
		if !e.send(text) {
			return
		}
		select {
		case <-ticker.C:
		case <-e.fake.stop:
			return
		}
	}
}

type script func(e *exchange) outcome

// fake is a server instead of nginx: it responds as a script does, and counts what
// nginx counts.
type fake struct {
	listener net.Listener
	script   script
	greet    func(conn net.Conn, reader *bufio.Reader) error // before the first request
	stop     chan struct{}                                   // closed when the test ends

	connections atomic.Int64
	requests    atomic.Int64
	writes      atomic.Int64

	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
}

// start serves the script on the listener until the test ends.
func start(tb testing.TB, listener net.Listener, script script) *fake {
	tb.Helper()
	return startGreeted(tb, listener, script, nil)
}

func startGreeted(tb testing.TB, listener net.Listener, script script, greet func(net.Conn, *bufio.Reader) error) *fake {
	tb.Helper()
	f := &fake{listener: listener, script: script, greet: greet, stop: make(chan struct{}), open: map[net.Conn]bool{}}
	f.running.Go(f.accept)
	tb.Cleanup(func() {
		close(f.stop)
		_ = listener.Close()
		f.hangUpAll()
		f.running.Wait()
	})
	return f
}

func (f *fake) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.connections.Add(1)
		f.mu.Lock()
		f.open[conn] = true
		f.mu.Unlock()
		f.running.Go(func() { f.serve(conn) })
	}
}

func (f *fake) serve(conn net.Conn) {
	end := hangUp
	defer func() {
		if end == reset {
			closeHard(conn)
		}
		_ = conn.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.open, conn)
	}()
	select {
	case <-f.stop:
		return
	default:
	}
	reader := bufio.NewReader(conn)
	if f.greet != nil && f.greet(conn, reader) != nil {
		return
	}
	for nth := 1; end != reset; nth++ {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		f.requests.Add(1)
		end = f.script(&exchange{Conn: conn, fake: f, request: request, nth: nth})
		if end == hangUp {
			return
		}
	}
}

// closeHard closes the connection with a RST and without a TLS alert.
func closeHard(conn net.Conn) {
	if outer, ok := conn.(*tls.Conn); ok {
		conn = outer.NetConn()
	}
	if inner, ok := conn.(*net.TCPConn); ok {
		_ = inner.SetLinger(0)
	}
	_ = conn.Close()
}

// hangUpAll closes all connections, as nginx does with idle ones.
func (f *fake) hangUpAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close()
	}
}

// listen listens on loopback, on a free port.
func listen(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatalf("listen on %s: %v", address, err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return listener
}

// kinds are the kinds of targets.
func kinds() []string { return []string{"http", "https", "unix"} }

// serve starts a fake for that kind of target, and returns it with the options
// of a client for it.
func serve(tb testing.TB, kind string, script script) (*fake, client.Options) {
	tb.Helper()
	var (
		listener net.Listener
		uri      string
		options  client.Options
	)
	switch kind {
	case "http":
		listener = listen(tb, "tcp", "127.0.0.1:0")
		uri = "http://" + listener.Addr().String() + "/stub_status"
	case "https":
		ca := nginxtest.NewAuthority(tb)
		listener = listen(tb, "tcp", "127.0.0.1:0")
		uri = "https://" + listener.Addr().String() + "/stub_status"
		listener = tls.NewListener(listener, &tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{}), MinVersion: tls.VersionTLS12})
		options.HTTP.TLSConfig = trusting(ca)
	case "unix":
		socket := filepath.Join(tb.TempDir(), "n.sock")
		listener = listen(tb, "unix", socket)
		uri = "unix:" + socket + ":/stub_status"
	default:
		tb.Fatalf("no such kind: %s", kind)
	}
	options.Target = target(tb, uri)
	options.Timeout = patience
	return start(tb, listener, script), options
}

// target parses a valid target.
func target(tb testing.TB, uri string) client.Target {
	tb.Helper()
	parsed, err := client.ParseTarget(uri)
	if err != nil {
		tb.Fatal(err)
	}
	return parsed
}

// connect returns a client that is closed when the test ends.
func connect(tb testing.TB, options client.Options) *client.Client {
	tb.Helper()
	c, err := client.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// scrape requests the status once.
func scrape(tb testing.TB, c *client.Client) (*stubstatus.Status, error) {
	tb.Helper()
	return scrapeWithin(tb, c, patience)
}

func scrapeWithin(tb testing.TB, c *client.Client, timeout time.Duration) (*stubstatus.Status, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), timeout)
	defer cancel()
	return stubstatus.Read(ctx, c)
}

// mustScrape scrapes once and expects the page.
func mustScrape(tb testing.TB, c *client.Client) {
	tb.Helper()
	status, err := scrape(tb, c)
	if err != nil {
		tb.Fatalf("%v (reason %s)", err, client.ReasonOf(err))
	}
	if want := pageStatus(); *status != want {
		tb.Fatalf("got %s; want %s", show(status), show(&want))
	}
}

// ok is a response with a body, as nginx sends it.
func ok(body string) string { return response("200 OK", "text/plain", body) }

func response(status, kind, body string, headers ...string) string {
	var more strings.Builder
	for _, header := range headers {
		more.WriteString(header + "\r\n")
	}
	return fmt.Sprintf("HTTP/1.1 %s\r\nServer: nginx/%s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		status, version, kind, more.String(), len(body), body)
}

// always gives the same response to every request.
func always(text string) script {
	return func(e *exchange) outcome {
		e.send(text)
		return keep
	}
}

// once gives the same response to every request and closes the connection.
func once(text string) script {
	return func(e *exchange) outcome {
		e.send(text)
		return hangUp
	}
}

// left returns the number of open connections.
func (f *fake) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open)
}
