package plustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// state is what an API serves. It is immutable except for its views; options
// create another state.
type state struct {
	versions  []int
	documents map[string][]byte
	faults    map[string]*fault
	gzip      bool
	chunked   bool

	endpoints []endpoint
	release   string // of the document nginx
	tick      *atomic.Uint64

	mu    sync.Mutex
	views map[view]*rendered
}

func newState(tick *atomic.Uint64) *state {
	return &state{
		documents: map[string][]byte{},
		faults:    map[string]*fault{},
		endpoints: endpoints(),
		tick:      tick,
		views:     map[view]*rendered{},
	}
}

// with returns a copy of the state changed by options.
func (s *state) with(options []Option) *state {
	next := newState(s.tick)
	next.gzip, next.chunked = s.gzip, s.chunked
	next.versions, next.documents = slices.Clone(s.versions), maps.Clone(s.documents)
	for path, f := range s.faults {
		same := *f
		next.faults[path] = &same
	}
	for _, option := range options {
		option(next)
	}
	next.readDocuments()
	return next
}

// readDocuments reads the values of documents that other documents depend on.
func (s *state) readDocuments() {
	if body, ok := s.documents[versionsPath]; ok {
		var versions []int
		if json.Unmarshal(body, &versions) == nil {
			s.versions = versions
		}
	}
	s.release = "1.29.8"
	var nginx struct{ Version string }
	if json.Unmarshal(s.documents["nginx"], &nginx) == nil && nginx.Version != "" {
		s.release = nginx.Version
	}
}

// nextGeneration changes the document nginx as a reload does.
func nextGeneration(s *state) {
	body := s.documents["nginx"]
	digits := memberOf(body, "generation")
	generation, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return
	}
	old, next := append([]byte(`"generation":`), digits...), fmt.Appendf(nil, `"generation":%d`, generation+1)
	s.documents["nginx"] = bytes.Replace(body, old, next, 1)
}
