package plustest

import (
	"context"
	"time"
)

// fault is what goes wrong with the responses for one path.
type fault struct {
	delay  time.Duration
	hang   bool
	cut    bool
	abort  bool
	status int // zero: as it should be
	body   []byte
}

// fault returns the fault of a path for an option to fill in.
func (s *state) fault(path string) *fault {
	f := s.faults[path]
	if f == nil {
		f = &fault{}
		s.faults[path] = f
	}
	return f
}

// faultOf returns the fault of a path: its own one takes precedence over that
// of all paths.
func (s *state) faultOf(path string) fault {
	if f := s.faults[path]; f != nil {
		return *f
	}
	if f := s.faults[Every]; f != nil {
		return *f
	}
	return fault{}
}

// wait spends the time that the fault costs. It reports whether a response is
// still wanted.
func (f fault) wait(ctx context.Context) bool {
	if f.hang {
		<-ctx.Done()
		return false
	}
	if f.delay <= 0 {
		return true
	}
	timer := time.NewTimer(f.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// spoil applies the fault to a response.
func (f fault) spoil(response response, id string) response {
	switch {
	case f.status == 0:
	case len(f.body) > 0 || f.status == 200:
		response.status, response.body = f.status, f.body
	default:
		response = refuse(f.status, "Fault", "fault", response.version, id)
	}
	if f.cut {
		response.body = response.body[:len(response.body)/2]
	}
	return response
}
