package plustest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// API answers requests as the REST API of NGINX Plus does. It is made by New
// or Sized, serves any number of clients at once, and counts what they ask.
type API struct {
	// What options set; nothing changes it later.
	prefix    string
	versions  []int
	documents map[string][]byte
	faults    map[string]*fault
	gzip      bool
	chunked   bool

	endpoints []endpoint
	release   string // of the document nginx
	tick      atomic.Uint64
	number    atomic.Uint64 // of the request

	connections atomic.Int64
	inFlight    atomic.Int64
	mostAtOnce  atomic.Int64

	mu       sync.Mutex
	requests map[string]int
	views    map[view]*rendered
}

// New makes an API, below /api, of a server that uses everything, unless
// options say otherwise.
func New(options ...Option) *API {
	a := &API{
		prefix:    "/api",
		documents: Sample(),
		faults:    map[string]*fault{},
		endpoints: endpoints(),
		requests:  map[string]int{},
		views:     map[view]*rendered{},
	}
	for v := range newest {
		a.versions = append(a.versions, v+1)
	}
	for _, option := range options {
		option(a)
	}
	a.readDocuments()
	return a
}

// readDocuments takes from the documents what decides over the others.
func (a *API) readDocuments() {
	if body, ok := a.documents[versionsPath]; ok {
		var versions []int
		if json.Unmarshal(body, &versions) == nil {
			a.versions = versions
		}
	}
	a.release = "1.29.8"
	var nginx struct{ Version string }
	if json.Unmarshal(a.documents["nginx"], &nginx) == nil && nginx.Version != "" {
		a.release = nginx.Version
	}
}

// Tick moves every counter of every document a step forward, as traffic does.
func (a *API) Tick() { a.tick.Add(1) }

// Requests tells how often each path of a URL was asked for.
func (a *API) Requests() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// Total tells how many requests there were.
func (a *API) Total() int { return int(a.number.Load()) }

// MostAtOnce tells how many requests were under way together, at most.
func (a *API) MostAtOnce() int { return int(a.mostAtOnce.Load()) }

// Connections tells how many connections clients opened to the servers that
// Start started.
func (a *API) Connections() int { return int(a.connections.Load()) }

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%032x", a.enter(r.URL.Path))
	defer a.inFlight.Add(-1)
	w.Header().Set("Server", "nginx/"+a.release)
	where, ok := a.locate(r.URL.Path)
	if !ok {
		a.notOurs(w)
		return
	}
	f := a.faultOf(where.path)
	if !f.wait(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	a.send(w, r, f.spoil(a.answer(r, where, id), id), f.abort)
}

func (a *API) enter(path string) uint64 {
	now := a.inFlight.Add(1)
	for most := a.mostAtOnce.Load(); now > most; most = a.mostAtOnce.Load() {
		if a.mostAtOnce.CompareAndSwap(most, now) {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[path]++
	return a.number.Add(1)
}

// location is what a URL means.
type location struct {
	versions bool   // the list of versions
	version  string // as it stands in the URL
	path     string // below the version; a listing has its name
	slash    bool   // there is one at the end
}

// locate reads a path; false if it does not lead into the API.
func (a *API) locate(path string) (location, bool) {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(a.prefix, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return location{}, false
	}
	rest = strings.TrimPrefix(rest, "/")
	if rest == "" {
		return location{versions: true, path: versionsPath}, true
	}
	version, rest, _ := strings.Cut(rest, "/")
	where := location{version: version, path: strings.TrimSuffix(rest, "/"), slash: strings.HasSuffix(rest, "/")}
	if where.path == "" {
		where.path, where.slash = rootPath, true
	}
	return where, true
}

// notOurs is what nginx says where there is no API.
func (a *API) notOurs(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"+
		"<hr><center>nginx/%s</center>\r\n</body>\r\n</html>\r\n", a.release)
}

// answer is a status and a document.
type answer struct {
	status  int
	body    []byte
	version int
}

func (a *API) answer(r *http.Request, where location, id string) answer {
	version := newest
	if !where.versions {
		var err error
		if version, err = strconv.Atoi(where.version); err != nil {
			return refuse(http.StatusNotFound, "PathNotFound", "path not found", newest, id)
		}
		if !slices.Contains(a.versions, version) {
			return refuse(http.StatusNotFound, "UnknownVersion", "unknown version", version, id)
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refuse(http.StatusMethodNotAllowed, "MethodDisabled", "method disabled", version, id)
	}
	body, refusal := a.find(where, version)
	if refusal != nil {
		return refuse(refusal.status, refusal.code, refusal.text, version, id)
	}
	query := r.URL.Query()
	if query.Has("fields") && !where.versions {
		body = a.fields(where.path, body, query.Get("fields"))
	}
	return answer{http.StatusOK, body, version}
}

// send writes an answer, or half of it.
func (a *API) send(w http.ResponseWriter, r *http.Request, answer answer, abort bool) {
	w.Header().Set("Content-Type", "application/json")
	body := answer.body
	if a.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = squeeze(body)
	}
	if !a.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.status)
	if r.Method == http.MethodHead {
		return
	}
	half := len(body) / 2
	_, _ = w.Write(body[:half])
	if a.chunked || abort {
		_ = http.NewResponseController(w).Flush()
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body[half:])
}

func squeeze(body []byte) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write(body) // into memory
	_ = writer.Close()
	return buffer.Bytes()
}
