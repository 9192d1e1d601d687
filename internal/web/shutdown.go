package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// Shutdown ends the server in three steps: readiness turns off, scrapes are
// answered for the drain delay as before, and then those under way are
// answered and nothing new. Hurry cuts the delay short. When the time-out for
// shutting down is over, connections are cut.
func (s *Server) Shutdown(hurry <-chan struct{}) {
	s.draining.Store(true)
	delay := time.NewTimer(s.web.DrainDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-hurry:
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.web.ShutdownTimeout)
	defer cancel()
	// A client that connected and says nothing would be waited for.
	silent := time.AfterFunc(silentGrace, s.fresh.close)
	defer silent.Stop()
	var group sync.WaitGroup
	for _, e := range s.endpoints {
		group.Go(func() {
			if e.server.Shutdown(ctx) != nil {
				_ = e.server.Close() // what still runs has had its time
			}
		})
	}
	group.Wait()
	s.awaitScrapes()
}

// awaitScrapes waits for scrapes whose connections were cut: they end as soon
// as they notice, and use the collector until then.
func (s *Server) awaitScrapes() {
	patience := time.NewTimer(cutGrace)
	defer patience.Stop()
	for held := range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-patience.C:
			_ = level.Warn(s.Logger).Log("msg", "not waiting for scrapes that do not end", "scrapes", cap(s.slots)-held)
			return
		}
	}
}

// cutGrace is how long a scrape may take to notice that it was cut.
const cutGrace = 500 * time.Millisecond

// silentGrace is how long a stopping server waits for the first byte of a
// connection.
const silentGrace = 500 * time.Millisecond

// fresh knows the connections on which no request has come yet.
type fresh struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// note is the ConnState of the HTTP servers.
func (f *fresh) note(conn net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state != http.StateNew {
		delete(f.conns, conn)
		return
	}
	if f.conns == nil {
		f.conns = map[net.Conn]struct{}{}
	}
	f.conns[conn] = struct{}{}
}

func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close() // nobody speaks on it
	}
}
