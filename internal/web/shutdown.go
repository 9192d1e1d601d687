package web

import (
	"context"
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
	idle := time.AfterFunc(newConnGrace, s.clients.closeWaiting)
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
	if s.page != nil {
		s.page.Close()
	}
	grace := time.NewTimer(cutGrace)
	defer grace.Stop()
	for _, taken := range []slots{s.scrapes, s.probes, s.viewers} {
		for held := range cap(taken) {
			select {
			case taken <- struct{}{}:
				defer func() { <-taken }()
			case <-grace.C:
				_ = level.Warn(s.Logger).Log("msg", "Scrapes did not end in time", "scrapes", cap(taken)-held)
				return
			}
		}
	}
}

// cutGrace is how long a scrape may take to end when its connection is closed.
const cutGrace = 500 * time.Millisecond

// newConnGrace is how long a server that shuts down waits for the request of a
// new connection.
const newConnGrace = 500 * time.Millisecond
