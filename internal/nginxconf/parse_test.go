package nginxconf_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"nginx-exporter/internal/nginxconf"
)

// show writes directives with each word in brackets.
func show(list []nginxconf.Directive) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "[%s]", strings.Join(append([]string{d.Name}, d.Args...), "]["))
		if d.Block != nil {
			b.WriteString("{" + show(d.Block) + "}")
		}
		b.WriteString(";")
	}
	return b.String()
}

// TestParse checks the rules of nginx for words, and that anything else is skipped.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"user nginx; # a; comment\nhttp{a b;}": "[user][nginx];[http]{[a][b];};",
		`a "b c" 'd;{}' e\ f "\"\n\\";`:        `[a][b c][d;{}][e\ f]["\n\];`,
		"map ${b} x{y ${z}w; }":                "[map][${b}][x]{[y][${z}w];};",
		"a{b{c;}}":                             "[a]{[b]{[c];};};",
		"} a; } b{c;":                          "[a];[b]{[c];};",
		"x_by_lua_block { -- }\n'}' {} } a;":   "[x_by_lua_block];[a];",
		strings.Repeat("a{", 1000) + "b;":      strings.Repeat("[a]{", 32) + "[a];" + strings.Repeat("};", 32),
	} {
		if got := show(nginxconf.Parse(text)); got != want {
			t.Errorf("%.60q is %s; want %s", text, got, want)
		}
	}
}

// TestListens checks how addresses are reached from the same machine.
func TestListens(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                      {"http://127.0.0.1:80/s"},
		"listen 8080; listen [::]:81 ssl;":      {"http://127.0.0.1:8080/s", "https://[::1]:81/s"},
		"listen *:82; listen 10.0.0.1; ssl on;": {"https://127.0.0.1:82/s", "https://10.0.0.1:80/s"},
		"listen unix:/run/n.sock; listen;":      {"unix:/run/n.sock:/s"},
		"listen [::1]; listen localhost:83;":    {"http://[::1]:80/s", "http://localhost:83/s"},
	} {
		var got []string
		for _, l := range nginxconf.Listens(nginxconf.Parse(text)) {
			got = append(got, l.URI("/s"))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %q; want %q", text, got, want)
		}
	}
}
