package client

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
)

// DefaultMaxDocument is how large a document of the NGINX Plus API may be, in
// bytes, unless Options say otherwise. A hundred thousand servers need less.
const DefaultMaxDocument = 128 << 20

// maxList bounds the lists of versions and of what there is, in bytes.
const maxList = 64 << 10

// newestVersion is the newest version of the API that is known. What later
// ones add is left out.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#compatibility.
const newestVersion = 9

// PlusIndex is what an NGINX Plus API offers: its version and the paths that
// it lists. What it says does not change.
type PlusIndex struct {
	// Version is the version of the API that is asked, the newest that both
	// sides know.
	Version int

	listed  map[string]bool
	guessed map[string]bool // branches that could not be listed

	mu    sync.Mutex
	slash map[string]bool // paths that were found with it at their end, or neither with it nor without
}

// Has reports whether there is something at a path such as http/upstreams, or
// may be.
func (i *PlusIndex) Has(path string) bool {
	if i == nil {
		return false
	}
	branch, _, found := strings.Cut(path, "/")
	return i.listed[path] || found && i.guessed[branch]
}

// Lists reports whether the API itself said that the path is there.
func (i *PlusIndex) Lists(path string) bool { return i != nil && i.listed[path] }

// spellings returns how a path may be written, and is to be told which of them
// nginx has. NGINX Plus takes either; its documentation and what stands before
// it may insist on one.
func (i *PlusIndex) spellings(path string) []string {
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

// spelt notes how a path is written.
func (i *PlusIndex) spelt(path, spelling string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.slash[path] = spelling != path
}

// plusMemory is what is remembered of an API between scrapes.
type plusMemory struct {
	mu    sync.Mutex
	index *PlusIndex // nil until it was read
}

// PlusIndex returns what the API of the target offers. It is read once and
// remembered until [Client.ForgetPlus]. Its errors are of type [*Error].
func (c *Client) PlusIndex(ctx context.Context) (*PlusIndex, error) {
	c.plus.mu.Lock()
	index := c.plus.index
	c.plus.mu.Unlock()
	if index != nil {
		return index, nil
	}
	index, err := c.readIndex(ctx)
	if err != nil {
		return nil, advise(err, adviceAPI)
	}
	c.plus.mu.Lock()
	c.plus.index = index
	c.plus.mu.Unlock()
	return index, nil
}

// ForgetPlus makes the next [Client.PlusIndex] ask again.
func (c *Client) ForgetPlus() {
	c.plus.mu.Lock()
	c.plus.index = nil
	c.plus.mu.Unlock()
}

func (c *Client) readIndex(ctx context.Context) (*PlusIndex, error) {
	version, err := c.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	index := &PlusIndex{Version: version, listed: map[string]bool{}, guessed: map[string]bool{}, slash: map[string]bool{}}
	names, err := c.list(ctx, strconv.Itoa(version))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &Error{Reason: ReasonParse, Err: errors.New("the NGINX Plus API lists no document at all")}
	}
	for _, name := range names {
		index.listed[name] = true
	}
	for _, branch := range []string{"http", "stream"} {
		if !index.listed[branch] {
			continue
		}
		names, err := c.listBriefly(ctx, strconv.Itoa(version)+"/"+branch)
		if err != nil && ReasonOf(err) == ReasonCanceled {
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
func (c *Client) negotiate(ctx context.Context) (int, error) {
	text, err := c.eitherSlash(ctx, "", "/")
	if err != nil {
		return 0, err
	}
	versions, ok := apiVersions(text)
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
		return 0, &Error{Reason: ReasonParse, Err: fmt.Errorf("the NGINX Plus API has only versions from %d on, and the newest known one is %d",
			slices.Min(versions), newestVersion), Advice: "use a newer exporter"}
	}
	return newest, nil
}

// listBriefly reads a list in half of the time that is left: what it lists can
// be read without it.
func (c *Client) listBriefly(ctx context.Context, path string) ([]string, error) {
	if deadline, limited := ctx.Deadline(); limited {
		brief, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = brief
	}
	return c.list(ctx, path)
}

// list reads the names of what is below a path.
func (c *Client) list(ctx context.Context, path string) ([]string, error) {
	text, err := c.eitherSlash(ctx, path+"/", path)
	if err != nil {
		return nil, err
	}
	s := newScanner(bytes.NewReader(text))
	if s.peek() != '[' {
		return nil, notPlus(text)
	}
	var names []string
	for range s.elements() {
		if name := strings.TrimSuffix(s.string(), "/"); name != "" {
			names = append(names, name)
		}
	}
	if err := s.finish(); err != nil {
		return nil, &Error{Reason: ReasonParse, Err: err}
	}
	return names, nil
}

// eitherSlash reads a short document that has a slash at the end of its path
// in one place and none in another: where nginx redirects from one to the
// other, or has only one, the other is asked.
func (c *Client) eitherSlash(ctx context.Context, first, second string) ([]byte, error) {
	answer, err := c.getWhole(ctx, first, maxList)
	if elsewhere(err) {
		if other, otherErr := c.getWhole(ctx, second, maxList); otherErr == nil {
			return other.body, nil
		}
	}
	return answer.body, err
}

// elsewhere reports whether the error is that there is nothing at this path,
// or that it is at another one.
func elsewhere(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status/100 == 3)
}

// What an operator can do about the API or a document of it.
const (
	adviceAPI      = "give the path of the location with the api directive, such as http://127.0.0.1:8080/api"
	adviceAllow    = "allow the address of the exporter in the location with the api directive"
	adviceDocument = "look at this document of the API yourself; nginx may have broken off"
	adviceLimit    = "if the document is as it should be, raise --nginx.plus.max-document"
)

// advise gives an error the advice for its path, where the usual one would be
// about stub_status.
func advise(err error, path string) error {
	var e *Error
	if !errors.As(err, &e) || e.Advice != "" {
		return err
	}
	switch {
	case e.Status == http.StatusForbidden:
		e.Advice = adviceAllow
	case e.Status == http.StatusNotFound, e.Reason == ReasonParse, e.Reason == ReasonTooLarge:
		e.Advice = path
	}
	return err
}

// notPlus says what the answer is in place of the NGINX Plus API.
func notPlus(text []byte) error {
	e := &Error{Reason: ReasonParse, Advice: adviceAPI}
	switch _, err := ParseStubStatus(text); {
	case err == nil:
		e.Err = errors.New("this is a stub_status page, not the NGINX Plus API")
		e.Advice = "use --nginx.mode=auto or stub_status for this target"
	case len(text) == 0:
		e.Err = errors.New("the answer is empty")
	default:
		e.Err = fmt.Errorf("the answer is not the NGINX Plus API: %s", quote(text))
	}
	return e
}

// PlusDocument is a document of the NGINX Plus API. The types of this package
// are all there are.
type PlusDocument interface {
	// decode reads the document, whose value is next.
	decode(s *scanner)
}

// ReadPlus reads the document at a path of the index into a value that is
// empty yet. It returns how many of its members made no sense: they are absent
// then. Its errors are of type [*Error].
func (c *Client) ReadPlus(ctx context.Context, index *PlusIndex, path string, into PlusDocument) (unfit int, err error) {
	err = c.eitherSpelling(index, path, func(spelling string) error {
		unfit, err = c.readPlus(ctx, strconv.Itoa(index.Version)+"/"+spelling, into)
		return err
	})
	if err != nil && ReasonOf(err) == ReasonTooLarge {
		return unfit, advise(err, adviceLimit)
	}
	return unfit, advise(err, adviceDocument)
}

// eitherSpelling reads a document with a slash at the end of its path and
// without, until it is found, and from then on as it was found.
func (c *Client) eitherSpelling(index *PlusIndex, path string, read func(spelling string) error) error {
	var first error
	spellings := index.spellings(path)
	for _, spelling := range spellings {
		err := read(spelling)
		if !elsewhere(err) {
			if err == nil {
				index.spelt(path, spelling)
			}
			return err
		}
		if first == nil {
			first = err
		}
	}
	if len(spellings) > 1 {
		index.spelt(path, path) // which is no worse than the other, and not asked twice
	}
	return first
}

func (c *Client) readPlus(ctx context.Context, below string, into PlusDocument) (unfit int, err error) {
	err = c.get(ctx, below, c.maxDocument, func(_ *http.Response, body io.Reader) error {
		window, _ := c.windows.Get().(*[windowSize]byte)
		if window == nil {
			window = new([windowSize]byte)
		}
		defer c.windows.Put(window)
		// Names, and what the collector of garbage leaves, take the rest.
		unfit, err = decodePlus(&scanner{source: body, window: window[:], most: c.maxDocument / 8 * 5}, into)
		return err
	})
	return unfit, err
}

func decodePlus(s *scanner, into PlusDocument) (unfit int, err error) {
	if c := s.peek(); c != '{' && c != '[' && c != 0 {
		return 0, &Error{Reason: ReasonParse, Err: errors.New("the answer is neither an object nor a list")}
	}
	into.decode(s)
	if err := s.finish(); err != nil {
		if e := (*Error)(nil); errors.As(err, &e) {
			return 0, err // too large
		}
		if classify(err) == ReasonNetwork && !isClosed(err) || errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, &Error{Reason: ReasonParse, Err: err}
		}
		return 0, err
	}
	return s.unfit, nil
}
