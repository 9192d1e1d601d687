package plustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"nginx-exporter/internal/standin"
)

// site is the API of a set of documents.
type site struct {
	versions  []int
	documents map[string][]byte
	endpoints []endpoint
	release   string // of the document nginx
	tick      func() uint64

	mu    sync.Mutex
	views map[view]*standin.Moving
}

// view identifies a document in one API version.
type view struct {
	path    string
	version int
}

// Open implements [standin.Dialect].
func (Dialect) Open(documents map[string][]byte, tick func() uint64) standin.Site {
	s := &site{documents: documents, tick: tick, endpoints: endpoints(), release: "1.29.8", views: map[view]*standin.Moving{}}
	if json.Unmarshal(documents[versionsPath], &s.versions) != nil {
		s.versions = nil
		for v := range newest {
			s.versions = append(s.versions, v+1)
		}
	}
	var nginx struct{ Version string }
	if json.Unmarshal(documents["nginx"], &nginx) == nil && nginx.Version != "" {
		s.release = nginx.Version
	}
	return s
}

// Server implements [standin.Site].
func (s *site) Server() string { return "nginx/" + s.release }

// Name implements [standin.Site].
func (*site) Name(path string) string {
	where, ok := locate(path)
	if !ok {
		return ""
	}
	return where.path
}

// render returns a document in an API version, with its current counters.
func (s *site) render(e endpoint, version int) []byte {
	key := view{e.path, min(version, newest)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.views[key] == nil {
		s.views[key] = standin.NewMoving(since(e, s.documents[e.path], version), stepOf, s.tick)
	}
	return s.views[key].Bytes()
}

// since removes the members of later API versions.
func since(e endpoint, body []byte, version int) []byte {
	if version >= newest || !json.Valid(body) || members(body) == nil {
		return body
	}
	switch {
	case e.path == "ssl" && version < 8:
		return pick(body, []string{"handshakes", "handshakes_failed", "session_reuses"})
	case strings.HasSuffix(e.path, "_zones") || strings.HasSuffix(e.path, "/upstreams"):
		return zonesSince(body, version)
	default:
		return body
	}
}

// zonesSince removes members of zones and upstreams, but not zones and upstreams
// of the same name.
func zonesSince(body []byte, version int) []byte {
	drop := map[string]bool{"response_time_hist": version < 9, "ssl": version < 8, "codes": version < 7}
	out := []byte("{")
	for i, m := range members(body) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, m.name...), ':')
		out = without(out, m.value, drop)
	}
	return append(out, '}')
}

// stepOf returns how much a counter increases in a tick. The steps are consistent:
// a tick is ten responses with status 200, of 25 ms on average.
func stepOf(name string, _ uint64) uint64 {
	switch name {
	case "requests", "2xx", "200", "total", "accepted", "connections", "handshakes", "count", "passed", "responses", "checks":
		return 10
	case "10", "25", "50": // of a histogram
		return map[string]uint64{"10": 3, "25": 3, "50": 4}[name]
	case "sum":
		return 250
	case "received", "sent", "bytes", "bytes_in", "bytes_out":
		return 10_000
	case "session_reuses", "msgs_in", "msgs_out", "name", "noerror", "reqs":
		return 5
	default:
		return 0
	}
}

// nextGeneration changes the document nginx as a reload does.
func nextGeneration(body []byte) []byte {
	digits := memberOf(body, "generation")
	generation, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return body
	}
	old, next := append([]byte(`"generation":`), digits...), fmt.Appendf(nil, `"generation":%d`, generation+1)
	return bytes.Replace(body, old, next, 1)
}
