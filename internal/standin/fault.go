package standin

import (
	"context"
	"net/http"
	"time"
)

// fault describes the faulty responses for one path.
type fault struct {
	delay  time.Duration
	hang   bool
	cut    bool
	abort  bool
	status int // zero: unchanged
	body   []byte
}

// fault returns the fault of a path, for an option to set.
func (s *state) fault(path string) *fault {
	f := s.faults[path]
	if f == nil {
		f = &fault{}
		s.faults[path] = f
	}
	return f
}

// faultOf returns the fault of a path, or else that of all paths.
func (s *state) faultOf(path string) fault {
	if f := s.faults[path]; f != nil {
		return *f
	}
	if f := s.faults[Every]; f != nil {
		return *f
	}
	return fault{}
}

// wait waits for the delay of the fault. It reports whether the client is still
// waiting for the response.
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

// response returns the response of a site with the fault.
func (f fault) response(site Site, r Request) Response {
	var response Response
	switch {
	case f.status == 0:
		response = site.Respond(r)
	case len(f.body) > 0 || f.status == http.StatusOK:
		response = JSON(f.status, f.body)
	default:
		response = site.Error(r, f.status)
	}
	if f.cut {
		response.Body = response.Body[:len(response.Body)/2]
	}
	return response
}
