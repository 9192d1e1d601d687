package web

import (
	"container/list"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// clients bounds the connections of clients. Above the limit, the connection that
// has waited longest for a request is closed for a new one, so that idle clients
// never keep Prometheus out.
type clients struct {
	most   int
	logger log.Logger

	mu      sync.Mutex
	waiting list.List                  // connections without a request, the longest first
	open    map[net.Conn]*list.Element // nil while a request is handled
	full    bool                       // the limit was reached; reset below half of it
}

func newClients(most int, logger log.Logger) *clients {
	return &clients{most: most, logger: logger, open: map[net.Conn]*list.Element{}}
}

// connKey is the key of the connection in the context of a request.
type connKey struct{}

// withConn is the ConnContext callback of the HTTP servers.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// serving marks the connection of a request as busy. A request that is not
// complete or not authenticated does not count.
func (c *clients) serving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			c.busy(conn)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *clients) busy(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.open[conn]; element != nil {
		c.waiting.Remove(element)
		c.open[conn] = nil
	}
}

// note is the ConnState callback of the HTTP servers.
func (c *clients) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.open) >= c.most && !c.makeRoom() {
			refuse(conn)
			return
		}
		c.open[conn] = c.waiting.PushBack(conn)
	case http.StateIdle:
		if element, found := c.open[conn]; found && element == nil {
			c.open[conn] = c.waiting.PushBack(conn)
		}
	case http.StateClosed, http.StateHijacked:
		c.forget(conn)
	case http.StateActive: // bytes have arrived, but not necessarily a whole request
	}
}

// makeRoom closes the connection that has waited longest. It returns false if
// none waits. The lock is held.
func (c *clients) makeRoom() bool {
	if !c.full {
		c.full = true
		_ = level.Warn(c.logger).Log("msg", "Too many connections; closing those that have been idle longest", "limit", c.most,
			"advice", "find the clients that keep connections open, or raise web.max_connections in --config.file")
	}
	longest := c.waiting.Front()
	if longest == nil {
		return false
	}
	conn, _ := longest.Value.(net.Conn) // it holds nothing else
	c.forget(conn)
	cut(conn)
	return true
}

// forget removes a connection. The lock is held.
func (c *clients) forget(conn net.Conn) {
	if element := c.open[conn]; element != nil {
		c.waiting.Remove(element)
	}
	delete(c.open, conn)
	const margin = 2 // so that the log does not flap at the limit
	if c.full && len(c.open) < c.most/margin {
		c.full = false
		_ = level.Info(c.logger).Log("msg", "Connections are below the limit again", "limit", c.most)
	}
}

// closeWaiting closes all connections without a request.
func (c *clients) closeWaiting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for element := c.waiting.Front(); element != nil; element = element.Next() {
		if conn, ok := element.Value.(net.Conn); ok {
			cut(conn)
		}
	}
}

// cut closes a connection at once, without a TLS close_notify alert, which could
// block.
func cut(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	_ = conn.Close() // the client is not waiting for anything
}

// refuse responds to a new connection with 503 and closes it. A TLS connection is
// only closed: a response would require a handshake.
func refuse(conn net.Conn) {
	if _, secured := conn.(*tls.Conn); !secured {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // without it the buffer of a new connection suffices
		_, _ = io.WriteString(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"+
			"Retry-After: 1\r\nConnection: close\r\n\r\ntoo many connections (limit: web.max_connections)\n")
	}
	cut(conn)
}
