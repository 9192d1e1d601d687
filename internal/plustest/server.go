package plustest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is an API on a port of the loopback interface.
type Server struct {
	URL string // http://127.0.0.1:PORT/api, what to scrape

	http    http.Server
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
	ended   *sync.Cond
}

// Start serves the API on a free loopback port. Like httptest it panics if it
// cannot listen.
func (a *API) Start() *Server {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic("plustest: " + err.Error())
	}
	return a.ServeWith(listener, a)
}

// ServeWith serves a handler around the API on a listener, which Close closes.
func (a *API) ServeWith(listener net.Listener, handler http.Handler) *Server {
	s := &Server{URL: "http://" + listener.Addr().String() + prefix, open: map[net.Conn]bool{}}
	s.ended = sync.NewCond(&s.mu)
	s.http.Handler = handler
	s.http.ReadHeaderTimeout = time.Minute
	s.http.ConnState = func(conn net.Conn, state http.ConnState) { s.watch(a, conn, state) }
	s.running.Go(func() { _ = s.http.Serve(listener) })
	return s
}

func (s *Server) watch(a *API, conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		a.connections.Add(1)
		s.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.open, conn)
		s.ended.Broadcast()
	case http.StateActive, http.StateIdle:
	}
}

// Close closes all connections and waits until the server has ended.
func (s *Server) Close() {
	_ = s.http.Close()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 {
		s.ended.Wait()
	}
}

// HangUp closes the connections of all clients and continues to serve, as a
// restart of nginx does.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		_ = conn.Close()
	}
}
