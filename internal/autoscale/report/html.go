package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"strings"
)

// The parts of the page. Script and style do not depend on the results, so that
// their hashes in the Content-Security-Policy allow nothing else.
var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string
)

// WriteHTML writes one page that needs no other file and no network.
func (r *Report) WriteHTML(to io.Writer) error {
	d := r.document()
	for i := range d.Results {
		d.Results[i].Changes = []jsonChange{} // not drawn
	}
	// JSON of this package has no < or >, so it cannot end its element.
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = strings.NewReplacer(
		"@TITLE@", html.EscapeString(r.Load),
		"@STYLE@", pageCSS, "@STYLE_HASH@", hash(pageCSS),
		"@SCRIPT@", pageJS, "@SCRIPT_HASH@", hash(pageJS),
		"@DATA@", string(data),
	).WriteString(to, pageHTML)
	return err
}

// hash is the hash of an inline script or style as in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
