package inject

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

// JSON has no comments, so an addition itself records how to remove it. One of several items is removed with one comma.
// For a single item, the blanks between the bracket and its brace record what was there before:
//
//	[{      no such key: it is removed as well
//	[ {     an empty list: it is kept
//	[  {    null: it is restored
const (
	wasEmpty = " "
	wasNull  = "  "
)

// flowAt returns a writer for additions before a node: over several lines if the node is the first on its line.
func (d *document) flowAt(n *yaml.Node) flowWriter {
	margin := d.textBefore(n)
	if n.Line == 1 || strings.TrimLeft(margin, " \t") != "" {
		return flowWriter{}
	}
	w := flowWriter{eol: d.eol(n.Line - 1), margin: margin, indent: "  "}
	for l := range d.lines() {
		line := d.line(l)
		if unit := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; unit != "" {
			w.indent = unit
			break
		}
	}
	return w
}

// flowFields adds keys before another key.
func (d *document) flowFields(before, missing *yaml.Node) splice {
	w := d.flowAt(before)
	var b strings.Builder
	for key, value := range entries(missing) {
		b.WriteString(w.entry(key, value) + w.separator())
	}
	at := d.at(before)
	return splice{at, at, b.String()}
}

// flowItems adds items to a list, at its start or its end.
func (d *document) flowItems(_ layout, seq, added *yaml.Node, last bool) ([]splice, error) {
	first := seq.Content[0]
	w := d.flowAt(first)
	if !last {
		at := d.at(first)
		return []splice{{at, at, w.values(added) + w.separator()}}, nil
	}
	// Right after the last item, before a comma and comments that may follow.
	end := d.flowEnd(seq.Content[len(seq.Content)-1])
	if end < 0 {
		return nil, errLayout
	}
	return []splice{{end + 1, end + 1, w.separator() + w.values(added)}}, nil
}

// flowFill adds items to a list that is empty or null.
func (d *document) flowFill(e entry, added *yaml.Node) (splice, error) {
	text := d.flowAt(e.key).values(added)
	at := d.at(e.value)
	if e.value.Kind == yaml.SequenceNode {
		bracket := strings.IndexByte(d.s[at:], '[')
		if bracket < 0 {
			return splice{}, errLayout
		}
		at += bracket + 1
		return splice{at, at, wasEmpty + text}, nil
	}
	if !strings.HasPrefix(d.s[at:], "null") || e.value.Value != "null" {
		return splice{}, fmt.Errorf("%s is empty in a notation that cannot be restored; write [] or null", e.key.Value)
	}
	return splice{at, at + len("null"), "[" + wasNull + text + "]"}, nil
}

// flowEnd returns the offset of the bracket that closes a collection, -1 for none.
func (d *document) flowEnd(n *yaml.Node) int { return d.closing(d.at(n)) }

// closing returns the offset of the bracket that closes the one at an offset.
func (t *text) closing(open int) int {
	depth := 0
	for i := open; i < len(t.s); i++ {
		switch t.s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i
			}
		case '"', '\'':
			// Within a plain scalar a quote is a letter.
			if strings.IndexByte(" \t\r\n[{,:", t.s[i-1]) >= 0 {
				i = quoteEnd(t.s, i)
			}
		case '#':
			if strings.IndexByte(" \t\r\n", t.s[i-1]) >= 0 {
				i = t.end(t.lineOf(i)) - 1
			}
		}
	}
	return -1
}

// quoteEnd returns the offset of the quote that ends the one at i.
func quoteEnd(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case quote == '"' && s[i] == '\\', quote == '\'' && strings.HasPrefix(s[i:], "''"):
			i++
		case s[i] == quote:
			return i
		}
	}
	return i
}

// withoutFlow returns the text without the additions to flow lists.
func (d *document) withoutFlow() (string, error) {
	var splices []splice
	for _, obj := range objects(d.root) {
		if obj.pod == nil || obj.shared {
			continue
		}
		found, err := d.flowAdditions(obj.pod)
		if err != nil {
			return "", err
		}
		splices = append(splices, found...)
	}
	return spliced(d.s, splices)
}

// addedItems are the items with some names in a list that a mapping has.
type addedItems struct {
	owner *yaml.Node
	key   string
	names []string
}

// addedTo lists what may have been added to the lists of a pod.
func addedTo(p *pod) []addedItems {
	ours := []string{sidecar.Name}
	volumes := []string{statusVolume, sidecar.LogVolume}
	lists := []addedItems{{p.spec, "initContainers", ours}, {p.spec, "containers", ours}, {p.spec, "volumes", volumes}}
	for _, key := range []string{"initContainers", "containers"} {
		e, _ := own(p.spec, key)
		for _, c := range items(e.value) {
			// The sidecar is removed with its mounts.
			if str(get(c, "name")) != sidecar.Name {
				lists = append(lists, addedItems{c, "volumeMounts", volumes})
			}
		}
	}
	return lists
}

// flowAdditions returns splices that remove the additions to the flow lists of a pod.
func (d *document) flowAdditions(p *pod) ([]splice, error) {
	var splices []splice
	for _, l := range addedTo(p) {
		e, found := own(l.owner, l.key)
		if !found || e.value.Kind != yaml.SequenceNode || !isFlow(e.value) {
			continue
		}
		isAdded := func(item *yaml.Node) bool { return slices.Contains(l.names, str(get(item, "name"))) }
		first := slices.IndexFunc(e.value.Content, isAdded)
		if first < 0 {
			continue
		}
		end := first + 1
		for end < len(e.value.Content) && isAdded(e.value.Content[end]) {
			end++
		}
		s, err := d.flowRemove(e, first, end)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.key, err)
		}
		splices = append(splices, s)
	}
	return splices, nil
}

// flowRemove removes the items first to end-1, which were added to a list.
func (d *document) flowRemove(e entry, first, end int) (splice, error) {
	items := e.value.Content
	from, last := d.at(items[first]), d.at(items[end-1])
	decoder := json.NewDecoder(strings.NewReader(d.s[last:]))
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return splice{}, errModified
	}
	to := last + int(decoder.InputOffset())
	switch {
	case end-first == len(items):
		return d.flowRemoveOnly(e, from, to)
	case first == 0:
		return splice{from, d.at(items[end]), ""}, nil
	}
	// The last items are removed with the comma before them.
	comma := strings.LastIndexByte(d.s[:from], ',')
	if comma < 0 || !isBlank(d.s[comma+1:from]) {
		return splice{}, errModified
	}
	return splice{comma, to, ""}, nil
}

// flowRemoveOnly removes the only item of a list, and restores what was there before.
func (d *document) flowRemoveOnly(e entry, from, to int) (splice, error) {
	bracket := strings.LastIndexByte(d.s[:from], '[')
	if bracket < 0 {
		return splice{}, errModified
	}
	switch d.s[bracket+1 : from] {
	case wasEmpty:
		return splice{bracket + 1, to, ""}, nil
	case wasNull:
		if !strings.HasPrefix(d.s[to:], "]") {
			return splice{}, errModified
		}
		return splice{bracket, to + 1, "null"}, nil
	}
	rest, closed := strings.CutPrefix(strings.TrimLeft(d.s[to:], blanks), "]")
	rest, comma := strings.CutPrefix(rest, ",")
	if !closed || !comma {
		return splice{}, errModified
	}
	return splice{d.at(e.key), len(d.s) - len(strings.TrimLeft(rest, blanks)), ""}, nil
}
