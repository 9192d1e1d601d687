package inject

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The comments around what was added to a block of YAML. A line that had to go
// stands behind the third, for uninject to put it back.
const (
	markBegin = "# >>> nginx-exporter inject"
	markEnd   = "# <<< nginx-exporter inject"
	markWas   = "# was: "
)

// region writes lines between marks. At the end of a file without a last line
// break, it leaves the file without one.
func (d *document) region(l layout, from, to, column int, body func(w *writer)) splice {
	w := writer{layout: l}
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

// above returns regions directly above a line: before the comments that belong
// to it, or else after them.
func (d *document) above(l layout, line, column int, body func(w *writer)) []splice {
	top := line
	for top > 0 && isComment(d.line(top-1)) && indent(d.line(top-1)) == column {
		top--
	}
	var places []splice
	if top < line {
		places = append(places, d.region(l, d.start(top), d.start(top), column, body))
	}
	return append(places, d.region(l, d.start(line), d.start(line), column, body))
}

func isComment(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), "#")
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// blockFields adds keys above another key.
func (d *document) blockFields(l layout, before *yaml.Node, fresh mapping) ([]splice, error) {
	if strings.Trim(d.pretext(before), " ") != "" {
		return nil, errLayout
	}
	column := before.Column - 1
	return d.above(l, before.Line-1, column, func(w *writer) { w.fields(fresh, column, false) }), nil
}

// blockItem adds an item to a list, as the first or as the last.
func (d *document) blockItem(l layout, seq *yaml.Node, item mapping, last bool) ([]splice, error) {
	dash, err := d.dash(seq)
	if err != nil {
		return nil, err
	}
	column := indent(d.line(dash))
	body := func(w *writer) { w.items(list{item}, column) }
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

// below returns regions after the last item of a list: right after its last
// line, or else above whatever follows.
func (d *document) below(l layout, seq *yaml.Node, column int, body func(w *writer)) []splice {
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
	places := []splice{d.region(l, d.start(line), d.start(line), column, body)}
	if line < bottom {
		places = append(places, d.region(l, d.start(bottom), d.start(bottom), column, body))
	}
	return places
}

// following returns the first node after all of n.
func following(root, n *yaml.Node) *yaml.Node {
	inside := map[*yaml.Node]bool{}
	var collect func(n *yaml.Node)
	collect = func(n *yaml.Node) {
		inside[n] = true
		for _, child := range n.Content {
			collect(child)
		}
	}
	collect(n)
	passed := false
	var walk func(at *yaml.Node) *yaml.Node
	walk = func(at *yaml.Node) *yaml.Node {
		if passed && !inside[at] {
			return at
		}
		passed = passed || at == n
		for _, child := range at.Content {
			if found := walk(child); found != nil {
				return found
			}
		}
		return nil
	}
	return walk(root)
}

// replaceLine puts fields in the place of a key whose value is nothing: null,
// no value, or an empty collection, on one line.
func (d *document) replaceLine(l layout, key *yaml.Node, fresh mapping) (splice, bool) {
	if strings.Trim(d.pretext(key), " ") != "" {
		return splice{}, false
	}
	line, column := key.Line-1, key.Column-1
	empty := regexp.MustCompile(`^ *["']?` + regexp.QuoteMeta(key.Value) + `["']?\s*:\s*(\[\s*\]|\{\s*\}|null|Null|NULL|~|)(\s+#.*|\s*)$`)
	if !empty.MatchString(d.line(line)) {
		return splice{}, false
	}
	return d.region(l, d.start(line), d.end(line), column, func(w *writer) { w.fields(fresh, column, false) }), true
}

// insertion is what a flow mapping gets at its head.
type insertion struct {
	key, mapping *yaml.Node // the key on whose line the mapping stands
	fresh        mapping
}

func (in insertion) at(d *document) int { return d.at(in.mapping.Content[0]) }

// rewriteLine makes insertions into flow mappings that begin and end on the
// line of a key.
func (d *document) rewriteLine(l layout, key *yaml.Node, insertions []insertion) (splice, bool) {
	line := key.Line - 1
	if strings.Trim(d.pretext(key), " ") != "" {
		return splice{}, false
	}
	from := d.start(line)
	var text strings.Builder
	// There are two or three, in no order.
	for i := range insertions {
		for j := i; j > 0 && insertions[j].at(d) < insertions[j-1].at(d); j-- {
			insertions[j-1], insertions[j] = insertions[j], insertions[j-1]
		}
	}
	for _, in := range insertions {
		at, end := in.at(d), d.flowEnd(in.mapping)
		if at < from || at >= d.end(line) || end < at || end >= d.end(line) {
			return splice{}, false
		}
		text.WriteString(d.s[from:at])
		for _, f := range in.fresh {
			text.WriteString(quote(f.key) + ": " + flowText{}.write(f.value) + ", ")
		}
		from = at
	}
	rest := d.s[from:d.end(line)]
	text.WriteString(strings.TrimSuffix(rest, breakOf(rest)))
	return d.region(l, d.start(line), d.end(line), key.Column-1, func(w *writer) { w.line(0, text.String()) }), true
}
