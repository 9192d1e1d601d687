// Package angie reads the status of Angie, the tree /status/ of its API, into Go
// types.
//
// It owns the requests for the tree and for parts of it, and the types of the
// parts. It knows nothing of metrics.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/.
package angie

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
)

// Mode is the mode of targets that are the status of Angie.
const Mode client.Mode = "angie"

// DefaultMaxDocument is the default bound of one response, in bytes. A hundred
// thousand servers of upstreams need less.
const DefaultMaxDocument = 128 << 20

// API is the status of one target. It is safe for concurrent use.
type API struct {
	client      *client.Client
	maxDocument int64
	slash       atomic.Bool // the tree is requested with a trailing slash
}

// New returns the status of the client's target, which is the location of the
// tree. The caller keeps ownership of the client. A response may have at most
// maxDocument bytes after decompression; zero means [DefaultMaxDocument].
func New(c *client.Client, maxDocument int64) *API {
	return &API{client: c, maxDocument: cmp.Or(maxDocument, DefaultMaxDocument)}
}

// Part is a part of the tree, such as http/upstreams.
type Part interface {
	// Decode reads the part, which is the next value of d.
	Decode(d *document.Reader)
}

// ReadTree reads the whole tree in one request. Its errors are of type
// [*client.Error].
//
// Angie redirects a request without the trailing slash of its location.
func (a *API) ReadTree(ctx context.Context, tree *Tree) error {
	slash := a.slash.Load()
	err := a.readTree(ctx, tree, slash)
	if api.IsNotFoundOrMoved(err) {
		if other := a.readTree(ctx, tree, !slash); !api.IsNotFoundOrMoved(other) {
			a.slash.Store(!slash)
			return other
		}
	}
	return err
}

func (a *API) readTree(ctx context.Context, tree *Tree, slash bool) error {
	below := ""
	if slash {
		below = "/"
	}
	_, err := a.client.GetJSON(ctx, below, a.maxDocument, tree.decode)
	return advise(err, adviceTree)
}

// ReadServer reads the part that identifies the server, which every Angie has. Its
// errors are of type [*client.Error].
func (a *API) ReadServer(ctx context.Context) (server *Server, invalid int, err error) {
	server = &Server{}
	invalid, err = a.client.GetJSON(ctx, ServerPath+"/", a.maxDocument, func(d *document.Reader) {
		server.Decode(d)
		if server.Version == "" && !server.Generation.IsSet() {
			d.Reject(errNotAngie)
		}
	})
	return server, invalid, advise(err, adviceTree)
}

// Read reads one part at its path, such as http/upstreams, into an empty value. It
// returns the number of invalid members, which are absent. Its errors are of type
// [*client.Error].
func (a *API) Read(ctx context.Context, path string, into Part) (invalid int, err error) {
	invalid, err = a.client.GetJSON(ctx, path+"/", a.maxDocument, into.Decode)
	return invalid, advise(err, advicePart)
}

// What an operator can do about the status or a part of it.
const (
	adviceTree  = "set the target to the location with the directive api /status/, such as http://127.0.0.1:8080/status/"
	advicePart  = "request this part of the status yourself, for example with curl; Angie may have closed the connection early"
	adviceAllow = "allow the address of the exporter in the location with the api directive"
	adviceLimit = "if Angie has that many objects, raise --nginx.plus.max-document"
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
	case e.Reason == client.ReasonTooLarge:
		e.Advice = adviceLimit
	case e.Status == http.StatusNotFound, e.Status/100 == 3, e.Reason == client.ReasonParse:
		e.Advice = advice
	}
	return err
}
