package angietest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

//go:embed testdata/recorded.json
var recorded string

//go:embed testdata/full.json
var full string

// Recorded returns the status of a server of version 1.13.0.
func Recorded() string { return recorded }

//go:embed testdata/recorded.prom
var prometheus string

// Prometheus returns what the server of [Recorded] itself exposed for Prometheus,
// by the template prometheus_all.conf, one request later.
func Prometheus() string { return prometheus }

// Full returns a status with everything that Angie and Angie PRO can have. It is
// composed from the documentation and the sources of Angie.
func Full() string { return full }

// Status serves a status as Angie does at a location with the directive api
// /status/: the whole tree, and each part of it alone. It is safe for concurrent
// use.
type Status struct {
	location string
	tree     atomic.Pointer[tree]
	requests atomic.Int64
}

type tree struct {
	text  string
	root  map[string]json.RawMessage
	first string // text before the first tick
	ticks int64
}

// New returns the status at a location such as /status/. It panics if the text is
// not a JSON object.
func New(location, text string) *Status {
	s := &Status{location: "/" + strings.Trim(location, "/")}
	s.Set(text)
	return s
}

// Set replaces the status.
func (s *Status) Set(text string) { s.store(tree{text: text, first: text}) }

func (s *Status) store(t tree) {
	if err := json.Unmarshal([]byte(t.text), &t.root); err != nil {
		panic("angietest: " + err.Error()) // of a test
	}
	s.tree.Store(&t)
}

// Requests returns how many requests were received.
func (s *Status) Requests() int { return int(s.requests.Load()) }

// ServeHTTP implements [http.Handler].
func (s *Status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	w.Header().Set("Server", "Angie/1.13.0")
	if r.URL.Path == s.location { // as for each prefix location
		http.Redirect(w, r, s.location+"/", http.StatusMovedPermanently)
		return
	}
	below, found := strings.CutPrefix(r.URL.Path, s.location+"/")
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	text, found := s.tree.Load().part(below)
	if !found {
		w.WriteHeader(http.StatusNotFound)
		text = fmt.Sprintf(`{"error":"PathNotFound","description":"Requested API entity %q doesn't exist."}`, "/status/"+below)
	}
	_, _ = w.Write([]byte(text)) // the client may have left
}

// part returns the text of a part of the tree.
func (t *tree) part(path string) (string, bool) {
	if path == "" {
		return t.text, true
	}
	members := t.root
	steps := slices.DeleteFunc(strings.Split(path, "/"), func(step string) bool { return step == "" })
	for i, step := range steps {
		text, found := members[step]
		if !found {
			return "", false
		}
		if i == len(steps)-1 {
			return string(text), true
		}
		members = nil
		_ = json.Unmarshal(text, &members) // a value has no members
	}
	return "", false
}
