package plustest

import (
	"context"
	"time"
)

// fault is what goes wrong with the answers to one path.
type fault struct {
	delay  time.Duration
	hang   bool
	cut    bool
	abort  bool
	status int // zero: as it should be
	body   []byte
}

// fault gives the fault of a path for an option to fill in.
func (s *state) fault(path string) *fault {
	f := s.faults[path]
	if f == nil {
		f = &fault{}
		s.faults[path] = f
	}
	return f
}

// faultOf gives what goes wrong with a path: its own fault before that of all.
func (s *state) faultOf(path string) fault {
	if f := s.faults[path]; f != nil {
		return *f
	}
	if f := s.faults[Every]; f != nil {
		return *f
	}
	return fault{}
}

// wait spends the time that the fault costs. It reports whether an answer is
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

// spoil makes of an answer what the fault leaves of it.
func (f fault) spoil(answer answer, id string) answer {
	switch {
	case f.status == 0:
	case len(f.body) > 0 || f.status == 200:
		answer.status, answer.body = f.status, f.body
	default:
		answer = refuse(f.status, "Fault", "fault", answer.version, id)
	}
	if f.cut {
		answer.body = answer.body[:len(answer.body)/2]
	}
	return answer
}
