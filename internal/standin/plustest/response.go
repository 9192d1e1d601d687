package plustest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/standin"
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

// Respond implements [standin.Site].
func (s *site) Respond(r standin.Request) standin.Response {
	where, _ := locate(r.URL.Path)
	version := newest
	if !where.versions {
		var err error
		if version, err = strconv.Atoi(where.version); err != nil {
			return refuse(http.StatusNotFound, "PathNotFound", "path not found", newest, r.ID)
		}
		if !slices.Contains(s.versions, version) {
			return refuse(http.StatusNotFound, "UnknownVersion", "unknown version", version, r.ID)
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refuse(http.StatusMethodNotAllowed, "MethodDisabled", "method disabled", version, r.ID)
	}
	body, refusal := s.find(where, version)
	if refusal != nil {
		return refuse(refusal.status, refusal.code, refusal.text, version, r.ID)
	}
	query := r.URL.Query()
	if query.Has("fields") && !where.versions {
		body = s.fields(where.path, body, query.Get("fields"))
	}
	return standin.JSON(http.StatusOK, body)
}

// Error implements [standin.Site]: the body is that of the API.
func (s *site) Error(r standin.Request, status int) standin.Response {
	version := newest
	if where, _ := locate(r.URL.Path); !where.versions {
		if n, err := strconv.Atoi(where.version); err == nil {
			version = n
		}
	}
	return refuse(status, "Fault", "fault", version, r.ID)
}
