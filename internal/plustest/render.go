package plustest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// view identifies a document in one API version.
type view struct {
	path    string
	version int
}

// rendered is a view at one tick.
type rendered struct {
	tick  uint64
	body  []byte
	plain []byte // at tick zero
	moves []move // its counters; nil until they are needed
}

// render returns a document in an API version, with its current counters.
func (s *state) render(e endpoint, version int) []byte {
	now := s.tick.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	key := view{e.path, min(version, newest)}
	r := s.views[key]
	if r == nil {
		body := since(e, s.documents[e.path], version)
		r = &rendered{body: body, plain: body}
		s.views[key] = r
	}
	if r.tick != now {
		if r.moves == nil {
			r.moves = findMoves(r.plain)
		}
		r.body, r.tick = moved(r.plain, r.moves, now), now
	}
	return r.body
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

// move is a counter.
type move struct {
	start, end int // of its digits
	step       uint64
}

// findMoves finds the counters above zero; others stay zero.
func findMoves(body []byte) []move {
	found := []move{}
	if !json.Valid(body) {
		return found
	}
	name := ""
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case c == '"':
			end := skipString(body, i)
			name = string(body[i+1 : end-1])
			i = end
		case c >= '1' && c <= '9' || c == '-':
			end := skipScalar(body, i)
			if step := stepOf(name); step > 0 {
				found = append(found, move{i, end, step})
			}
			name, i = "", end
		case c == ',' || c == '{' || c == '[':
			name = ""
			i++
		default:
			i++
		}
	}
	return slices.Clip(found)
}

// stepOf returns how much a counter increases in a tick. The steps are consistent:
// a tick is ten responses with status 200, of 25 ms on average.
func stepOf(name string) uint64 {
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

// moved returns the document with its counters some ticks later. A number that is
// not an unsigned integer, or would overflow, is unchanged.
func moved(plain []byte, moves []move, ticks uint64) []byte {
	if len(moves) == 0 {
		return plain
	}
	out := make([]byte, 0, len(plain)+len(moves))
	at := 0
	for _, m := range moves {
		out = append(out, plain[at:m.start]...)
		at = m.end
		n, err := strconv.ParseUint(string(plain[m.start:m.end]), 10, 64)
		if later := n + m.step*ticks; err == nil && later >= n {
			out = strconv.AppendUint(out, later, 10)
		} else {
			out = append(out, plain[m.start:m.end]...)
		}
	}
	return append(out, plain[at:]...)
}
