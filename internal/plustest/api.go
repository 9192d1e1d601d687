package plustest

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// API responds to requests as the REST API of NGINX Plus does. It is made by New
// or Sized, serves any number of clients at once, and counts their requests.
type API struct {
	state   atomic.Pointer[state]
	changes sync.Mutex // one change of state at a time

	tick        atomic.Uint64
	number      atomic.Uint64 // of the request
	connections atomic.Int64
	inFlight    atomic.Int64
	mostAtOnce  atomic.Int64

	mu       sync.Mutex
	requests map[string]int
}

// New makes an API, below /api, of a server that uses everything, unless
// options say otherwise.
func New(options ...Option) *API {
	a := &API{requests: map[string]int{}}
	s := newState(&a.tick)
	for v := range newest {
		s.versions = append(s.versions, v+1)
	}
	s.documents = Sample()
	a.state.Store(s.with(options))
	return a
}

// Set applies more options while the API serves, to requests that come from
// now on: a fault that begins, for instance, or WithoutFaults.
func (a *API) Set(options ...Option) {
	a.changes.Lock()
	defer a.changes.Unlock()
	a.state.Store(a.state.Load().with(options))
}

// Reload is Set for another configuration: the generation of the document
// nginx grows by one.
func (a *API) Reload(options ...Option) {
	a.Set(append([]Option{nextGeneration}, options...)...)
}

// Tick moves every counter of every document a step forward, as traffic does.
func (a *API) Tick() { a.tick.Add(1) }

// Requests tells how often each path of a URL was asked for.
func (a *API) Requests() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// Total tells how many requests there were.
func (a *API) Total() int { return int(a.number.Load()) }

// MostAtOnce tells how many requests were under way together, at most.
func (a *API) MostAtOnce() int { return int(a.mostAtOnce.Load()) }

// Connections tells how many connections clients opened to the servers that
// Start started.
func (a *API) Connections() int { return int(a.connections.Load()) }

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%032x", a.enter(r.URL.Path))
	defer a.inFlight.Add(-1)
	s := a.state.Load()
	w.Header().Set("Server", "nginx/"+s.release)
	where, ok := s.locate(r.URL.Path)
	if !ok {
		s.notOurs(w)
		return
	}
	f := s.faultOf(where.path)
	if !f.wait(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	s.send(w, r, f.spoil(s.response(r, where, id), id), f.abort)
}

func (a *API) enter(path string) uint64 {
	now := a.inFlight.Add(1)
	for most := a.mostAtOnce.Load(); now > most; most = a.mostAtOnce.Load() {
		if a.mostAtOnce.CompareAndSwap(most, now) {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[path]++
	return a.number.Add(1)
}
