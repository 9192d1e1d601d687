package plustest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Option changes what an API serves. Options are applied in their order.
//
// A path is a document below the version, such as "http/upstreams"; "root", "http"
// and "stream" are the listings, "versions" is the list of versions, and Every is
// all of them.
type Option func(*state)

// Every means all paths in the options that have a path.
const Every = "*"

// WithVersions sets the supported API versions. Those above 9 have the documents
// of version 9.
func WithVersions(versions ...int) Option {
	return func(s *state) {
		s.versions = slices.Clone(versions)
		delete(s.documents, versionsPath)
	}
}

// WithDocuments serves these documents instead of all others.
func WithDocuments(documents map[string][]byte) Option {
	return func(s *state) { s.documents = maps.Clone(documents) }
}

// WithOverlay adds or replaces documents.
func WithOverlay(documents map[string][]byte) Option {
	return func(s *state) { maps.Copy(s.documents, documents) }
}

// WithDocument adds or replaces one document.
func WithDocument(path, body string) Option {
	return func(s *state) { s.documents[path] = []byte(body) }
}

// WithoutEndpoint removes a document, or a listing and all below it: it is neither
// listed nor found.
func WithoutEndpoint(path string) Option {
	return func(s *state) {
		maps.DeleteFunc(s.documents, func(name string, _ []byte) bool {
			return name == path || strings.HasPrefix(name, path+"/")
		})
	}
}

// WithStream sets whether the configuration has a stream block. Without one,
// nothing below /stream is found.
func WithStream(present bool) Option {
	if present {
		return func(s *state) {
			for name, body := range Sample() {
				if strings.HasPrefix(name, streamPath+"/") && s.documents[name] == nil {
					s.documents[name] = body
				}
			}
		}
	}
	return WithoutEndpoint(streamPath)
}

// WithGzip compresses responses for clients that accept gzip.
func WithGzip() Option { return func(s *state) { s.gzip = true } }

// WithChunked sends responses in chunks, without a Content-Length.
func WithChunked() Option { return func(s *state) { s.chunked = true } }

// WithStatus responds to a path with this status and body; the path stays listed.
// An empty body becomes the error body of the API.
func WithStatus(path string, status int, body string) Option {
	return func(s *state) {
		f := s.fault(path)
		f.status, f.body = status, []byte(body)
	}
}

// WithRaw responds to a path with these bytes and status 200; the path stays
// listed.
func WithRaw(path string, body []byte) Option {
	return func(s *state) {
		f := s.fault(path)
		f.status, f.body = 200, body
	}
}

// WithDelay waits before it responds to a path.
func WithDelay(path string, d time.Duration) Option {
	return func(s *state) { s.fault(path).delay = d }
}

// WithHang never responds to a path.
func WithHang(path string) Option {
	return func(s *state) { s.fault(path).hang = true }
}

// WithTruncated responds to a path with the first half of its document, in a
// complete response.
func WithTruncated(path string) Option {
	return func(s *state) { s.fault(path).cut = true }
}

// WithAborted closes the connection in the middle of the response to a path.
func WithAborted(path string) Option {
	return func(s *state) { s.fault(path).abort = true }
}

// WithoutFaults removes all faults.
func WithoutFaults() Option {
	return func(s *state) { clear(s.faults) }
}
