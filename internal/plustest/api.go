package plustest

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// API responds to requests as the REST API of NGINX Plus does, and counts them.
// New and Sized return one. It is safe for concurrent use.
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

// New returns an API with all documents of the sample at /api, changed by the
// options.
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

// Set applies more options while the API serves, for example a fault or
// WithoutFaults. They apply to later requests.
func (a *API) Set(options ...Option) {
	a.changes.Lock()
	defer a.changes.Unlock()
	a.state.Store(a.state.Load().with(options))
}

// Reload is like Set and simulates a reload: the generation in the document nginx
// increases by one.
func (a *API) Reload(options ...Option) {
	a.Set(append([]Option{nextGeneration}, options...)...)
}

// Tick increases the counters of all documents, as traffic does.
func (a *API) Tick() { a.tick.Add(1) }

// Requests returns the number of requests by URL path.
func (a *API) Requests() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// Total returns the number of requests.
func (a *API) Total() int { return int(a.number.Load()) }

// MostAtOnce returns the highest number of concurrent requests.
func (a *API) MostAtOnce() int { return int(a.mostAtOnce.Load()) }

// Connections returns the number of connections that clients opened to the servers
// of Start and ServeWith.
func (a *API) Connections() int { return int(a.connections.Load()) }

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%032x", a.enter(r.URL.Path))
	defer a.inFlight.Add(-1)
	s := a.state.Load()
	w.Header().Set("Server", "nginx/"+s.release)
	where, ok := locate(r.URL.Path)
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
