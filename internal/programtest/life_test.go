//go:build linux

package programtest_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"nginx-exporter/internal/proctest"
)

// The last scrape before SIGTERM is completed, 5 of 5 times.
func TestTerminateDuringScrape(t *testing.T) {
	t.Parallel()
	for range 5 {
		respond := make(chan struct{})
		nginx := fakeTCP(t, func(c *call) {
			if c.read() {
				<-respond
				c.say(ok(usual().body()))
			}
		})
		e := serve(t, uri(nginx.uri))
		var group sync.WaitGroup
		group.Go(func() {
			if status, body, err := e.request(t, "/metrics"); err != nil || status != http.StatusOK || !strings.Contains(body, "\nnginx_up 1\n") {
				t.Errorf("the last scrape has status %d, error %v", status, err)
			}
		})
		e.Await(t, "the scrape to reach nginx", func() bool { return len(nginx.requests()) > 0 })
		e.mayEnd = true
		e.Signal(t, syscall.SIGTERM)
		e.Await(t, "the listener to close", func() bool {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", e.address)
			if err == nil {
				_ = conn.Close() // opened only to see if the exporter listens
			}
			return err != nil
		})
		close(respond)
		group.Wait()
		if status := e.Exit(t); status != 0 {
			t.Errorf("the exit status is %d", status)
		}
	}
}

// Neither clients nor an nginx that hang delay the shutdown beyond its timeout.
func TestTerminateWhileEverythingHangs(t *testing.T) {
	t.Parallel()
	nginx := fakeTCP(t, then(""))
	e := serve(t, uri(nginx.uri), "--nginx.timeout=1h")
	for range 5 {
		dial(t, e.address)
		send(t, dial(t, e.address), "GET /metrics HTTP/1.1\r\nHost:")
		send(t, dial(t, e.address), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		send(t, dial(t, e.address), "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
	}
	e.Await(t, "a scrape to reach nginx", func() bool { return len(nginx.requests()) > 0 })
	e.terminate(t, syscall.SIGTERM)
}

// serveIntoPipe starts the program with a pipe for its log, which is not read for
// the address.
func serveIntoPipe(tb testing.TB, args ...string) (e *exporter, reader *os.File) {
	tb.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	e = launch(tb, &spec{args: append(args, "--log.level=debug"), stderr: writer, listen: freeAddress(tb)})
	if err := writer.Close(); err != nil { // the child has its own
		tb.Fatal(err)
	}
	e.Await(tb, "the exporter to listen", func() bool {
		_, _, err := e.request(tb, "/-/healthy")
		return err == nil
	})
	return e, reader
}

// A log collector that restarts does not end the exporter: each scrape logs a
// line, and the pipe has no reader.
func TestLogReaderGone(t *testing.T) {
	t.Parallel()
	e, reader := serveIntoPipe(t, uri("http://"+freeAddress(t)+"/"))
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		e.scrape(t).wantDown(t, "")
	}
	e.terminate(t, syscall.SIGTERM)
}

// A log collector that hangs does not block the exporter: 200 targets that are
// down fill the pipe, which is not read.
func TestLogReaderHangs(t *testing.T) {
	t.Parallel()
	var targets []string
	for i := range 200 {
		targets = append(targets, uri(fmt.Sprintf("unix:/nowhere/%d:/stub_status", i)))
	}
	e, reader := serveIntoPipe(t, targets...)
	defer func() { _ = reader.Close() }() // it was not read
	for range 5 {
		if down := len(e.scrape(t).series["nginx_up"]); down != len(targets) {
			t.Errorf("there are %d targets", down)
		}
	}
	e.terminate(t, syscall.SIGTERM)
}

// Each start binds the same port, while connections of the previous process are
// open on the client's side.
func TestRestartOnSamePort(t *testing.T) {
	t.Parallel()
	nginx, address := fakeTCP(t, good()), freeAddress(t)
	for i := range 10 {
		e := serveSpec(t, &spec{args: []string{uri(nginx.uri)}, listen: address})
		e.scrape(t).wantUp(t, "", usual())
		dial(t, address) // stays open over the restart
		if i%2 == 0 {
			e.terminate(t, syscall.SIGTERM)
			continue
		}
		e.mayEnd = true
		e.Kill() // then the kernel closes the connections
	}
}

// The start takes little CPU time and does not wait for nginx, which hangs.
func TestStart(t *testing.T) {
	t.Parallel()
	e := serve(t, uri(fakeTCP(t, then("")).uri))
	if status, _, err := e.request(t, "/-/healthy"); status != http.StatusOK {
		t.Errorf("health has status %d, error %v", status, err)
	}
	e.terminate(t, syscall.SIGTERM)
	const most = 1500e6 // nanoseconds
	if used := e.CPU(); used > most {
		t.Errorf("start and end took %s of CPU time", used)
	}
}

// Neither SIGTERM nor SIGINT waits for the connections of idle clients.
func TestInterruptWithIdleConnection(t *testing.T) {
	t.Parallel()
	e := serve(t, uri(fakeTCP(t, good()).uri))
	conn := dial(t, e.address)
	send(t, conn, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
	first := make([]byte, len("HTTP/1.1 200"))
	proctest.Until(t, "a response", func() bool {
		_, err := conn.Read(first)
		return err == nil
	})
	e.terminate(t, syscall.SIGINT)
}
