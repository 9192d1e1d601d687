package web_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/config"
)

// stopping shuts down; the channel is closed when that is complete.
func (r *running) stopping(skipDrain <-chan struct{}) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.Shutdown(skipDrain)
	}()
	return over
}

// mustEnd checks that Shutdown and Serve end without an error.
func (r *running) mustEnd(tb testing.TB, over <-chan struct{}) {
	tb.Helper()
	select {
	case <-over:
	case <-time.After(patience):
		tb.Fatal("the shutdown takes too long")
	}
	if err := r.ended(); err != nil {
		tb.Errorf("serving ended with %v", err)
	}
}

func serveHeld(tb testing.TB, change func(*config.Web)) (*running, *nginx, chan struct{}) {
	tb.Helper()
	hold := make(chan struct{})
	n := startNginx(tb, hold)
	c := configure(n.URL)
	change(&c.Web)
	return serve(tb, c), n, hold
}

func TestDrain(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.DrainDelay = time.Hour
	r := serve(t, c)
	address := r.address(t)
	skipDrain := make(chan struct{})
	over := r.stopping(skipDrain)
	eventually(t, "readiness to end", func() bool {
		status, _, err := fetch(t, "tcp", address, "/-/ready", nil)
		return err == nil && status == http.StatusServiceUnavailable
	})
	mustScrape(t, "tcp", address)
	if status, _, err := fetch(t, "tcp", address, "/-/healthy", nil); err != nil || status != http.StatusOK {
		t.Errorf("health has status %d, error %v", status, err)
	}
	close(skipDrain)
	r.mustEnd(t, over)
	if _, _, err := fetch(t, "tcp", address, "/-/healthy", nil); err == nil {
		t.Error("it still serves")
	}
}

// TestDrainDelayEnds does not end the drain delay early.
func TestDrainDelayEnds(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.DrainDelay = 300 * time.Millisecond
	r := serve(t, c)
	began := time.Now()
	r.mustEnd(t, r.stopping(nil))
	if took := time.Since(began); took < c.Web.DrainDelay {
		t.Errorf("the shutdown took only %s", took)
	}
}

func TestShutdownCompletesRequests(t *testing.T) {
	t.Parallel()
	r, n, hold := serveHeld(t, func(*config.Web) {})
	address := r.address(t)
	scraped := make(chan struct{})
	go func() {
		defer close(scraped)
		mustScrape(t, "tcp", address)
	}()
	eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
	over := r.stopping(nil)
	eventually(t, "the listener to close", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return true
		}
		_ = conn.Close() // opened only to see if the exporter listens
		return false
	})
	select {
	case <-over:
		t.Error("the shutdown did not wait for the scrape")
	default:
	}
	close(hold)
	<-scraped
	r.mustEnd(t, over)
}

func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	r, n, hold := serveHeld(t, func(w *config.Web) { w.ShutdownTimeout = 200 * time.Millisecond })
	defer close(hold)
	failed := make(chan error)
	go func() {
		_, _, err := fetch(t, "tcp", r.address(t), "/metrics", nil)
		failed <- err
	}()
	eventually(t, "the scrape to reach nginx", func() bool { return n.requests.Load() == 1 })
	r.mustEnd(t, r.stopping(nil))
	if err := <-failed; err == nil {
		t.Error("the scrape succeeded although nginx hangs")
	}
}

// TestShutdownWithIdleClients connects and sends nothing, or half a request.
// Neither may delay the shutdown until its own timeout.
func TestShutdownWithIdleClients(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.ReadTimeout, c.Web.IdleTimeout, c.Web.ShutdownTimeout = time.Hour, time.Hour, time.Hour
	r := serve(t, c)
	var clients []net.Conn
	for _, request := range []string{"", "", "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.address(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, conn)
	}
	// The response to the last one shows that all three were accepted.
	if line, err := bufio.NewReader(clients[2]).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
		t.Fatalf("the response began with %q: %v", line, err)
	}
	r.mustEnd(t, r.stopping(nil))
}

func TestShutdownOfSeveralAddresses(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.Listen = []string{"127.0.0.1:0", "127.0.0.1:0", "unix:" + t.TempDir() + "/e.sock"}
	r := serve(t, c)
	for _, address := range r.addresses(t, len(c.Web.Listen)) {
		network := "tcp"
		if strings.HasPrefix(address, "/") {
			network = "unix"
		}
		mustScrape(t, network, address)
	}
	r.mustEnd(t, r.stopping(nil))
	for _, address := range r.addresses(t, len(c.Web.Listen))[:2] {
		conn, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "tcp", address)
		if err == nil {
			_ = conn.Close() // it should not have opened
			t.Errorf("%s still listens", address)
		}
	}
}
