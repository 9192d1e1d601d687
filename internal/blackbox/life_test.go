//go:build linux

package blackbox_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestLifeAndDeath(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"SIGTERM when idle; SIGINT when idle":          signalWhenIdle,
		"SIGTERM during a scrape (nginx takes 1 s)":    signalDuringScrape,
		"SIGTERM while nginx hangs and clients dawdle": signalWhileAllHangs,
		"SIGHUP": hangup,
		"the reader of its log goes away (EPIPE)":                           logReaderGone,
		"SIGTERM twice, 50 ms apart, during a scrape":                       signalTwice,
		"restarted 10 times on the same port with clients connected":        restarted,
		"readiness ends with the signal, scrapes go on for the drain delay": drained,
		"systemd hands over the sockets":                                    systemdSockets,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func signalWhenIdle(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		e := serve(t, uri(nginx.uri))
		// A connection that is kept must not be waited for.
		keep(t, e).wantUp(t, "", usual())
		e.signal(t, signal)
		if status := e.exits(t, 2*time.Second); status != 0 {
			t.Errorf("%s: the exit status is %d", signal, status)
		}
	}
}

// keep scrapes over a connection that stays open until the test is over.
func keep(tb testing.TB, e *exporter) *page {
	tb.Helper()
	transport := &http.Transport{DisableCompression: true}
	tb.Cleanup(transport.CloseIdleConnections)
	return scrapeOver(tb, transport, e)
}

func scrapeOver(tb testing.TB, transport *http.Transport, e *exporter) *page {
	tb.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(tb.Context()), http.MethodGet, e.url("/metrics"), http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is read to its end
	return read(tb, &answer{status: response.StatusCode, header: response.Header, body: all(tb, response.Body)})
}

func signalDuringScrape(t *testing.T) {
	t.Helper()
	for try := range 5 {
		t.Run(fmt.Sprintf("try %d", try+1), func(t *testing.T) {
			t.Parallel()
			nginx := fakeTCP(t, func(c *call) {
				if c.read() {
					c.pause(time.Second)
					c.say(ok(usual().page()))
				}
			})
			e := serve(t, uri(nginx.uri), "--nginx.timeout=5s")
			var group sync.WaitGroup
			var a *answer
			var err error
			group.Go(func() { a, err = ask(t, http.MethodGet, e.url("/metrics"), nil, nil, patience) })
			eventually(t, "the scrape to reach nginx", func() bool { return nginx.requests.Load() > 0 })
			e.signal(t, syscall.SIGTERM)
			group.Wait()
			if err != nil {
				t.Fatalf("the last scrape was lost: %v", err)
			}
			read(t, a).wantUp(t, "", usual())
			if status := e.exits(t, 2*time.Second); status != 0 {
				t.Errorf("the exit status is %d", status)
			}
		})
	}
}

func signalWhileAllHangs(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, silence)
	e := serve(t, uri(nginx.uri), "--nginx.timeout=60s")
	for range 5 {
		dial(t, e.address) // and says nothing
		send(t, dial(t, e.address), "GET /metrics HTTP/1.1\r\nHost:")
		send(t, dial(t, e.address), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		send(t, dial(t, e.address), "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
	}
	eventually(t, "a scrape to reach nginx", func() bool { return nginx.requests.Load() > 0 })
	e.signal(t, syscall.SIGTERM)
	if status := e.exits(t, 10*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}

func hangup(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	for range 5 {
		e.signal(t, syscall.SIGHUP)
		e.scrape(t).wantUp(t, "", usual())
	}
	eventually(t, "the log to tell of it", func() bool { return strings.Contains(e.log.String(), "nothing to load") })
}

// logReaderGone makes each scrape a line of the log, and then takes the reader
// away.
func logReaderGone(t *testing.T) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	e := launch(t, &spec{
		args:   []string{uri("http://" + freeAddress(t) + "/"), "--log.level=debug"},
		stderr: writer, listen: address,
	})
	if err := writer.Close(); err != nil { // the child has its own
		t.Fatal(err)
	}
	eventually(t, "the exporter to answer", func() bool {
		_, err := ask(t, http.MethodGet, e.url("/-/healthy"), nil, nil, patience)
		return err == nil
	})
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		e.scrape(t).wantDown(t, "")
	}
	e.signal(t, syscall.SIGTERM)
	if status := e.exits(t, 2*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}

func signalTwice(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, silence)
	e := serve(t, uri(nginx.uri), "--nginx.timeout=3s", "--web.drain-delay=20s")
	var group sync.WaitGroup
	group.Go(func() {
		if a, err := ask(t, http.MethodGet, e.url("/metrics"), nil, nil, patience); err == nil {
			read(t, a).wantDown(t, "")
		}
	})
	eventually(t, "the scrape to reach nginx", func() bool { return nginx.requests.Load() > 0 })
	e.signal(t, syscall.SIGTERM)
	<-time.After(50 * time.Millisecond)
	// The kernel makes one of two signals of which the first is not taken yet.
	eventually(t, "the signal to be taken", func() bool { return strings.Contains(e.log.String(), "received a signal") })
	e.signal(t, syscall.SIGTERM)
	if status := e.exits(t, 6*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	group.Wait()
}

func restarted(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	address := freeAddress(t)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	for i := range 10 {
		began := time.Now()
		e := serveSpec(t, &spec{args: []string{uri(nginx.uri)}, listen: address})
		scrapeOver(t, transport, e).wantUp(t, "", usual())
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("start %d: the page came after %s", i+1, took)
		}
		dial(t, address) // stays open over the restart
		signal := syscall.SIGTERM
		if i%2 == 1 {
			signal = syscall.SIGKILL // then the kernel closes the connections
		}
		e.signal(t, signal)
		e.exits(t, 3*time.Second)
		transport.CloseIdleConnections()
	}
}

func drained(t *testing.T) {
	t.Helper()
	e := serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri), "--web.drain-delay=1s")
	if status := e.get(t, "/-/ready", nil).status; status != http.StatusOK {
		t.Errorf("before the signal readiness is %d", status)
	}
	e.signal(t, syscall.SIGTERM)
	eventually(t, "readiness to end", func() bool { return e.get(t, "/-/ready", nil).status == http.StatusServiceUnavailable })
	if status := e.get(t, "/-/healthy", nil).status; status != http.StatusOK {
		t.Errorf("after the signal health is %d", status)
	}
	e.scrape(t).wantUp(t, "", usual())
	if status := e.exits(t, 4*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}

// systemdSockets does what systemd does: the sockets are descriptors from 3
// on, and the environment names the process that they are for.
func systemdSockets(t *testing.T) {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	nginx := fakeTCP(t, always(ok(usual().page())))
	socket, isFile := listener.(interface{ File() (*os.File, error) })
	if !isFile {
		t.Fatalf("%T has no descriptor", listener)
	}
	file, err := socket.File()
	if err != nil {
		t.Fatal(err)
	}
	e := launch(t, &spec{
		args:   []string{uri(nginx.uri), "--web.systemd-socket"},
		prefix: []string{"/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`, "sh"},
		files:  []*os.File{file},
	})
	e.awaitAddress(t)
	if err := listener.Close(); err != nil { // the child has its own
		t.Fatal(err)
	}
	if e.address != listener.Addr().String() {
		t.Errorf("the exporter listens on %s", e.address)
	}
	e.scrape(t).wantUp(t, "", usual())
	e.signal(t, syscall.SIGTERM)
	if status := e.exits(t, 2*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}
