package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// files are those of the page. They need no build: browsers load the modules as they
// are.
//
//go:embed assets
var files embed.FS

// Folder is the path of the files, relative to the page.
const Folder = "api/v1/page"

// policy lets the page load its own files and nothing else. Scripts cannot write HTML.
//
// See https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/trusted-types/.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// SetHeaders sets the headers of all responses of the page.
func SetHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// Asset is a file of the page.
type Asset struct {
	Type string // media type
	Tag  string // of its content

	path string
}

// Text returns the content, which is not kept in memory.
func (a *Asset) Text() []byte {
	text, _ := files.ReadFile(a.path) // of the program
	return text
}

// Assets returns the files by name, without the page itself.
func Assets() map[string]Asset {
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
	assets := map[string]Asset{}
	entries, _ := fs.ReadDir(files, "assets") // of memory
	for _, entry := range entries {
		kind, served := types[path.Ext(entry.Name())]
		if !served {
			continue
		}
		asset := Asset{Type: kind, path: "assets/" + entry.Name()}
		sum := sha256.Sum256(asset.Text())
		asset.Tag = `"` + hex.EncodeToString(sum[:8]) + `"`
		assets[entry.Name()] = asset
	}
	return assets
}

// markup returns the two parts of the page.
func markup(o *Options) (before, after []byte) {
	text, _ := files.ReadFile("assets/index.html") // of memory
	var links strings.Builder
	for _, link := range o.Links {
		links.WriteString(`<a href="` + html.EscapeString(link.Address) + `">` + html.EscapeString(link.Text) + "</a>\n")
	}
	text = bytes.Replace(text, []byte("{{links}}"), []byte(links.String()), 1)
	text = bytes.ReplaceAll(text, []byte("{{version}}"), []byte(html.EscapeString(o.Version)))
	before, after, _ = bytes.Cut(text, []byte("{{state}}"))
	return before, after
}
