package web_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"nginx-exporter/internal/config"
	"nginx-exporter/internal/nginxtest"
)

// TestAlive checks the server by itself, on each kind of listener.
func TestAlive(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	certificate, key := nginxtest.NewAuthority(t).Issue(t, nginxtest.Leaf{})
	dir := t.TempDir()
	for name, text := range map[string]string{"s.crt": certificate, "s.key": key} {
		overwrite(t, filepath.Join(dir, name), text)
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0", "0.0.0.0:0", "[::]:0", "unix:" + filepath.Join(dir, "e.sock")} {
		for _, web := range []string{"", file(t, "web.yml", "tls_server_config: {cert_file: "+dir+"/s.crt, key_file: "+dir+"/s.key}\n")} {
			c := configure(n.URL)
			c.Web.Listen, c.Web.ConfigFile = []string{address}, web
			r := serve(t, c)
			r.address(t)
			if err := r.Alive(t.Context()); err != nil {
				t.Errorf("%s with %q: %v", address, web, err)
			}
			r.mustEnd(t, r.stopping(nil))
		}
	}
}

// TestAliveBusy checks a server that refuses connections above its limit: it is busy, and must not be restarted.
func TestAliveBusy(t *testing.T) {
	t.Parallel()
	r, n, hold := serveHeld(t, func(w *config.Web) { w.MaxConnections = 1 })
	scraped := make(chan struct{})
	go func() {
		defer close(scraped)
		_, _, _ = fetch(t, "tcp", r.address(t), "/metrics", nil) // only to keep the server busy
	}()
	eventually(t, "the scrape to wait for nginx", func() bool { return n.requests.Load() > 0 })
	if err := r.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	close(hold)
	<-scraped
}

// TestAliveHangs checks a server that has a listener, but does not serve it, as if it were stuck.
func TestAliveHangs(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "e.sock")} {
		c := configure(startNginx(t, nil).URL)
		c.Web.Listen = []string{address}
		e := newExporter(t, c)
		if err := e.Alive(t.Context()); err != nil {
			t.Errorf("without a listener: %v", err)
		}
		if err := e.Listen(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := e.Alive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: a server that hangs is reported with %v", address, err)
		}
		go func() { _ = e.Serve() }() // to close the listener
		e.Shutdown(nil)
	}
}
