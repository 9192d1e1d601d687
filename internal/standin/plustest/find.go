package plustest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/standin"
)

// refusal is the error for a path that does not exist.
type refusal struct {
	status     int
	code, text string
}

func pathNotFound() *refusal {
	return &refusal{http.StatusNotFound, "PathNotFound", "path not found"}
}

// find returns the response for a location in an API version.
func (s *site) find(where location, version int) ([]byte, *refusal) {
	switch where.path {
	case rootPath, httpPath, streamPath:
		return s.list(where.path, version)
	case versionsPath:
		return s.versionList(where)
	}
	for _, e := range s.endpoints {
		if e.path == where.path {
			return s.document(e, where, version)
		}
		if below, ok := strings.CutPrefix(where.path, e.path+"/"); ok && s.listed(e, version) {
			return s.below(e, below, version)
		}
	}
	return nil, pathNotFound()
}

func (s *site) versionList(where location) ([]byte, *refusal) {
	if !where.versions {
		return nil, pathNotFound()
	}
	if body, ok := s.documents[versionsPath]; ok {
		return body, nil
	}
	return marshal(s.versions), nil
}

// list returns a listing as JSON.
func (s *site) list(path string, version int) ([]byte, *refusal) {
	if path != rootPath && !slices.Contains(s.listing(rootPath, version), path) {
		return nil, pathNotFound()
	}
	if body, ok := s.documents[path]; ok {
		return body, nil
	}
	return marshal(s.listing(path, version)), nil
}

// document returns a whole document. A single object has no slash at the end.
func (s *site) document(e endpoint, where location, version int) ([]byte, *refusal) {
	if !s.listed(e, version) || e.kind == object && where.slash {
		return nil, pathNotFound()
	}
	if _, ok := s.documents[e.path]; !ok {
		return nil, pathNotFound()
	}
	return s.render(e, version), nil
}

// listed reports whether this server has the document in this version.
func (s *site) listed(e endpoint, version int) bool {
	parent, name, ok := strings.Cut(e.path, "/")
	if !ok {
		return slices.Contains(s.listing(rootPath, version), e.path)
	}
	return slices.Contains(s.listing(rootPath, version), parent) && slices.Contains(s.listing(parent, version), name)
}

// listing returns the names below the version, /http or /stream.
func (s *site) listing(path string, version int) []string {
	names := []string{}
	if body, ok := s.documents[path]; ok {
		for _, element := range elements(body) {
			var name string
			if json.Unmarshal(element, &name) == nil {
				names = append(names, name)
			}
		}
		return names
	}
	for _, e := range s.endpoints {
		if e.since > version || s.documents[e.path] == nil || e.path == "license" && !s.hasLicense() {
			continue
		}
		parent, name, ok := strings.Cut(e.path, "/")
		switch {
		case path == rootPath && !slices.Contains(names, parent):
			names = append(names, parent)
		case ok && parent == path:
			names = append(names, name)
		}
	}
	return names
}

// hasLicense reports whether the release is 33 (nginx 1.27.2) or later: API
// version 9 is older than /license.
func (s *site) hasLicense() bool {
	parts := strings.SplitN(s.release, ".", 3)
	for i, least := range []int{1, 27, 2} {
		n := 0
		if i < len(parts) {
			n, _ = strconv.Atoi(parts[i])
		}
		if n != least {
			return n > least
		}
	}
	return true
}

// below returns one object of a document.
func (s *site) below(e endpoint, name string, version int) ([]byte, *refusal) {
	if body, ok := s.documents[e.path+"/"+name]; ok {
		return body, nil
	}
	name, servers := strings.CutSuffix(name, "/servers")
	if value := s.object(e, name, version); value != nil {
		if !servers {
			return value, nil
		}
		if strings.HasSuffix(e.path, "/upstreams") {
			return nil, &refusal{http.StatusBadRequest, "UpstreamStatic", "upstream is static"}
		}
	}
	if e.missing == "" {
		return nil, pathNotFound()
	}
	return nil, &refusal{http.StatusNotFound, e.missing, e.text}
}

func (s *site) object(e endpoint, name string, version int) []byte {
	body := s.render(e, version)
	switch e.kind {
	case byName:
		return memberOf(body, name)
	case list:
		for _, element := range elements(body) {
			if string(memberOf(element, "id")) == name {
				return element
			}
		}
	}
	return nil
}

// fields keeps the members of each object that the request names. Without any, it
// keeps only the names of the objects.
func (s *site) fields(path string, body []byte, names string) []byte {
	at := slices.IndexFunc(s.endpoints, func(e endpoint) bool { return e.path == path })
	if at < 0 {
		return body
	}
	wanted := strings.Split(names, ",")
	switch s.endpoints[at].kind {
	case object:
		return pick(body, wanted)
	case byName:
		return pickEach(body, wanted)
	case list:
		var picked [][]byte
		for _, element := range elements(body) {
			picked = append(picked, pick(element, wanted))
		}
		return slices.Concat([]byte("["), bytes.Join(picked, []byte(",")), []byte("]"))
	default:
		return body
	}
}

func pickEach(body []byte, wanted []string) []byte {
	var out [][]byte
	onlyNames := len(wanted) == 1 && wanted[0] == ""
	for _, m := range members(body) {
		if onlyNames {
			out = append(out, m.name)
		} else {
			out = append(out, slices.Concat(m.name, []byte(":"), pick(m.value, wanted)))
		}
	}
	joined := bytes.Join(out, []byte(","))
	if onlyNames {
		return slices.Concat([]byte("["), joined, []byte("]"))
	}
	return slices.Concat([]byte("{"), joined, []byte("}"))
}

func pick(body []byte, wanted []string) []byte {
	var kept [][]byte
	for _, m := range members(body) {
		if slices.Contains(wanted, m.text()) {
			kept = append(kept, slices.Concat(m.name, []byte(":"), m.value))
		}
	}
	return slices.Concat([]byte("{"), bytes.Join(kept, []byte(",")), []byte("}"))
}

// refuse returns the body of an error. Versions up to 3 have two more members,
// which are empty.
func refuse(status int, code, text string, version int, id string) standin.Response {
	type detail struct {
		Status int    `json:"status"`
		Text   string `json:"text"`
		Code   string `json:"code"`
	}
	type rest struct {
		Error     detail `json:"error"`
		RequestID string `json:"request_id"`
		Href      string `json:"href"`
	}
	body := rest{detail{status, text, code}, id, "https://nginx.org/en/docs/http/ngx_http_api_module.html"}
	if version > 3 {
		return standin.JSON(status, marshal(body))
	}
	old := struct {
		Path   string `json:"path"`
		Method string `json:"method"`
		rest
	}{rest: body}
	return standin.JSON(status, marshal(old))
}

// marshal encodes a value of this package, which cannot fail.
func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("plustest: " + err.Error())
	}
	return body
}
