package inject

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// JSON has no comments, so what was added must tell by itself how to undo it.
// An item that others follow or precede goes with its comma. Of an item that
// is alone, what stands between the bracket and its brace tells what was there:
//
//	[{      nothing, the key goes as well
//	[ {     an empty list, which stays
//	[  {    null, which comes back
const (
	wasEmpty = " "
	wasNull  = "  "
)

// flowAt returns how to write what begins where a node does: over several
// lines if the node is the first on its line.
func (d *document) flowAt(n *yaml.Node) flowText {
	margin := d.pretext(n)
	if n.Line == 1 || strings.TrimLeft(margin, " \t") != "" {
		return flowText{}
	}
	t := flowText{eol: d.eol(n.Line - 1), margin: margin, indent: "  "}
	for l := range d.lines() {
		line := d.line(l)
		if unit := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; unit != "" {
			t.indent = unit
			break
		}
	}
	return t
}

// separator parts what was added from what follows.
func (t flowText) separator() string {
	if t.pretty() {
		return "," + t.eol + t.margin
	}
	return ", "
}

func (d *document) flowFields(before *yaml.Node, fresh mapping) splice {
	t := d.flowAt(before)
	var b strings.Builder
	for _, f := range fresh {
		b.WriteString(quote(f.key) + ": " + t.write(f.value) + t.separator())
	}
	at := d.at(before)
	return splice{at, at, b.String()}
}

func (d *document) flowItem(_ layout, seq *yaml.Node, item mapping, last bool) ([]splice, error) {
	first := seq.Content[0]
	t := d.flowAt(first)
	if !last {
		at := d.at(first)
		return []splice{{at, at, t.write(item) + t.separator()}}, nil
	}
	// Right after the last item, before a comma and comments that may follow.
	end := d.flowEnd(seq.Content[len(seq.Content)-1])
	if end < 0 {
		return nil, errLayout
	}
	return []splice{{end + 1, end + 1, t.separator() + t.write(item)}}, nil
}

// flowFill puts an item into a list that is empty or null.
func (d *document) flowFill(e entry, item mapping) (splice, error) {
	t := d.flowAt(e.key)
	at := d.at(e.value)
	if e.value.Kind == yaml.SequenceNode {
		bracket := strings.IndexByte(d.s[at:], '[')
		if bracket < 0 {
			return splice{}, errLayout
		}
		at += bracket + 1
		return splice{at, at, wasEmpty + t.write(item)}, nil
	}
	if !strings.HasPrefix(d.s[at:], "null") || e.value.Value != "null" {
		return splice{}, fmt.Errorf("its %s are nothing, written in a way that cannot be brought back; write [] or null", e.key.Value)
	}
	return splice{at, at + len("null"), "[" + wasNull + t.write(item) + "]"}, nil
}

// flowEnd returns the offset of the bracket that ends a collection, -1 for none.
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

// flowRemove takes an item that was added to a flow list away again.
func (d *document) flowRemove(e entry, item *yaml.Node) (splice, error) {
	seq := e.value
	from := d.at(item)
	decoder := json.NewDecoder(strings.NewReader(d.s[from:]))
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return splice{}, errChanged
	}
	to := from + int(decoder.InputOffset())
	if len(seq.Content) == 1 {
		return d.flowRemoveOnly(e, from, to)
	}
	if seq.Content[0] == item {
		return splice{from, d.at(seq.Content[1]), ""}, nil
	}
	// It is the last one: its comma goes with it.
	comma := strings.LastIndexByte(d.s[:from], ',')
	if comma < 0 || strings.TrimSpace(d.s[comma+1:from]) != "" {
		return splice{}, errChanged
	}
	return splice{comma, to, ""}, nil
}

// flowRemoveOnly removes the only item of a list, and restores what the list
// was before.
func (d *document) flowRemoveOnly(e entry, from, to int) (splice, error) {
	bracket := strings.LastIndexByte(d.s[:from], '[')
	if bracket < 0 {
		return splice{}, errChanged
	}
	switch d.s[bracket+1 : from] {
	case wasEmpty:
		return splice{bracket + 1, to, ""}, nil
	case wasNull:
		if !strings.HasPrefix(d.s[to:], "]") {
			return splice{}, errChanged
		}
		return splice{bracket, to + 1, "null"}, nil
	}
	rest := strings.TrimLeft(d.s[to:], " \t\r\n")
	rest, closed := strings.CutPrefix(rest, "]")
	rest, comma := strings.CutPrefix(rest, ",")
	if !closed || !comma {
		return splice{}, errChanged
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	return splice{d.at(e.key), len(d.s) - len(rest), ""}, nil
}

// withoutFlow takes away what was added in flow style.
func (d *document) withoutFlow() (string, error) {
	var splices []splice
	for _, obj := range objects(d.root) {
		if obj.pod == nil || obj.shared {
			continue
		}
		found, err := d.flowSplices(obj.pod)
		if err != nil {
			return "", err
		}
		splices = append(splices, found...)
	}
	return spliced(d.s, splices)
}

// flowSplices finds what was added to the flow lists of a pod.
func (d *document) flowSplices(p *pod) ([]splice, error) {
	type place struct {
		owner     *yaml.Node
		key, name string
	}
	places := []place{
		{p.spec, "initContainers", ContainerName},
		{p.spec, "containers", ContainerName},
		{p.spec, "volumes", statusVolume},
	}
	if e, found := own(p.spec, "containers"); found {
		for _, c := range e.value.Content {
			places = append(places, place{c, "volumeMounts", statusVolume})
		}
	}
	var splices []splice
	for _, at := range places {
		e, found := own(at.owner, at.key)
		if !found || e.value.Kind != yaml.SequenceNode || !flow(e.value) {
			continue
		}
		item := named(e.value, at.name)
		if item == nil {
			continue
		}
		s, err := d.flowRemove(e, item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at.key, err)
		}
		splices = append(splices, s)
	}
	return splices, nil
}
