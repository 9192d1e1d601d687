package standin

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// state is what an nginx serves. It is immutable: options create another state.
type state struct {
	documents map[string][]byte
	faults    map[string]*fault
	gzip      bool
	chunked   bool
	site      Site
}

// with returns a copy of the state changed by options.
func (s *state) with(n *Nginx, options []Option) *state {
	next := &state{documents: maps.Clone(s.documents), faults: map[string]*fault{}, gzip: s.gzip, chunked: s.chunked}
	for path, f := range s.faults {
		same := *f
		next.faults[path] = &same
	}
	for _, option := range options {
		option(next)
	}
	next.site = n.dialect.Open(next.documents, n.tick.Load)
	return next
}

// Option changes what an nginx serves. Options are applied in their order.
//
// A path is that of a document, such as "http/upstreams" or Root, or Every.
type Option func(*state)

// Every means all paths in the options for faults.
const Every = "*"

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

// WithChange changes a document.
func WithChange(path string, change func([]byte) []byte) Option {
	return func(s *state) { s.documents[path] = change(s.documents[path]) }
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

// WithGzip compresses responses for clients that accept gzip.
func WithGzip() Option { return func(s *state) { s.gzip = true } }

// WithChunked sends responses in chunks, without a Content-Length.
func WithChunked() Option { return func(s *state) { s.chunked = true } }

// WithStatus responds to a path with this status and body; the path stays listed.
// An empty body becomes the error body of the dialect.
func WithStatus(path string, status int, body string) Option {
	return func(s *state) {
		f := s.fault(path)
		f.status, f.body = status, []byte(body)
	}
}

// WithRaw responds to a path with these bytes and status 200; the path stays
// listed.
func WithRaw(path string, body []byte) Option { return WithStatus(path, 200, string(body)) }

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

// WithFault returns the option for a fault such as hang:PATH, cut:PATH, abort:PATH or
// 500:PATH.
func WithFault(text string) (Option, error) {
	what, path, _ := strings.Cut(text, ":")
	if path = strings.Trim(path, "/"); path == "" {
		return nil, fmt.Errorf("%q has no path", text)
	}
	switch what {
	case "hang":
		return WithHang(path), nil
	case "cut":
		return WithTruncated(path), nil
	case "abort":
		return WithAborted(path), nil
	}
	status, err := strconv.Atoi(what)
	if err != nil || status < 200 || status > 599 {
		return nil, fmt.Errorf("%q is neither hang, cut or abort nor a status", what)
	}
	return WithStatus(path, status, ""), nil
}
