// Package plustest is the REST API of NGINX Plus, a dialect of package standin.
//
// It owns the documents (a whole API in testdata/sample, unusual but valid ones in
// testdata/odd, generated ones), what each API version has of them, the listings and
// the error bodies. The listings are documents too: "versions" is the list of
// versions, "root" what an API version has, and "http" and "stream" are those below.
package plustest

import (
	"embed"
	"io/fs"
	"maps"
	"strings"

	"nginx-exporter/internal/standin"
)

//go:embed testdata/sample testdata/odd
var testdata embed.FS

// Dialect implements [standin.Dialect].
type Dialect struct{}

// Path implements [standin.Dialect].
func (Dialect) Path() string { return prefix }

// Files returns the sets of unusual but valid documents.
func (Dialect) Files() fs.FS { return standin.Directory(testdata, "testdata/odd") }

// Documents returns the sample, or that with the documents of a size.
func (Dialect) Documents(size standin.Size) map[string][]byte {
	documents := Sample()
	if size != (standin.Size{}) {
		maps.Copy(documents, Documents(size))
	}
	return documents
}

// New returns an API with all documents of the sample at /api, changed by the
// options.
func New(options ...standin.Option) *standin.Nginx {
	return standin.New(Dialect{}, Sample(), options...)
}

// Sized returns an API of a server of this size.
func Sized(size standin.Size) *standin.Nginx { return New(standin.WithOverlay(Documents(size))) }

// Sample returns the documents of a server of release 37 with all features, by
// their paths below the version. The caller may change the map.
func Sample() map[string][]byte {
	documents, err := standin.Set(standin.Directory(testdata, "testdata"), "sample")
	if err != nil {
		panic("plustest: " + err.Error()) // embedded, and read by every test
	}
	return documents
}

// Odds lists the sets of unusual but valid documents, which
// testdata/odd/README.md describes.
func Odds() []string { return standin.Sets(Dialect{}.Files()) }

// Odd returns one set of unusual but valid documents, for WithOverlay or
// WithDocuments.
func Odd(name string) (map[string][]byte, error) { return standin.Set(Dialect{}.Files(), name) }

// WithVersions sets the supported API versions. Those above 9 have the documents
// of version 9.
func WithVersions(versions ...int) standin.Option {
	return standin.WithDocument(versionsPath, string(marshal(versions)))
}

// WithStream sets whether the configuration has a stream block. Without one,
// nothing below /stream is found.
func WithStream(present bool) standin.Option {
	if !present {
		return standin.WithoutEndpoint(streamPath)
	}
	documents := Sample()
	maps.DeleteFunc(documents, func(name string, _ []byte) bool { return !strings.HasPrefix(name, streamPath+"/") })
	return standin.WithOverlay(documents)
}

// WithReload simulates a reload: the generation in the document nginx increases by
// one.
func WithReload() standin.Option { return standin.WithChange("nginx", nextGeneration) }
