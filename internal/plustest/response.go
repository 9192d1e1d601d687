package plustest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// prefix is the path of the API.
const prefix = "/api"

// location is a parsed URL path.
type location struct {
	versions bool   // the list of versions
	version  string // as in the URL
	path     string // below the version; a listing has its name
	slash    bool   // there is one at the end
}

// locate parses a path. It returns false if the path is not in the API.
func locate(path string) (location, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
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

// notOurs is the response of nginx outside of the API.
func (s *state) notOurs(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"+
		"<hr><center>nginx/%s</center>\r\n</body>\r\n</html>\r\n", s.release)
}

// response is a status and a document of a version.
type response struct {
	status  int
	body    []byte
	version int
}

func (s *state) response(r *http.Request, where location, id string) response {
	version := newest
	if !where.versions {
		var err error
		if version, err = strconv.Atoi(where.version); err != nil {
			return refuse(http.StatusNotFound, "PathNotFound", "path not found", newest, id)
		}
		if !slices.Contains(s.versions, version) {
			return refuse(http.StatusNotFound, "UnknownVersion", "unknown version", version, id)
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refuse(http.StatusMethodNotAllowed, "MethodDisabled", "method disabled", version, id)
	}
	body, refusal := s.find(where, version)
	if refusal != nil {
		return refuse(refusal.status, refusal.code, refusal.text, version, id)
	}
	query := r.URL.Query()
	if query.Has("fields") && !where.versions {
		body = s.fields(where.path, body, query.Get("fields"))
	}
	return response{http.StatusOK, body, version}
}

// send writes a response, or half of it.
func (s *state) send(w http.ResponseWriter, r *http.Request, response response, abort bool) {
	w.Header().Set("Content-Type", "application/json")
	body := response.body
	if s.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = squeeze(body)
	}
	if !s.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(response.status)
	if r.Method == http.MethodHead {
		return
	}
	half := len(body) / 2
	_, _ = w.Write(body[:half])
	if s.chunked || abort {
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
