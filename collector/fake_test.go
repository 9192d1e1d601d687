package collector

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
)

// plainPage is a stub_status page.
const plainPage = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n"

// fake is a server instead of nginx, on a real listener.
type fake struct {
	server   *httptest.Server
	requests atomic.Int64
	opened   atomic.Int64 // connections
	closed   atomic.Int64
}

// start serves the handler on loopback until the test ends.
func start(tb testing.TB, handler http.HandlerFunc) *fake {
	tb.Helper()
	f := &fake{}
	f.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		handler(w, r)
	}))
	f.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			f.opened.Add(1)
		case http.StateClosed:
			f.closed.Add(1)
		case http.StateActive, http.StateHijacked, http.StateIdle:
		}
	}
	f.server.Start()
	tb.Cleanup(f.server.Close)
	return f
}

// options returns a target of the fake, with a generous timeout.
func (f *fake) options(tb testing.TB, labels ...metric.Label) TargetOptions {
	tb.Helper()
	return asking(tb, f.server.URL+"/stub_status", labels...)
}

// open returns how many connections are open.
func (f *fake) open() int64 { return f.opened.Load() - f.closed.Load() }

// asking returns the options of the target at a URI.
func asking(tb testing.TB, uri string, labels ...metric.Label) TargetOptions {
	tb.Helper()
	target, err := client.ParseTarget(uri)
	if err != nil {
		tb.Fatal(err)
	}
	return TargetOptions{Client: client.Options{Target: target, Timeout: patience}, Labels: labels}
}

// says responds to every request with a page and a Server header.
func says(server, page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", server)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, page) // the exporter may have left
	}
}

// slow is an nginx that responds when the test says so.
type slow struct {
	*fake
	arrived chan struct{} // gets one for each request that arrives
	respond chan struct{} // takes one for each request that gets its response
	fail    chan struct{} // takes one for each request that gets a 404
	gone    chan struct{} // gets one for each request that was cancelled
	stop    chan struct{}
}

// startSlow serves the plain page, once for each value in respond.
func startSlow(tb testing.TB) *slow {
	tb.Helper()
	const many = 100
	s := &slow{
		arrived: make(chan struct{}, many), respond: make(chan struct{}, many), fail: make(chan struct{}, many),
		gone: make(chan struct{}, many), stop: make(chan struct{}),
	}
	s.fake = start(tb, func(w http.ResponseWriter, r *http.Request) {
		s.arrived <- struct{}{}
		select {
		case <-s.respond:
			says("nginx/1.29.1", plainPage)(w, r)
		case <-s.fail:
			http.NotFound(w, r)
		case <-r.Context().Done():
			s.gone <- struct{}{}
		case <-s.stop:
		}
	})
	// It runs before the server is closed, which waits for its requests.
	tb.Cleanup(func() { close(s.stop) })
	return s
}
