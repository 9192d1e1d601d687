package inject

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// splice replaces the text between two offsets.
type splice struct {
	from, to int
	text     string
}

// edit is one change of the text and the same change of the nodes.
type edit struct {
	splices []splice // alternatives, the best first
	change  func()   // changes the nodes
}

// plan collects the edits of one document.
type plan struct {
	*document
	in        *Input
	edits     []edit
	documents []addedDocument
	inline    map[*yaml.Node][]insertion // by the key into whose line they go; not yet edits
}

// addedDocument is a document to add to the stream.
type addedDocument struct {
	splice
	node *yaml.Node
}

var (
	errLayout = errors.New("its YAML layout cannot be edited safely; edit it by hand")
	errAlias  = errors.New("an alias would add the sidecar to an object that must not get it; edit it by hand")
)

// textBefore returns the text before a node on its line.
func (d *document) textBefore(n *yaml.Node) string {
	return d.s[d.start(n.Line-1):d.at(n)]
}

// startsLine reports whether a node is the first on its line.
func (d *document) startsLine(n *yaml.Node) bool { return strings.Trim(d.textBefore(n), " ") == "" }

func (d *document) at(n *yaml.Node) int { return d.offset(n.Line, n.Column) }

// layoutOf returns the layout of the blocks around a pod.
func (d *document) layoutOf(p *pod) layout {
	l := layout{step: 2, item: 2, eol: d.eol(p.key.Line - 1)}
	if step := p.spec.Column - p.key.Column; !isFlow(p.spec) && p.spec.Line > p.key.Line && step >= 1 && step <= 8 {
		l.step = step
	}
	e, found := own(p.spec, "containers")
	if !found || e.value.Kind != yaml.SequenceNode || isFlow(e.value) || len(e.value.Content) == 0 {
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

// collection returns the entry of a key whose value should be a mapping or a list. It returns an error if other objects
// may share the value, which must not be edited then.
func collection(owner *yaml.Node, key string, kind yaml.Kind) (e entry, found bool, err error) {
	e, found = own(owner, key)
	switch {
	case !found && get(owner, key) != nil:
		err = fmt.Errorf("%s comes from a merge key (<<) that other objects may use; edit it by hand", key)
	case !found || isEmpty(e.value, kind):
	case e.value.Kind == yaml.AliasNode:
		err = fmt.Errorf("%s is an alias (*%s) that other objects may use; edit it by hand", key, e.value.Value)
	case e.value.Kind != kind:
		err = fmt.Errorf("%s is not a %s", key, map[yaml.Kind]string{yaml.MappingNode: "mapping", yaml.SequenceNode: "list"}[kind])
	}
	return e, found, err
}

// isEmpty reports whether a node is null or an empty collection of a kind.
func isEmpty(n *yaml.Node, kind yaml.Kind) bool {
	return isNull(n) || n.Kind == kind && len(n.Content) == 0
}

// item adds an item to a list, as the first or the last. If the owner has no such list, it adds one to missing.
func (p *plan) item(l layout, owner *yaml.Node, key string, item *yaml.Node, last bool, missing *yaml.Node) error {
	return p.items(l, owner, key, sequence(item), last, missing)
}

// items adds the items of a list to another one, like item. A list must not be added to twice.
func (p *plan) items(l layout, owner *yaml.Node, key string, added *yaml.Node, last bool, missing *yaml.Node) error {
	e, found, err := collection(owner, key, yaml.SequenceNode)
	switch {
	case err != nil:
		return err
	case !found:
		add(missing, key, added)
		return nil
	case isEmpty(e.value, yaml.SequenceNode):
		return p.fillList(l, owner, e, added)
	}
	seq := e.value
	place := p.blockItems
	if isFlow(seq) {
		place = p.flowItems
	}
	splices, err := place(l, seq, added, last)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{splices, func() {
		at := 0
		if last {
			at = len(seq.Content)
		}
		seq.Content = slices.Insert(seq.Content, at, added.Content...)
	}})
	return nil
}

// fillList puts items into an empty list.
func (p *plan) fillList(l layout, owner *yaml.Node, e entry, added *yaml.Node) error {
	if !isFlow(owner) && p.fill(l, e, added) == nil {
		return nil
	}
	s, err := p.flowFill(e, added)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{[]splice{s}, func() { replace(e.value, added) }})
	return nil
}

// fill replaces the line of a key whose value is empty.
func (p *plan) fill(l layout, e entry, value *yaml.Node) error {
	s, err := p.replaceLine(l, e.key, value)
	if err != nil {
		return err
	}
	p.edits = append(p.edits, edit{[]splice{s}, func() { replace(e.value, value) }})
	return nil
}

func replace(old, value *yaml.Node) {
	anchor := old.Anchor
	*old = *value
	old.Anchor = anchor
}

// fields adds keys that a mapping lacks, before one that it has.
func (p *plan) fields(l layout, owner, before, missing *yaml.Node) error {
	if len(missing.Content) == 0 {
		return nil
	}
	var splices []splice
	if isFlow(owner) {
		splices = []splice{p.flowFields(before, missing)}
	} else {
		var err error
		if splices, err = p.blockFields(l, before, missing); err != nil {
			return err
		}
	}
	p.edits = append(p.edits, edit{splices, func() {
		at := slices.Index(owner.Content, before)
		owner.Content = slices.Insert(owner.Content, at, missing.Content...)
	}})
	return nil
}

// spliced returns the text with all replacements made.
func spliced(s string, splices []splice) (string, error) {
	// An insertion before a line precedes the replacement of that line.
	slices.SortStableFunc(splices, func(a, b splice) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	var b strings.Builder
	at := 0
	for _, sp := range splices {
		if sp.from < at || sp.to < sp.from || sp.to > len(s) {
			return "", errLayout
		}
		b.WriteString(s[at:sp.from] + sp.text)
		at = sp.to
	}
	b.WriteString(s[at:])
	return b.String(), nil
}

// apply returns the text with the edits made. It tries the alternatives until the result parses to the expected nodes and
// uninject restores the original text, byte by byte.
func (p *plan) apply(outcomes []Outcome) (string, error) {
	before, _, err := Uninject(p.s)
	if err != nil {
		return "", err
	}
	alternatives := 0
	for _, e := range p.edits {
		e.change()
		alternatives = max(alternatives, len(e.splices))
	}
	if aliased(p.root, outcomes) {
		return "", errAlias
	}
	want := []*yaml.Node{p.root}
	for _, a := range p.documents {
		want = append(want, a.node)
	}
	for nth := range alternatives {
		s, err := p.alternative(nth)
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

// alternative returns the text with every edit made by its nth splice.
func (p *plan) alternative(nth int) (string, error) {
	var splices []splice
	for _, e := range p.edits {
		splices = append(splices, e.splices[min(nth, len(e.splices)-1)])
	}
	// Documents follow everything else that is added at the end.
	for _, a := range p.documents {
		splices = append(splices, a.splice)
	}
	return spliced(p.s, splices)
}

// aliased reports whether an object that should not get the sidecar has it now, through an alias.
func aliased(root *yaml.Node, outcomes []Outcome) bool {
	for i, obj := range objects(root) {
		out := &outcomes[i]
		if out.Status == Injected || out.Status == Unchanged || out.Reason == reasonShared {
			continue
		}
		if obj.hasSidecar() {
			return true
		}
	}
	return false
}
