// Package angietest is the status of Angie, a dialect of package standin: one tree,
// of which each part can be requested alone.
//
// It owns a recorded tree, one with everything that Angie and Angie PRO can have, and
// generated ones.
package angietest

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"nginx-exporter/internal/standin"
)

//go:embed testdata
var testdata embed.FS

// Recorded returns the status of a server of version 1.13.0.
func Recorded() string { return string(standin.Read(testdata, "testdata/recorded.json")) }

// Prometheus returns what the server of [Recorded] itself exposed for Prometheus,
// by the template prometheus_all.conf, one request later.
func Prometheus() string { return string(standin.Read(testdata, "testdata/recorded.prom")) }

// Full returns a status with everything that Angie and Angie PRO can have. It is
// composed from the documentation and the sources of Angie.
func Full() string { return string(standin.Read(testdata, "testdata/full.json")) }

// Dialect implements [standin.Dialect]. Its location is that of the directive api
// /status/; "": /status/.
type Dialect struct{ Location string }

// New returns an Angie with a status at a location such as /status/, changed by the
// options.
func New(location, text string, options ...standin.Option) *standin.Nginx {
	return standin.New(Dialect{location}, map[string][]byte{standin.Root: []byte(text)}, options...)
}

// Path implements [standin.Dialect].
func (d Dialect) Path() string {
	if d.Location == "" {
		return "/status/"
	}
	return "/" + strings.Trim(d.Location, "/") + "/"
}

// Files returns the recorded and the full status.
func (Dialect) Files() fs.FS { return standin.Directory(testdata, "testdata") }

// Documents returns the full status, or a generated one.
func (Dialect) Documents(size standin.Size) map[string][]byte {
	text := Full()
	if size != (standin.Size{}) {
		text = Status(size)
	}
	return map[string][]byte{standin.Root: []byte(text)}
}

// Open implements [standin.Dialect].
func (d Dialect) Open(documents map[string][]byte, tick func() uint64) standin.Site {
	return site{d.Path(), standin.NewMoving(documents[standin.Root], stepOf, tick)}
}

type site struct {
	path string
	tree *standin.Moving
}

// Server implements [standin.Site].
func (site) Server() string { return "Angie/1.13.0" }

// Name implements [standin.Site].
func (s site) Name(path string) string {
	below, found := strings.CutPrefix(path+"/", s.path)
	switch below = strings.Trim(below, "/"); {
	case !found:
		return ""
	case below == "":
		return standin.Root
	default:
		return below
	}
}

// Respond implements [standin.Site].
func (s site) Respond(r standin.Request) standin.Response {
	below, found := strings.CutPrefix(r.URL.Path, s.path)
	if !found { // no slash at the end, which each prefix location redirects
		response := s.Error(r, http.StatusMovedPermanently)
		response.Header["Location"] = s.path
		return response
	}
	text, found := part(s.tree.Bytes(), below)
	if !found {
		return standin.JSON(http.StatusNotFound,
			fmt.Appendf(nil, `{"error":"PathNotFound","description":"Requested API entity %q doesn't exist."}`, "/status/"+below))
	}
	return standin.JSON(http.StatusOK, text)
}

// Error implements [standin.Site].
func (s site) Error(_ standin.Request, status int) standin.Response {
	return standin.Page(s.Server(), status)
}

// part returns the text of a part of a tree.
func part(text []byte, path string) ([]byte, bool) {
	for step := range strings.SplitSeq(path, "/") {
		if step == "" {
			continue
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal(text, &members) // a value has no members
		if text = members[step]; text == nil {
			return nil, false
		}
	}
	return text, true
}

// stepOf increases counters by a hundredth, at least by 1, but not counters of failures,
// which a server under normal traffic does not have. Histograms stay cumulative.
func stepOf(name string, value uint64) uint64 {
	const hundred = 100
	still := []string{
		"generation", "active", "idle", "used", "free", "processing", "size", "max_size", "weight", "current", "max_conns", "keepalive", "waiting", "timeout",
		"zombies", "header_time", "response_time", "connect_time", "first_byte_time", "last_byte_time", "avg", "refs",
		"dropped", "failed", "timedout", "discarded", "rejected", "exhausted", "fails", "unavailable", "downtime", "overflows",
	}
	if slices.Contains(still, name) {
		return 0
	}
	return max(1, value/hundred)
}
