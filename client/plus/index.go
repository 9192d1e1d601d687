package plus

import (
	"bytes"
	"context"
	"encoding/json"
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
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
)

// maxList bounds the lists of versions and of paths, in bytes.
const maxList = 64 << 10

// newestVersion is the newest supported version of the API.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#compatibility.
const newestVersion = 9

// Index is the API version in use and the paths of the available documents. A nil
// Index has none.
type Index struct {
	// Version is the newest API version that nginx and the exporter support.
	Version int

	listed  map[string]bool
	guessed map[string]bool // branches that could not be listed

	mu    sync.Mutex
	slash map[string]bool // by path: whether it is requested with a trailing slash
}

// Has reports whether the API has, or may have, a document at a path such as
// http/upstreams.
func (i *Index) Has(path string) bool {
	if i == nil {
		return false
	}
	branch, _, found := strings.Cut(path, "/")
	return i.listed[path] || found && i.guessed[branch]
}

// isGuessed reports whether a part of the API could not be listed.
func (i *Index) isGuessed() bool {
	for _, guessed := range i.guessed {
		if guessed {
			return true
		}
	}
	return false
}

// Lists reports whether the API lists the path.
func (i *Index) Lists(path string) bool { return i != nil && i.listed[path] }

// requestPaths returns the paths to try for a document. NGINX Plus accepts both
// with and without a trailing slash, but a proxy may accept only one.
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

// setRequestPath sets the only path to try for a document.
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
		return nil, &client.Error{Reason: client.ReasonParse, Err: errors.New("the NGINX Plus API lists no documents")}
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
			return nil, err // the list may exist
		}
		index.guessed[branch] = err != nil
		for _, name := range names {
			index.listed[branch+"/"+name] = true
		}
	}
	return index, nil
}

// negotiate returns the newest version that nginx and the exporter support.
func (a *API) negotiate(ctx context.Context) (int, error) {
	text, err := a.getEither(ctx, "", "/")
	if err != nil {
		return 0, err
	}
	versions, ok := parseVersions(text)
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
			Err: fmt.Errorf("the oldest version of the NGINX Plus API is %d, and the newest supported one is %d",
				slices.Min(versions), newestVersion),
			Advice: "use a newer exporter",
		}
	}
	return newest, nil
}

// maxVersions bounds the list of versions. NGINX Plus has nine after nine years.
const maxVersions = 64

// parseVersions parses the list of versions that the root of the API responds
// with, such as [1,2,3]. It returns false for anything else.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#getAPIVersions.
func parseVersions(body []byte) ([]int, bool) {
	var versions []int
	if len(body) == 0 || body[0] != '[' || json.Unmarshal(body, &versions) != nil {
		return nil, false
	}
	if len(versions) == 0 || len(versions) > maxVersions || slices.Min(versions) < 1 {
		return nil, false
	}
	return versions, true
}

// Recognizes reports whether the error of another protocol means that the target
// is the NGINX Plus API, or may be: the API responds with a redirect if the target
// lacks the trailing slash.
func Recognizes(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	_, ok := parseVersions(e.Body)
	return ok || e.Status/100 == 3
}

// listBriefly reads a list within half of the remaining time: documents can be
// read without it.
func (a *API) listBriefly(ctx context.Context, path string) ([]string, error) {
	ctx, cancel := halfOf(ctx)
	defer cancel()
	return a.list(ctx, path)
}

// halfOf returns a context with half of the remaining time.
func halfOf(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, limited := ctx.Deadline(); limited {
		return context.WithTimeout(ctx, time.Until(deadline)/2)
	}
	return context.WithCancel(ctx)
}

// list reads the names below a path.
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

// getEither requests a list at the first path, and at the second one if the
// first is redirected or not found.
func (a *API) getEither(ctx context.Context, first, second string) ([]byte, error) {
	body, err := a.getShort(ctx, first)
	if api.IsNotFoundOrMoved(err) {
		if other, otherErr := a.getShort(ctx, second); otherErr == nil {
			return other, nil
		}
	}
	return body, err
}

func (a *API) getShort(ctx context.Context, path string) (body []byte, err error) {
	err = a.client.Get(ctx, path, maxList, func(_ *http.Response, source io.Reader) error {
		body, err = io.ReadAll(source)
		return err
	})
	return body, err
}
