package standin

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is an nginx on a port of the loopback interface.
type Server struct {
	URL string // what to scrape, such as http://127.0.0.1:8080/api

	http    http.Server
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
	ended   *sync.Cond
}

// Start serves the nginx on a free loopback port. Like httptest it panics if it
// cannot listen.
func (n *Nginx) Start() *Server {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic("standin: " + err.Error())
	}
	return n.ServeWith(listener, n)
}

// ServeWith serves a handler around the nginx on a listener, which Close closes.
func (n *Nginx) ServeWith(listener net.Listener, handler http.Handler) *Server {
	s := &Server{URL: "http://" + listener.Addr().String() + n.dialect.Path(), open: map[net.Conn]bool{}}
	s.ended = sync.NewCond(&s.mu)
	s.http.Handler = handler
	s.http.ReadHeaderTimeout = time.Minute
	s.http.ConnState = func(conn net.Conn, state http.ConnState) { s.watch(n, conn, state) }
	s.running.Go(func() { _ = s.http.Serve(listener) })
	return s
}

func (s *Server) watch(n *Nginx, conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		n.connections.Add(1)
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
