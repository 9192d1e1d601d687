// Package vtstest is the JSON of nginx-module-vts, a dialect of package standin.
//
// It owns recorded documents of several versions of the module, composed ones with
// everything and almost nothing, and generated ones.
package vtstest

import (
	"embed"
	"io/fs"
	"net/http"

	"nginx-exporter/internal/standin"
)

//go:embed testdata
var testdata embed.FS

// Names lists the documents of Recorded, such as v0.2.7 and full.
func Names() []string { return standin.Sets(Dialect{}.Files()) }

// Recorded returns a document. It panics if it does not exist.
func Recorded(name string) []byte { return standin.Read(testdata, "testdata/"+name+".json") }

// Prometheus returns what the server of the document v0.2.7 itself exposed for
// Prometheus.
func Prometheus() []byte { return standin.Read(testdata, "testdata/v0.2.7.prom") }

// New returns an nginx with a document, changed by the options.
func New(document []byte, options ...standin.Option) *standin.Nginx {
	return standin.New(Dialect{}, map[string][]byte{standin.Root: document}, options...)
}

// Dialect implements [standin.Dialect].
type Dialect struct{}

// Path implements [standin.Dialect].
func (Dialect) Path() string { return "/status/format/json" }

// Files returns the recorded documents.
func (Dialect) Files() fs.FS { return standin.Directory(testdata, "testdata") }

// Documents returns a generated document.
func (Dialect) Documents(size standin.Size) map[string][]byte {
	if size == (standin.Size{}) {
		size = standin.Size{Upstreams: 1, Peers: 3, Zones: 3, Keys: 3, Caches: 1}
	}
	return map[string][]byte{standin.Root: Document(size)}
}

// Open implements [standin.Dialect].
func (Dialect) Open(documents map[string][]byte, tick func() uint64) standin.Site {
	return site{standin.NewMoving(documents[standin.Root], stepOf, tick)}
}

type site struct{ document *standin.Moving }

// Server implements [standin.Site].
func (site) Server() string { return "nginx/1.29.4" }

// Name implements [standin.Site].
func (site) Name(path string) string {
	if path == (Dialect{}).Path() {
		return standin.Root
	}
	return ""
}

// Respond implements [standin.Site].
func (s site) Respond(standin.Request) standin.Response {
	return standin.JSON(http.StatusOK, s.document.Bytes())
}

// Error implements [standin.Site].
func (s site) Error(_ standin.Request, status int) standin.Response {
	return standin.Page(s.Server(), status)
}

// stepOf increases counters by a hundredth in a tick, which is a second. Those of
// few requests, such as how often a counter has wrapped, stay.
func stepOf(name string, value uint64) uint64 {
	switch name {
	case "nowMsec":
		return 1000
	case "loadMsec", "active", "reading", "writing", "waiting", "maxSize", "usedSize", "usedNode", "freeSize", "requestMsec", "responseMsec",
		"times", "msecs", "weight", "maxFails", "failTimeout", "maxIntegerSize":
		return 0
	default:
		return value / 100
	}
}
