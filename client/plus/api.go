// Package plus reads the REST API of NGINX Plus into Go types.
//
// It owns the negotiation of the API version, the index of the available
// documents, and their types. It knows nothing of metrics.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html.
package plus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
)

// Mode is the mode of targets that are the API of NGINX Plus.
const Mode client.Mode = "plus"

// DefaultMaxDocument is the default bound of one document of the NGINX Plus
// API, in bytes. A hundred thousand servers need less.
const DefaultMaxDocument = 128 << 20

// API is the NGINX Plus API of one target. It is safe for concurrent use.
type API struct {
	client      *client.Client
	maxDocument int64

	mu    sync.Mutex
	index *Index // nil until it is read
}

// New returns the API of the client's target. The caller keeps ownership of the
// client. A document may have at most maxDocument bytes after decompression;
// zero means [DefaultMaxDocument].
func New(c *client.Client, maxDocument int64) *API {
	return &API{client: c, maxDocument: cmp.Or(maxDocument, DefaultMaxDocument)}
}

// Index returns the index of the API. It is read once and cached until
// [API.InvalidateIndex]. Its errors are of type [*client.Error].
func (a *API) Index(ctx context.Context) (*Index, error) {
	a.mu.Lock()
	index := a.index
	a.mu.Unlock()
	if index != nil {
		return index, nil
	}
	index, err := a.readIndex(ctx)
	if err != nil {
		return nil, advise(err, adviceAPI)
	}
	a.mu.Lock()
	a.index = index
	a.mu.Unlock()
	return index, nil
}

// Refresh reads the index again, within half of the remaining time, and reports
// whether the API has other documents. If it cannot be read, the index stays
// unchanged.
func (a *API) Refresh(ctx context.Context) (changed bool) {
	ctx, cancel := halfOf(ctx)
	defer cancel()
	index, err := a.readIndex(ctx)
	if err != nil || index.isGuessed() {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.index != nil && a.index.Version == index.Version && maps.Equal(a.index.listed, index.listed) {
		return false // the old one knows which paths have a trailing slash
	}
	a.index = index
	return true
}

// InvalidateIndex makes the next [API.Index] read the index again.
func (a *API) InvalidateIndex() {
	a.mu.Lock()
	a.index = nil
	a.mu.Unlock()
}

// Document is a document of the NGINX Plus API.
type Document interface {
	// Decode reads the document, which is the next value of d.
	Decode(d *document.Reader)
}

// Read requests the document at a path of the index, such as http/upstreams, and
// decodes it into an empty value. It returns the number of invalid members, which
// are absent. Its errors are of type [*client.Error].
func (a *API) Read(ctx context.Context, index *Index, path string, into Document) (invalid int, err error) {
	err = eitherPath(index, path, func(requested string) error {
		invalid, err = a.client.GetJSON(ctx, strconv.Itoa(index.Version)+"/"+requested, a.maxDocument, into.Decode)
		return err
	})
	if err != nil && client.ReasonOf(err) == client.ReasonTooLarge {
		return invalid, advise(err, adviceLimit)
	}
	return invalid, advise(err, adviceDocument)
}

// eitherPath reads a document at its path with and without a trailing slash, and
// remembers which of them worked.
func eitherPath(index *Index, path string, read func(requested string) error) error {
	var first error
	paths := index.requestPaths(path)
	for _, requested := range paths {
		err := read(requested)
		if !api.IsNotFoundOrMoved(err) {
			if err == nil {
				index.setRequestPath(path, requested)
			}
			return err
		}
		if first == nil {
			first = err
		}
	}
	if len(paths) > 1 {
		index.setRequestPath(path, path) // retry once per path
	}
	return first
}

// What an operator can do about the API or a document of it.
const (
	adviceAPI      = "set the target to the location with the api directive, such as http://127.0.0.1:8080/api"
	adviceAllow    = "allow the address of the exporter in the location with the api directive"
	adviceDocument = "request this document of the API yourself, for example with curl; nginx may have closed the connection early"
	adviceLimit    = "if nginx has that many objects, raise --nginx.plus.max-document"
)

// advise adds advice to an error where the default is about stub_status.
func advise(err error, advice string) error {
	var e *client.Error
	if !errors.As(err, &e) || e.Advice != "" {
		return err
	}
	switch {
	case e.Status == http.StatusForbidden:
		e.Advice = adviceAllow
	case e.Status == http.StatusNotFound, e.Reason == client.ReasonParse, e.Reason == client.ReasonTooLarge:
		e.Advice = advice
	}
	return err
}

// notPlus describes a response that is not from the NGINX Plus API.
func notPlus(text []byte) error {
	if len(text) == 0 {
		return client.Unexpected(text, errors.New("the response is empty"), adviceAPI)
	}
	return client.Unexpected(text, fmt.Errorf("the response is not the NGINX Plus API: %s", client.Quote(text)), adviceAPI)
}
