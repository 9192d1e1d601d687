package plus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// maxList bounds the lists of versions and of paths, in bytes.
const maxList = 64 << 10

// newestVersion is the newest version of the API that is known. What later
// ones add is left out.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#compatibility.
const newestVersion = 9

// Index is what an NGINX Plus API offers: its version and the paths that it
// lists. It does not change. The methods of a nil Index report nothing.
type Index struct {
	// Version is the version of the API that is requested, the newest that
	// both sides know.
	Version int

	listed  map[string]bool
	guessed map[string]bool // branches that could not be listed

	mu    sync.Mutex
	slash map[string]bool // paths that were found with it at their end, or neither with it nor without
}

// Has reports whether there is something at a path such as http/upstreams, or
// may be.
func (i *Index) Has(path string) bool {
	if i == nil {
		return false
	}
	branch, _, found := strings.Cut(path, "/")
	return i.listed[path] || found && i.guessed[branch]
}

// Lists reports whether the API itself lists the path.
func (i *Index) Lists(path string) bool { return i != nil && i.listed[path] }

// requestPaths returns what may have to be requested for a path. NGINX Plus
// takes it with a slash at its end and without; its documentation and proxies
// before it may insist on one.
func (i *Index) requestPaths(path string) []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch slash, known := i.slash[path]; {
	case !known:
		return []string{path, path + "/"}
	case slash:
		return []string{path + "/"}
	default:
		return []string{path}
	}
}

// setRequestPath notes what is to be requested for a path.
func (i *Index) setRequestPath(path, requested string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.slash[path] = requested != path
}

func (a *API) readIndex(ctx context.Context) (*Index, error) {
	version, err := a.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	index := &Index{Version: version, listed: map[string]bool{}, guessed: map[string]bool{}, slash: map[string]bool{}}
	names, err := a.list(ctx, strconv.Itoa(version))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &client.Error{Reason: client.ReasonParse, Err: errors.New("the NGINX Plus API lists no document at all")}
	}
	for _, name := range names {
		index.listed[name] = true
	}
	for _, branch := range []string{"http", "stream"} {
		if !index.listed[branch] {
			continue
		}
		names, err := a.listBriefly(ctx, strconv.Itoa(version)+"/"+branch)
		if err != nil && client.ReasonOf(err) == client.ReasonCanceled {
			return nil, err // which says nothing of the branch
		}
		index.guessed[branch] = err != nil
		for _, name := range names {
			index.listed[branch+"/"+name] = true
		}
	}
	return index, nil
}

// negotiate returns the newest version that both sides know.
func (a *API) negotiate(ctx context.Context) (int, error) {
	text, err := a.getEither(ctx, "", "/")
	if err != nil {
		return 0, err
	}
	versions, ok := client.APIVersions(text)
	if !ok {
		return 0, notPlus(text)
	}
	newest := 0
	for _, version := range versions {
		if version <= newestVersion {
			newest = max(newest, version)
		}
	}
	if newest == 0 {
		return 0, &client.Error{
			Reason: client.ReasonParse,
			Err: fmt.Errorf("the NGINX Plus API has only versions from %d on, and the newest known one is %d",
				slices.Min(versions), newestVersion),
			Advice: "use a newer exporter",
		}
	}
	return newest, nil
}

// listBriefly reads a list in half of the time that is left: what it lists can
// be read without it.
func (a *API) listBriefly(ctx context.Context, path string) ([]string, error) {
	if deadline, limited := ctx.Deadline(); limited {
		brief, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = brief
	}
	return a.list(ctx, path)
}

// list reads the names of what is below a path.
func (a *API) list(ctx context.Context, path string) ([]string, error) {
	text, err := a.getEither(ctx, path+"/", path)
	if err != nil {
		return nil, err
	}
	d := document.NewReader(bytes.NewReader(text), 0)
	if d.Peek() != '[' {
		return nil, notPlus(text)
	}
	var names []string
	for range d.Elements() {
		if name := strings.TrimSuffix(d.Text(), "/"); name != "" {
			names = append(names, name)
		}
	}
	if err := d.Finish(); err != nil {
		return nil, &client.Error{Reason: client.ReasonParse, Err: err}
	}
	return names, nil
}

// getEither reads a short document that has a slash at the end of its path
// in one place and none in another: where nginx redirects from one to the
// other, or has only one, the other is requested.
func (a *API) getEither(ctx context.Context, first, second string) ([]byte, error) {
	body, err := a.getShort(ctx, first)
	if notFoundOrMoved(err) {
		if other, otherErr := a.getShort(ctx, second); otherErr == nil {
			return other, nil
		}
	}
	return body, err
}

func (a *API) getShort(ctx context.Context, path string) (body []byte, err error) {
	err = a.client.Get(ctx, path, maxList, func(_ http.Header, source io.Reader) error {
		body, err = io.ReadAll(source)
		return err
	})
	return body, err
}
