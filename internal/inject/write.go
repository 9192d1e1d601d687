package inject

import (
	"bytes"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// layout is how a file indents its blocks, in columns.
type layout struct {
	step int    // from a key to the keys below it
	dash int    // from a key to the dashes of its list
	item int    // from a dash to its item
	eol  string // the line break
}

// blockWriter writes nodes in block style.
type blockWriter struct {
	layout
	strings.Builder
}

func (w *blockWriter) pad(n int) { w.WriteString(strings.Repeat(" ", n)) }

// line writes one line at a column, counted from 0.
func (w *blockWriter) line(column int, text string) {
	w.pad(column)
	w.WriteString(text + w.eol)
}

// fields writes a mapping. If inline is set, its first key continues the current line.
func (w *blockWriter) fields(m *yaml.Node, column int, inline bool) {
	for key, value := range entries(m) {
		if !inline {
			w.pad(column)
		}
		inline = false
		w.WriteString(scalar(key) + ":")
		switch {
		case value.Kind == yaml.MappingNode && len(value.Content) == 0:
			w.WriteString(" {}" + w.eol)
		case value.Kind == yaml.MappingNode:
			w.WriteString(w.eol)
			w.fields(value, column+w.step, false)
		case value.Kind == yaml.SequenceNode:
			w.WriteString(w.eol)
			w.items(value, column+w.dash)
		case strings.Contains(value.Value, "\n"):
			w.WriteString(" |" + w.eol)
			for text := range strings.Lines(value.Value) {
				w.line(column+w.step, strings.TrimRight(text, "\n"))
			}
		default:
			w.WriteString(" " + scalar(value) + w.eol)
		}
	}
}

// items writes the items of a list, with the dashes at a column.
func (w *blockWriter) items(seq *yaml.Node, column int) {
	for _, item := range seq.Content {
		w.pad(column)
		w.WriteByte('-')
		w.pad(w.item - 1)
		if item.Kind == yaml.MappingNode {
			w.fields(item, column+w.item, true)
		} else {
			w.WriteString(scalar(item) + w.eol)
		}
	}
}

// scalar writes one value so that parsers of YAML 1.1, YAML 1.2 and JSON agree on its type.
func scalar(n *yaml.Node) string {
	if n.ShortTag() == "!!str" && !plain(n.Value) {
		return quote(n.Value)
	}
	return n.Value
}

// plain reports whether a string needs no quotes. YAML 1.1, which Kubernetes uses, has more booleans and numbers than 1.2.
func plain(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	only := func(set string) bool { return strings.Trim(s, set) == "" }
	if s == "" || !only(letters+digits+"_./:@%+=?~-") || strings.ContainsAny(s[:1], ":@%+=?~") {
		return false
	}
	if strings.HasSuffix(s, ":") || strings.HasPrefix(s, "---") || only("-") || only(".") {
		return false
	}
	switch strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(s, "-"), ".")) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan":
		return false
	}
	mayBeNumberOrDate := only(digits + "abcdefABCDEFxXoO_:.+-")
	return !mayBeNumberOrDate || strings.ContainsAny(s[:1], letters)
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

// flowWriter writes nodes as JSON: on one line if indent is empty, else on lines that begin with margin.
type flowWriter struct {
	eol, margin, indent string
}

func (w flowWriter) deeper() flowWriter {
	w.margin += w.indent
	return w
}

// separator goes between the parts of a collection.
func (w flowWriter) separator() string {
	if w.indent == "" {
		return ", "
	}
	return "," + w.eol + w.margin
}

// entry writes a key and its value.
func (w flowWriter) entry(key, value *yaml.Node) string {
	return quote(key.Value) + ": " + w.value(value)
}

func (w flowWriter) value(n *yaml.Node) string {
	var parts []string
	switch {
	case n.Kind == yaml.MappingNode:
		for key, value := range entries(n) {
			parts = append(parts, w.deeper().entry(key, value))
		}
		return w.join("{", parts, "}")
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			parts = append(parts, w.deeper().value(item))
		}
		return w.join("[", parts, "]")
	case n.ShortTag() == "!!str":
		return quote(n.Value)
	}
	return n.Value
}

// values writes the items of a list without its brackets.
func (w flowWriter) values(seq *yaml.Node) string {
	var parts []string
	for _, item := range seq.Content {
		parts = append(parts, w.value(item))
	}
	return strings.Join(parts, w.separator())
}

func (w flowWriter) join(open string, parts []string, end string) string {
	text := strings.Join(parts, w.deeper().separator())
	if w.indent != "" && len(parts) > 0 {
		text = w.eol + w.margin + w.indent + text + w.eol + w.margin
	}
	return open + text + end
}
