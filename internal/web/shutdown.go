package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// Shutdown stops the server in three steps: /-/ready fails, scrapes are still
// accepted during the drain delay, and then only those in progress are completed.
// Closing skipDrain ends the drain delay. After the shutdown timeout, connections
// are closed.
func (s *Server) Shutdown(skipDrain <-chan struct{}) {
	s.draining.Store(true)
	delay := time.NewTimer(s.web.DrainDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-skipDrain:
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.web.ShutdownTimeout)
	defer cancel()
	// net/http waits for connections on which no request has arrived.
	idle := time.AfterFunc(newConnGrace, s.newConns.close)
	defer idle.Stop()
	var group sync.WaitGroup
	for _, e := range s.endpoints {
		group.Go(func() {
			if e.server.Shutdown(ctx) != nil {
				_ = e.server.Close() // the timeout is over
			}
		})
	}
	group.Wait()
	s.awaitScrapes()
}

// awaitScrapes waits for scrapes whose connections were closed: they use the
// collector until their context ends.
func (s *Server) awaitScrapes() {
	patience := time.NewTimer(cutGrace)
	defer patience.Stop()
	for held := range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-patience.C:
			_ = level.Warn(s.Logger).Log("msg", "Scrapes did not end in time", "scrapes", cap(s.slots)-held)
			return
		}
	}
}

// cutGrace is how long a scrape may take to end when its connection is closed.
const cutGrace = 500 * time.Millisecond

// newConnGrace is how long a server that shuts down waits for the first byte of
// a connection.
const newConnGrace = 500 * time.Millisecond

// newConns tracks the connections on which no request has arrived yet.
type newConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// note is the ConnState callback of the HTTP servers.
func (c *newConns) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != http.StateNew {
		delete(c.conns, conn)
		return
	}
	if c.conns == nil {
		c.conns = map[net.Conn]struct{}{}
	}
	c.conns[conn] = struct{}{}
}

func (c *newConns) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close() // unused
	}
}
