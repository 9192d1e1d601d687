package inject

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// markBegin and markEnd are the lines around an addition to a block. A line that has to be replaced is kept in a comment
// that begins with markWas, so that uninject can restore it.
const (
	markBegin = "# >>> nginx-exporter inject"
	markEnd   = "# <<< nginx-exporter inject"
	markWas   = "# was: "
)

// region returns a splice that replaces whole lines with a body between marks. At the end of a file without a final line
// break, it leaves the file without one.
func (d *document) region(l layout, from, to, column int, body func(w *blockWriter)) splice {
	w := blockWriter{layout: l}
	w.line(column, markBegin)
	if from < to {
		w.pad(column)
		w.WriteString(markWas + d.s[from+column:to])
		if breakOf(d.s[from:to]) == "" {
			w.WriteString(l.eol)
		}
	}
	body(&w)
	w.line(column, markEnd)
	text := w.String()
	if to == len(d.s) && to > 0 && breakOf(d.s) == "" {
		text = strings.TrimSuffix(text, l.eol)
		if from == to {
			text = l.eol + text
		}
	}
	return splice{from, to, text}
}

// regionAt returns a splice that inserts a region above a line.
func (d *document) regionAt(l layout, line, column int, body func(w *blockWriter)) splice {
	return d.region(l, d.start(line), d.start(line), column, body)
}

// above returns splices that insert a region above a line: before the comments that belong to it, or else after them.
func (d *document) above(l layout, line, column int, body func(w *blockWriter)) []splice {
	top := line
	for top > 0 && isComment(d.line(top-1)) && indent(d.line(top-1)) == column {
		top--
	}
	splices := []splice{d.regionAt(l, top, column, body)}
	if top < line {
		splices = append(splices, d.regionAt(l, line, column, body))
	}
	return splices
}

func isComment(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), "#")
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// blockFields adds keys above another key.
func (d *document) blockFields(l layout, before, missing *yaml.Node) ([]splice, error) {
	if !d.startsLine(before) {
		return nil, errLayout
	}
	column := before.Column - 1
	return d.above(l, before.Line-1, column, func(w *blockWriter) { w.fields(missing, column, false) }), nil
}

// blockItems adds items to a list, at its start or its end.
func (d *document) blockItems(l layout, seq, added *yaml.Node, last bool) ([]splice, error) {
	dash, err := d.dash(seq)
	if err != nil {
		return nil, err
	}
	column := indent(d.line(dash))
	body := func(w *blockWriter) { w.items(added, column) }
	if last {
		return d.below(l, seq, column, body), nil
	}
	return d.above(l, dash, column, body), nil
}

// dash returns the line of the first dash of a list, counted from 0.
func (d *document) dash(seq *yaml.Node) (int, error) {
	for line := seq.Content[0].Line - 1; line >= 0 && line >= seq.Line-1; line-- {
		if s := strings.TrimLeft(d.line(line), " "); s == "-" || strings.HasPrefix(s, "- ") {
			return line, nil
		}
	}
	return 0, errLayout
}

// below returns splices that insert a region after a list: right after its last line, or else above what follows.
func (d *document) below(l layout, seq *yaml.Node, column int, body func(w *blockWriter)) []splice {
	bottom := d.lines()
	if next := following(d.root, seq); next != nil {
		bottom = next.Line - 1
	} else {
		for i := seq.Line; i < bottom; i++ {
			if isMark(d.line(i), "...") {
				bottom = i
			}
		}
	}
	line := bottom
	for line > 0 {
		above := d.line(line - 1)
		if !isBlank(above) && (!isComment(above) || indent(above) > column) {
			break
		}
		line--
	}
	splices := []splice{d.regionAt(l, line, column, body)}
	if line < bottom {
		splices = append(splices, d.regionAt(l, bottom, column, body))
	}
	return splices
}

// following returns the first node after a tree, nil for none.
func following(root, tree *yaml.Node) *yaml.Node {
	passed := false
	var walk func(n *yaml.Node) *yaml.Node
	walk = func(n *yaml.Node) *yaml.Node {
		if passed {
			return n
		}
		if n == tree {
			passed = true
			return nil
		}
		for _, child := range n.Content {
			if found := walk(child); found != nil {
				return found
			}
		}
		return nil
	}
	return walk(root)
}

// replaceLine gives a key a value, if its line has nothing but the key and an empty value: null, nothing, {} or [].
func (d *document) replaceLine(l layout, key, value *yaml.Node) (splice, error) {
	line, column := key.Line-1, key.Column-1
	empty := regexp.MustCompile(`^ *["']?` + regexp.QuoteMeta(key.Value) + `["']?\s*:\s*(\[\s*\]|\{\s*\}|null|Null|NULL|~|)(\s+#.*|\s*)$`)
	if !d.startsLine(key) || !empty.MatchString(d.line(line)) {
		return splice{}, errLayout
	}
	return d.region(l, d.start(line), d.end(line), column, func(w *blockWriter) { w.fields(mapping(key.Value, value), column, false) }), nil
}

// insertion is added to the start of a flow mapping.
type insertion struct {
	mapping, missing *yaml.Node
}

// rewriteLine makes insertions into flow mappings that begin and end on the line of a key.
func (d *document) rewriteLine(l layout, key *yaml.Node, insertions []insertion) (splice, error) {
	from, to := d.start(key.Line-1), d.end(key.Line-1)
	if !d.startsLine(key) {
		return splice{}, errInline
	}
	var splices []splice
	for _, in := range insertions {
		s := d.flowFields(in.mapping.Content[0], in.missing)
		if end := d.flowEnd(in.mapping); s.from < from || end < s.from || end >= to {
			return splice{}, errInline
		}
		splices = append(splices, splice{s.from - from, s.from - from, s.text})
	}
	text, err := spliced(d.s[from:to], splices)
	if err != nil {
		return splice{}, errInline
	}
	return d.region(l, from, to, key.Column-1, func(w *blockWriter) { w.line(0, strings.TrimSuffix(text, breakOf(text))) }), nil
}
