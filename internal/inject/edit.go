package inject

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// splice replaces what is between two offsets.
type splice struct {
	from, to int
	text     string
}

// edit is one change: the places in the text where it may be made, the best
// first, and what it does to the nodes.
type edit struct {
	places []splice
	change func()
}

// plan collects the edits of one document.
type plan struct {
	*document
	edits    []edit
	added    []addition  // documents that are to follow
	inserted []insertion // not yet edits
}

// addition is a document: where it goes, and what it says.
type addition struct {
	splice
	node *yaml.Node
}

// errLayout is why a place cannot be edited that no rule here fits.
var errLayout = errors.New("it is laid out in a way that cannot be edited safely; edit it by hand")

// errCarried is why an object is not edited whose anchor others use.
var errCarried = errors.New("an alias would carry the sidecar to an object that is to have none; edit it by hand")

// pretext is the text of a node's line before the node.
func (d *document) pretext(n *yaml.Node) string {
	return d.s[d.start(n.Line-1):d.at(n)]
}

func (d *document) at(n *yaml.Node) int { return d.offset(n.Line, n.Column) }

// layoutOf finds out how the blocks around a pod are laid out.
func (d *document) layoutOf(p *pod) layout {
	l := layout{step: 2, item: 2, eol: d.eol(p.key.Line - 1)}
	if step := p.spec.Column - p.key.Column; !flow(p.spec) && p.spec.Line > p.key.Line && step >= 1 && step <= 8 {
		l.step = step
	}
	e, found := own(p.spec, "containers")
	if !found || e.value.Kind != yaml.SequenceNode || flow(e.value) || len(e.value.Content) == 0 {
		return l
	}
	dash, err := d.dash(e.value)
	if err != nil {
		return l
	}
	column := indent(d.line(dash))
	if n := column - (e.key.Column - 1); n >= 0 && n <= 8 {
		l.dash = n
	}
	if first := e.value.Content[0]; first.Line-1 == dash && first.Anchor == "" {
		if n := first.Column - 1 - column; n >= 2 && n <= 8 {
			l.item = n
		}
	}
	return l
}

// list adds an item to the list that a mapping has under a key. What the
// mapping has not got yet is put among the fresh fields.
func (p *plan) list(l layout, owner *yaml.Node, key string, item mapping, last bool, fresh *mapping) error {
	e, found := own(owner, key)
	switch {
	case !found && get(owner, key) != nil:
		return fmt.Errorf("its %s come through a merge (<<), where others share them; edit it by hand", key)
	case !found:
		*fresh = append(*fresh, field{key, list{item}})
		return nil
	case e.value.Kind == yaml.AliasNode:
		return fmt.Errorf("its %s are an alias (*%s), which others share; edit it by hand", key, e.value.Value)
	case isNull(e.value), e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0:
		return p.fillList(l, owner, e, item)
	case e.value.Kind != yaml.SequenceNode:
		return fmt.Errorf("its %s are no list", key)
	}
	seq := e.value
	place := p.blockItem
	if flow(seq) {
		place = p.flowItem
	}
	places, err := place(l, seq, item, last)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{places, func() {
		at := 0
		if last {
			at = len(seq.Content)
		}
		seq.Content = slices.Insert(seq.Content, at, node(item))
	}})
	return nil
}

// fillList puts the item into a list that is there but empty.
func (p *plan) fillList(l layout, owner *yaml.Node, e entry, item mapping) error {
	change := func() {
		*e.value = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Anchor: e.value.Anchor, Content: []*yaml.Node{node(item)}}
	}
	if !flow(owner) {
		if s, ok := p.replaceLine(l, e.key, mapping{{e.key.Value, list{item}}}); ok {
			p.edits = append(p.edits, edit{[]splice{s}, change})
			return nil
		}
	}
	s, err := p.flowFill(e, item)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{[]splice{s}, change})
	return nil
}

// fields adds keys to a mapping that has none of them, before one that it has.
func (p *plan) fields(l layout, owner, before *yaml.Node, fresh mapping) error {
	if len(fresh) == 0 {
		return nil
	}
	var places []splice
	if flow(owner) {
		places = []splice{p.flowFields(before, fresh)}
	} else {
		var err error
		if places, err = p.blockFields(l, before, fresh); err != nil {
			return err
		}
	}
	p.edits = append(p.edits, edit{places, func() {
		at := slices.Index(owner.Content, before)
		owner.Content = slices.Insert(owner.Content, at, node(fresh).Content...)
	}})
	return nil
}

// change makes the nodes what they shall be, and returns them together with
// the documents that are to follow.
func (p *plan) change() []*yaml.Node {
	for _, e := range p.edits {
		e.change()
	}
	roots := []*yaml.Node{p.root}
	for _, a := range p.added {
		roots = append(roots, a.node)
	}
	return roots
}

// text returns the text with every edit made at its nth place.
func (p *plan) text(nth int) (string, error) {
	var splices []splice
	for _, e := range p.edits {
		splices = append(splices, e.places[min(nth, len(e.places)-1)])
	}
	// They go after all else that is added at the end.
	for _, a := range p.added {
		splices = append(splices, a.splice)
	}
	return spliced(p.s, splices)
}

// places is the largest number of places that an edit has.
func (p *plan) places() int {
	n := 0
	for _, e := range p.edits {
		n = max(n, len(e.places))
	}
	return n
}

// spliced makes all replacements at once.
func spliced(s string, splices []splice) (string, error) {
	// What is added before a line goes before what replaces it.
	slices.SortStableFunc(splices, func(a, b splice) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	var b strings.Builder
	at := 0
	for _, sp := range splices {
		if sp.from < at || sp.to < sp.from || sp.to > len(s) {
			return "", errLayout
		}
		b.WriteString(s[at:sp.from])
		b.WriteString(sp.text)
		at = sp.to
	}
	b.WriteString(s[at:])
	return b.String(), nil
}

// proven returns the first text that parses to what the plan wants and from
// which the additions can be taken away again, byte by byte.
func (p *plan) proven(outcomes []Outcome) (string, error) {
	before, _, err := Uninject(p.s)
	if err != nil {
		return "", err
	}
	want := p.change()
	if !contained(p.root, outcomes) {
		return "", errCarried
	}
	for nth := range p.places() {
		s, err := p.text(nth)
		if err != nil {
			continue
		}
		roots, err := decode(s)
		if err != nil || !slices.EqualFunc(roots, want, same) {
			continue
		}
		if after, _, err := Uninject(s); err == nil && after == before {
			return s, nil
		}
	}
	return "", errLayout
}

// contained reports whether objects that were left out stay without a sidecar,
// which an anchor could carry to them from one that gets it.
func contained(root *yaml.Node, outcomes []Outcome) bool {
	for i, obj := range objects(root) {
		out := &outcomes[i]
		if obj.pod == nil || out.Status == Injected || out.Status == Unchanged || out.Reason == reasonShared {
			continue
		}
		if c, _ := obj.pod.ours(); c != nil {
			return false
		}
	}
	return true
}
