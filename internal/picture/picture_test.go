package picture_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"nginx-exporter/internal/picture"
)

// TestSVG checks places, colors and characters that XML reserves.
func TestSVG(t *testing.T) {
	got := picture.SVG("run <a>", "  \x1b[32m+\x1b[0m b & c  d\n 9 │▄██░\n")
	for _, want := range []string{
		`width="128" height="86"`, "<title>run &lt;a&gt;</title>",
		`<text x="16" y="29.5" textLength="8" fill="#8b949e">$</text>`, `<text x="32" y="29.5" textLength="56">run &lt;a&gt;</text>`,
		`<text x="32" y="47.5" textLength="8" fill="#56d364">+</text>`, `<text x="48" y="47.5" textLength="40">b &amp; c</text>`,
		`<rect x="44" y="52" width="1" height="18" fill="#d1d9e0" fill-opacity="0.5"/>`,
		`<rect x="48" y="61" width="8" height="9" fill="#79c0ff"/>`, `<rect x="56" y="52" width="16" height="18" fill="#79c0ff"/>`,
		`<rect x="72" y="52" width="8" height="18" fill="#79c0ff" fill-opacity="0.25"/>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in\n%s", want, got)
		}
	}
	d := xml.NewDecoder(strings.NewReader(got))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
}
