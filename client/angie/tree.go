package angie

import (
	"bytes"
	"errors"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// ServerPath is the path of the part that every tree has: [Server].
const ServerPath = "angie"

// errNotAngie is the error of a JSON object that is not the status of Angie.
var errNotAngie = errors.New("the response is not the status of Angie")

// Tree is the requested parts of the tree /status/.
type Tree struct {
	// Parts are the parts to read, empty, by path. Others are skipped.
	Parts map[string]Part

	// Found has the parts that the tree has, with the number of invalid members of
	// each, which are absent.
	Found map[string]int
}

// decode reads the tree, which must have a server.
func (t *Tree) decode(d *document.Reader) {
	t.Found = map[string]int{}
	known := false
	for name := range d.Members() {
		switch branch := string(name); branch {
		case "http", "stream":
			for name := range d.Members() {
				t.decodePart(d, branch+"/"+string(name))
			}
		default:
			known = known || branch == ServerPath && d.Peek() == '{'
			t.decodePart(d, branch)
		}
	}
	if !known {
		d.Reject(errNotAngie)
	}
}

func (t *Tree) decodePart(d *document.Reader, path string) {
	part := t.Parts[path]
	if _, duplicate := t.Found[path]; part == nil || duplicate {
		d.Skip()
		return
	}
	before := d.Invalid()
	part.Decode(d)
	t.Found[path] = d.Invalid() - before
}

// Recognizes reports whether the error of another protocol means that the target
// is the status of Angie, or may be: Angie responds with a redirect if the target
// lacks the trailing slash.
func Recognizes(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && (IsStatus(e.Body) || e.Status/100 == 3)
}

// IsStatus reports whether a response is the status of Angie. Its beginning is
// enough.
func IsStatus(body []byte) bool {
	d := document.NewReader(bytes.NewReader(body), 0)
	if d.Peek() != '{' {
		return false
	}
	for name := range d.Members() {
		if string(name) == ServerPath {
			return d.Peek() == '{'
		}
		d.Skip()
	}
	return false
}
