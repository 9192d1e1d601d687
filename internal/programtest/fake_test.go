//go:build linux

package programtest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
)

// fake replaces nginx where a real one would not behave like that.
type fake struct {
	listener    net.Listener
	uri         string
	connections atomic.Int64
	stop        chan struct{} // closed when the test ends
	running     sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
	seen []*http.Request
}

// call is one connection to a fake.
type call struct {
	net.Conn
	fake   *fake
	reader *bufio.Reader
}

// script is what a fake does on a connection, which is closed after it.
type script func(c *call)

// fakeTCP runs a script on a free port.
func fakeTCP(tb testing.TB, s script) *fake {
	tb.Helper()
	listener := listen(tb, "tcp", "127.0.0.1:0")
	return fakeOn(tb, listener, "http://"+listener.Addr().String()+"/stub_status", s)
}

// fakeUnix runs a script on a unix socket.
func fakeUnix(tb testing.TB, s script) *fake {
	tb.Helper()
	socket := nginxtest.Socket(tb)
	return fakeOn(tb, listen(tb, "unix", socket), "unix:"+socket+":/stub_status", s)
}

func fakeOn(tb testing.TB, listener net.Listener, uri string, s script) *fake {
	tb.Helper()
	f := &fake{listener: listener, uri: uri, stop: make(chan struct{}), open: map[net.Conn]bool{}}
	f.running.Go(func() { f.accept(s) })
	tb.Cleanup(f.close)
	return f
}

func listen(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatalf("listen on %s: %v", address, err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return listener
}

func (f *fake) accept(s script) {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.connections.Add(1)
		f.mu.Lock()
		f.open[conn] = true
		f.mu.Unlock()
		f.running.Go(func() {
			defer func() {
				_ = conn.Close() // the script is over
				f.mu.Lock()
				delete(f.open, conn)
				f.mu.Unlock()
			}()
			s(&call{Conn: conn, fake: f, reader: bufio.NewReader(conn)})
		})
	}
}

// close ends the fake, at the end of the test or before.
func (f *fake) close() {
	f.mu.Lock()
	select {
	case <-f.stop:
	default:
		close(f.stop)
	}
	_ = f.listener.Close() // it may be closed already
	for conn := range f.open {
		_ = conn.Close() // its script notices
	}
	f.mu.Unlock()
	f.running.Wait()
}

// requests returns the requests received so far.
func (f *fake) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*http.Request(nil), f.seen...)
}

// read reads a request, and reports whether there was one.
func (c *call) read() bool {
	request, err := http.ReadRequest(c.reader)
	if err != nil {
		return false
	}
	c.fake.mu.Lock()
	defer c.fake.mu.Unlock()
	c.fake.seen = append(c.fake.seen, request)
	return true
}

// say writes text, and reports whether that succeeded.
func (c *call) say(text string) bool {
	_, err := c.Write([]byte(text))
	return err == nil
}

// hang waits until the other side leaves or the test ends.
func (c *call) hang() { _, _ = io.Copy(io.Discard, c.reader) }

// pause waits, but not longer than the test.
func (c *call) pause(delay time.Duration) {
	select {
	case <-time.After(delay):
	case <-c.fake.stop:
	}
}

// always sends the same response to each request.
func always(text string) script {
	return func(c *call) {
		for served := true; served; {
			served = c.read() && c.say(text)
		}
	}
}

// once reads a request, writes text and closes the connection.
func once(text string) script {
	return func(c *call) {
		if c.read() {
			c.say(text)
		}
	}
}

// then reads a request, writes text and hangs.
func then(text string) script {
	return func(c *call) {
		c.read()
		c.say(text)
		c.hang()
	}
}

// good responds as nginx does.
func good() script { return always(ok(usual().body())) }

// ok is a response with that body, framed as nginx does it.
func ok(body string) string { return status("200 OK", body) }

func status(line, body string, headers ...string) string {
	more := strings.Join(append(headers, ""), "\r\n")
	return fmt.Sprintf("HTTP/1.1 %s\r\nServer: nginx/1.29.1\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n%s", line, more, len(body), body)
}
