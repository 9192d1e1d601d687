package inject

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds on what is read. Aliases are never expanded, so that a small file
// cannot become a large one.
const (
	MaxBytes = 16 << 20 // of one file
	maxDepth = 200      // of collections in collections
)

// Errors that tell what is wrong with a file as a whole.
var (
	ErrTooLarge = fmt.Errorf("larger than %d MiB", MaxBytes>>20)
	ErrTooMany  = fmt.Errorf("more than %d objects in one document", maxObjects)
	ErrTooDeep  = fmt.Errorf("nested deeper than %d levels", maxDepth)
	ErrTemplate = errors.New("this is a template ({{ ... }}), not a manifest: render it first, as with helm template, and inject the output")
	ErrEncoding = errors.New("not UTF-8")
)

// document is one document of a stream: its text, and where its nodes are.
type document struct {
	text
	root *yaml.Node // what the document holds; nil when it is empty
}

// parse reads the text of one document. What follows a root is returned too,
// for the proof of an edit that adds documents.
func parse(s string) (document, []*yaml.Node, error) {
	d := document{text: newText(s)}
	roots, err := decode(s)
	if err != nil {
		return d, nil, err
	}
	if len(roots) == 0 {
		return d, nil, nil
	}
	d.root = roots[0]
	if len(objects(d.root)) > maxObjects {
		return d, nil, ErrTooMany
	}
	return d, roots[1:], nil
}

func decode(s string) ([]*yaml.Node, error) {
	var roots []*yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(maskEscapes(s)))
	for {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, err
		}
		if err := checkNode(&n, 0); err != nil {
			return nil, err
		}
		if len(n.Content) == 1 {
			roots = append(roots, n.Content[0])
		}
	}
}

// maskEscapes replaces escapes that JSON has and the YAML parser refuses by
// others of the same length: \/, and pairs such as \ud83d\ude00 for characters
// beyond the first 65536. The nodes only tell places and names.
func maskEscapes(s string) string {
	if !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`) && !strings.Contains(s, `\/`) {
		return s
	}
	escape := regexp.MustCompile(`\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|.)`)
	return escape.ReplaceAllStringFunc(s, func(found string) string {
		switch {
		case found == `\/`:
			return `\t`
		case len(found) == len(`\ud83d\ude00`):
			return `\u2` + found[3:8] + `2` + found[9:]
		}
		return found
	})
}

// checkNode bounds the depth, and refuses what only a template has: a mapping
// as the key of a mapping, which is how {{ .Values.x }} reads.
func checkNode(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return ErrTooDeep
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.MappingNode {
			return ErrTemplate
		}
		if err := checkNode(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses what is no manifest before it is parsed.
func checkText(s string) error {
	switch {
	case len(s) > MaxBytes:
		return ErrTooLarge
	case !utf8.ValidString(s), strings.Contains(s, "\x00"):
		return ErrEncoding
	}
	return nil
}

// explain makes one line of what the parser says, with the line counted in
// the whole file.
func explain(err error, s string, before int) error {
	if errors.Is(err, ErrTooDeep) || errors.Is(err, ErrTooMany) || errors.Is(err, ErrTemplate) {
		return err
	}
	if strings.Contains(s, "{{") && templated(s) {
		return ErrTemplate
	}
	message := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
	var line int
	if n, _ := fmt.Sscanf(message, "line %d:", &line); n == 1 {
		_, message, _ = strings.Cut(message, ": ")
		return fmt.Errorf("line %d: %s", line+before, message)
	}
	return errors.New(message)
}

// templated reports whether text that does not parse has the marks of a
// template outside quotes and comments.
func templated(s string) bool {
	return regexp.MustCompile(`(?m)^[^#"'\n]*\{\{`).MatchString(s)
}

// deref follows an alias to what it stands for.
func deref(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// entry is a key of a mapping and its value as they stand there.
type entry struct {
	key, value *yaml.Node
}

// own returns the entry of a key that stands in the mapping itself.
func own(m *yaml.Node, key string) (entry, bool) {
	if m = deref(m); m == nil || m.Kind != yaml.MappingNode {
		return entry{}, false
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Kind == yaml.ScalarNode && m.Content[i].Value == key {
			return entry{m.Content[i], m.Content[i+1]}, true
		}
	}
	return entry{}, false
}

// get returns the value of a key, aliases followed and merged mappings (<<)
// looked into; nil for none.
func get(m *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		budget := 1000
		m = lookup(m, key, &budget)
	}
	return m
}

func lookup(m *yaml.Node, key string, budget *int) *yaml.Node {
	m = deref(m)
	if *budget--; m == nil || *budget < 0 || m.Kind != yaml.MappingNode {
		return nil
	}
	if e, found := own(m, key); found {
		return deref(e.value)
	}
	merged, found := own(m, "<<")
	if !found {
		return nil
	}
	bases := []*yaml.Node{merged.value}
	if v := deref(merged.value); v != nil && v.Kind == yaml.SequenceNode {
		bases = v.Content
	}
	for _, base := range bases {
		if v := lookup(base, key, budget); v != nil {
			return v
		}
	}
	return nil
}

// str returns the value of a scalar; empty for none and for null.
func str(n *yaml.Node) string {
	if n = deref(n); n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// same reports whether two trees say the same. Comments, quotes and places do
// not matter; anchors and aliases do.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Kind != yaml.AliasNode && a.ShortTag() != b.ShortTag() {
		return false
	}
	if (a.Kind == yaml.ScalarNode || a.Kind == yaml.AliasNode) && a.Value != b.Value {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

func flow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }
