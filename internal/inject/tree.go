package inject

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is a YAML mapping whose order is kept. A value is a string, a
// literal, an int, a bool, a mapping or a list.
type mapping []field

type field struct {
	key   string
	value any
}

type list []any

// literal is text of several lines, written as a block scalar where it can be.
type literal string

// layout is how a file lays out its blocks.
type layout struct {
	step int    // from a key to the keys below it
	dash int    // from a key to the dashes of its list
	item int    // from a dash to what it introduces
	eol  string // what ends a line
}

// writer builds text in a layout.
type writer struct {
	layout
	strings.Builder
}

func (w *writer) pad(n int) {
	for range n {
		w.WriteByte(' ')
	}
}

// line writes one line at a column, counted from 0.
func (w *writer) line(column int, text string) {
	w.pad(column)
	w.WriteString(text)
	w.WriteString(w.eol)
}

// fields writes a mapping in block style; the first key follows what has been
// written of its line when inline is set.
func (w *writer) fields(m mapping, column int, inline bool) {
	for i, f := range m {
		if i > 0 || !inline {
			w.pad(column)
		}
		w.WriteString(scalar(f.key) + ":")
		switch v := f.value.(type) {
		case mapping:
			w.WriteString(w.eol)
			w.fields(v, column+w.step, false)
		case list:
			w.WriteString(w.eol)
			w.items(v, column+w.dash)
		case literal:
			w.WriteString(" |" + w.eol)
			for text := range strings.Lines(string(v)) {
				w.line(column+w.step, strings.TrimRight(text, "\n"))
			}
		default:
			w.WriteString(" " + scalar(v) + w.eol)
		}
	}
}

// items writes the items of a list in block style, dashes at the column.
func (w *writer) items(items list, column int) {
	for _, item := range items {
		w.pad(column)
		w.WriteByte('-')
		w.pad(w.item - 1)
		if m, ok := item.(mapping); ok {
			w.fields(m, column+w.item, true)
		} else {
			w.WriteString(scalar(item) + w.eol)
		}
	}
}

// scalar writes one value so that every reader of YAML 1.1, 1.2 or JSON takes
// it for what it is.
func scalar(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case bool:
		return strconv.FormatBool(v)
	case string:
		if plain(v) {
			return v
		}
		return quote(v)
	}
	return ""
}

// plain reports whether a string needs no quotes. YAML 1.1, which Kubernetes'
// own reader follows, has more words for booleans and numbers than 1.2.
func plain(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	harmless := func(set string) bool { return strings.Trim(s, set) == "" }
	if s == "" || !harmless(letters+digits+"_./:@%+=?~-") || strings.ContainsAny(s[:1], ":@%+=?~") {
		return false
	}
	if strings.HasSuffix(s, ":") || strings.HasPrefix(s, "---") || harmless("-") || harmless(".") {
		return false
	}
	switch strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(s, "-"), ".")) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan":
		return false
	}
	// A number, a date or a time of some dialect.
	return !harmless(digits+"abcdefABCDEFxXoO_:.+-") || strings.ContainsAny(s[:1], letters)
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.TrimRight(b.String(), "\n")
}

// flowText writes a value as JSON. An empty indent makes one line of it; else
// lines that follow the first begin with the margin.
type flowText struct {
	eol, margin, indent string
}

func (t flowText) pretty() bool { return t.indent != "" }

func (t flowText) deeper() flowText {
	t.margin += t.indent
	return t
}

func (t flowText) write(v any) string {
	switch v := v.(type) {
	case mapping:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = quote(f.key) + ": " + t.deeper().write(f.value)
		}
		return t.join("{", parts, "}")
	case list:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = t.deeper().write(item)
		}
		return t.join("[", parts, "]")
	case literal:
		return quote(string(v))
	case string:
		return quote(v)
	}
	return scalar(v)
}

// join puts the parts of a collection together.
func (t flowText) join(open string, parts []string, end string) string {
	if !t.pretty() {
		return open + strings.Join(parts, ", ") + end
	}
	inner := t.eol + t.deeper().margin
	return open + inner + strings.Join(parts, ","+inner) + t.eol + t.margin + end
}

// node turns a value into the nodes that a parser makes of it.
func node(v any) *yaml.Node {
	leaf := func(tag, value string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	}
	switch v := v.(type) {
	case mapping:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, f := range v {
			n.Content = append(n.Content, leaf("!!str", f.key), node(f.value))
		}
		return n
	case list:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range v {
			n.Content = append(n.Content, node(item))
		}
		return n
	case int:
		return leaf("!!int", strconv.Itoa(v))
	case bool:
		return leaf("!!bool", strconv.FormatBool(v))
	case literal:
		return leaf("!!str", string(v))
	case string:
		return leaf("!!str", v)
	}
	return leaf("!!null", "")
}
