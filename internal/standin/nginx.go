package standin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Nginx responds to requests as an nginx with a status interface does, and counts
// them. It is safe for concurrent use.
type Nginx struct {
	dialect Dialect
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

// New returns an nginx with these documents, changed by the options.
func New(dialect Dialect, documents map[string][]byte, options ...Option) *Nginx {
	n := &Nginx{dialect: dialect, requests: map[string]int{}}
	n.state.Store((&state{documents: documents}).with(n, options))
	return n
}

// Set applies more options while the nginx serves, for example a fault or
// WithoutFaults. They apply to later requests.
func (n *Nginx) Set(options ...Option) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.state.Store(n.state.Load().with(n, options))
}

// Tick increases the counters of all documents, as traffic does.
func (n *Nginx) Tick() { n.tick.Add(1) }

// Requests returns the number of requests by URL path.
func (n *Nginx) Requests() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.requests)
}

// Total returns the number of requests.
func (n *Nginx) Total() int { return int(n.number.Load()) }

// MostAtOnce returns the highest number of concurrent requests.
func (n *Nginx) MostAtOnce() int { return int(n.mostAtOnce.Load()) }

// Connections returns the number of connections that clients opened to the servers
// of Start and ServeWith.
func (n *Nginx) Connections() int { return int(n.connections.Load()) }

// ServeHTTP implements [http.Handler].
func (n *Nginx) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/-/counts" {
		n.serveCounts(w)
		return
	}
	id := fmt.Sprintf("%032x", n.enter(r.URL.Path))
	defer n.inFlight.Add(-1)
	s := n.state.Load()
	w.Header().Set("Server", s.site.Server())
	name := s.site.Name(r.URL.Path)
	if name == "" {
		s.send(w, r, Page(s.site.Server(), http.StatusNotFound), false)
		return
	}
	f := s.faultOf(name)
	if !f.wait(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	s.send(w, r, f.response(s.site, Request{r, id}), f.abort)
}

// serveCounts responds with the number of requests, of which this is none.
func (n *Nginx) serveCounts(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may have left
		"requests": n.Total(), "connections": n.Connections(), "most_at_once": n.MostAtOnce(), "by_path": n.Requests(),
	})
}

func (n *Nginx) enter(path string) uint64 {
	now := n.inFlight.Add(1)
	for most := n.mostAtOnce.Load(); now > most; most = n.mostAtOnce.Load() {
		if n.mostAtOnce.CompareAndSwap(most, now) {
			break
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests[path]++
	return n.number.Add(1)
}

// send writes a response, or half of it.
func (s *state) send(w http.ResponseWriter, r *http.Request, response Response, abort bool) {
	for name, value := range response.Header {
		w.Header().Set(name, value)
	}
	body := response.Body
	if s.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = squeeze(body)
	}
	if !s.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(response.Status)
	if r.Method == http.MethodHead {
		return
	}
	half := len(body) / 2
	_, _ = w.Write(body[:half])
	if s.chunked || abort {
		_ = http.NewResponseController(w).Flush()
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body[half:])
}

func squeeze(body []byte) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write(body) // into memory
	_ = writer.Close()
	return buffer.Bytes()
}
