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

// Bounds on the input. Aliases are never expanded, so a small file cannot become a large one.
const (
	maxBytes = 16 << 20 // of one file
	maxDepth = 200      // of nested collections
)

// Errors about a file as a whole.
var (
	errTooLarge = fmt.Errorf("larger than %d MiB", maxBytes>>20)
	errTooMany  = fmt.Errorf("more than %d objects in one document", maxObjects)
	errTooDeep  = fmt.Errorf("nested deeper than %d levels", maxDepth)
	errTemplate = errors.New("this is a template ({{ ... }}), not a manifest; render it first, for example with helm template, and inject the output")
	errEncoding = errors.New("not UTF-8")
)

// document is one document of a stream: its text and its nodes.
type document struct {
	text
	root *yaml.Node // nil when the document is empty
	more bool       // the text holds another document
}

// parse reads the text of one document.
func parse(s string) (*document, error) {
	roots, err := decode(s)
	if err != nil {
		return nil, err
	}
	d := &document{text: newText(s), more: len(roots) > 1}
	if len(roots) > 0 {
		d.root = roots[0]
	}
	if len(objects(d.root)) > maxObjects {
		return nil, errTooMany
	}
	return d, nil
}

// decode returns the root of each document that is not empty.
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

// maskEscapes replaces escapes that JSON allows and the YAML parser rejects with others of the same length: \/, and
// surrogate pairs such as \ud83d\ude00. That is safe, since only positions and names of the nodes are used.
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

// checkNode bounds the depth. It rejects mappings as keys, which only templates have: {{ .Values.x }} parses as one.
func checkNode(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.MappingNode {
			return errTemplate
		}
		if err := checkNode(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// checkText rejects text that should not reach the parser.
func checkText(s string) error {
	switch {
	case len(s) > maxBytes:
		return errTooLarge
	case !utf8.ValidString(s), strings.Contains(s, "\x00"):
		return errEncoding
	}
	return nil
}

// explain turns an error of the parser into one line. It counts lines in the file, of which before precede the document.
func explain(err error, document string, before int) error {
	message, fromParser := strings.CutPrefix(err.Error(), "yaml: ")
	if !fromParser {
		return err
	}
	// An unquoted action of a template may be why the document does not parse.
	if regexp.MustCompile(`(?m)^[^#"'\n]*\{\{`).MatchString(document) {
		return errTemplate
	}
	message = strings.Join(strings.Fields(message), " ")
	var line int
	if n, _ := fmt.Sscanf(message, "line %d:", &line); n == 1 {
		_, message, _ = strings.Cut(message, ": ")
		return fmt.Errorf("line %d: %s", line+before, message)
	}
	return errors.New(message)
}
