package inject

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	errChanged  = errors.New("what was added has been changed since; take it away by hand")
	errUnpaired = errors.New("the comments around what was added are not all there any more; take it away by hand")
)

// Uninject takes away what Inject added. Of a manifest that Inject made and
// nobody changed it gives back the very bytes of before.
func Uninject(manifest string) (string, []Outcome, error) {
	if err := checkText(manifest); err != nil {
		return "", nil, err
	}
	return each(withoutDocuments(manifest), uninjectDocument)
}

// withoutDocuments takes away whole documents. Their marks stand in the first
// column, where nothing but a comment can.
func withoutDocuments(s string) string {
	if !strings.Contains(s, markBegin) {
		return s
	}
	t := newText(s)
	var splices []splice
	for l := 0; l+1 < t.lines(); l++ {
		if t.line(l) != markBegin || !isMark(t.line(l+1), "---") {
			continue
		}
		end := l + 1
		for end < t.lines() && t.line(end) != markEnd {
			end++
		}
		if end == t.lines() {
			break
		}
		splices = append(splices, t.cut(l, end, ""))
		l = end
	}
	without, err := spliced(s, splices)
	if err != nil {
		return s
	}
	return without
}

// cut replaces the lines of a region. One that ends the file without a line
// break took the last line break from what was before.
func (t *text) cut(begin, end int, was string) splice {
	s := splice{t.start(begin), t.end(end), was}
	if breakOf(t.s[s.from:s.to]) != "" {
		return s
	}
	if was != "" {
		s.text = strings.TrimSuffix(was, breakOf(was))
	} else {
		s.from -= len(breakOf(t.s[:s.from]))
	}
	return s
}

func uninjectDocument(chunk string) (string, []Outcome, error) {
	d, _, err := parse(chunk)
	if err != nil {
		return "", nil, err
	}
	var outcomes []Outcome
	for _, obj := range objects(d.root) {
		out := Outcome{Kind: obj.kind, Namespace: obj.namespace, Name: obj.name, Line: obj.line, title: obj.title()}
		outcomes = append(outcomes, out.skip(reasonNone, "there is no sidecar to take away"))
		if obj.pod == nil {
			outcomes[len(outcomes)-1] = out.skip(reasonNoPods, "no pod template")
		}
	}
	s, err := d.withoutRegions()
	if err == nil {
		s, err = withoutFlow(s)
	}
	if err != nil {
		return chunk, verdict(outcomes, d.root, nil, err), nil
	}
	after, _, err := parse(s)
	if err != nil {
		return chunk, verdict(outcomes, d.root, nil, errChanged), nil
	}
	return s, verdict(outcomes, d.root, after.root, nil), nil
}

// verdict says for each object whether its sidecar has gone.
func verdict(outcomes []Outcome, before, after *yaml.Node, err error) []Outcome {
	now := objects(after)
	for i, obj := range objects(before) {
		if obj.pod == nil || obj.shared {
			continue
		}
		ours, _ := obj.pod.ours()
		switch {
		case ours == nil:
		case err != nil:
			outcomes[i].refuse(reasonLayout, err)
		case i < len(now) && now[i].pod != nil && hasOurs(now[i].pod):
			outcomes[i].refuse(reasonUnmarked, errors.New("has a container "+ContainerName+" that is not between the comments of inject; take it away by hand"))
		default:
			outcomes[i].Status, outcomes[i].Reason, outcomes[i].Detail = Removed, "", ""
		}
	}
	return outcomes
}

func hasOurs(p *pod) bool {
	c, _ := p.ours()
	return c != nil
}

// block is a region: the lines of its marks.
type block struct {
	begin, end int
}

// withoutRegions takes away what stands between the marks.
func (d *document) withoutRegions() (string, error) {
	blocks, err := d.blocks()
	if err != nil || len(blocks) == 0 {
		return d.s, err
	}
	var splices []splice
	for _, b := range blocks {
		splices = append(splices, d.cut(b.begin, b.end, d.was(b)))
	}
	s, err := spliced(d.s, splices)
	if err != nil {
		return "", err
	}
	after, more, err := parse(s)
	if err != nil || len(more) > 0 {
		return "", errChanged
	}
	if !same(d.pruned(blocks), after.pruned(after.restored(d, blocks))) {
		return "", errChanged
	}
	return s, nil
}

// was returns the line that a region replaced, empty for none.
func (d *document) was(b block) string {
	line := d.s[d.start(b.begin+1):d.end(b.begin+1)]
	blanks := line[:indent(line)]
	if bare, found := strings.CutPrefix(line[len(blanks):], markWas); found {
		return blanks + bare
	}
	return ""
}

// restored returns where the lines are, in the text without regions, that
// regions had replaced.
func (*document) restored(before *document, blocks []block) []block {
	var lines []block
	gone := 0
	for _, b := range blocks {
		back := 0
		if before.was(b) != "" {
			back = 1
			lines = append(lines, block{b.begin - gone, b.begin - gone})
		}
		gone += b.end - b.begin + 1 - back
	}
	return lines
}

// pruned returns the nodes without those that begin in a region.
func (d *document) pruned(blocks []block) *yaml.Node {
	inside := make([]bool, d.lines()+1)
	for _, b := range blocks {
		for l := b.begin; l <= b.end; l++ {
			inside[l] = true
		}
	}
	return prune(d.root, func(n *yaml.Node) bool { return inside[n.Line-1] })
}

// prune returns a copy of the nodes without the items and entries that begin
// with a node to leave out. A collection that is empty then counts as nothing.
func prune(n *yaml.Node, out func(n *yaml.Node) bool) *yaml.Node {
	if len(n.Content) == 0 {
		return n
	}
	clone := *n
	clone.Content = nil
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		if out(n.Content[i]) {
			continue
		}
		for _, child := range n.Content[i : i+step] {
			clone.Content = append(clone.Content, prune(child, out))
		}
	}
	if len(clone.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Anchor: n.Anchor}
	}
	return &clone
}

// blocks finds the regions of a document. Text that looks like their marks but
// is part of a value, as in a script or a ConfigMap, is none.
func (d *document) blocks() ([]block, error) {
	marks := d.marks()
	if len(marks) == 0 {
		return nil, nil
	}
	if len(marks)%2 != 0 {
		return nil, errUnpaired
	}
	var blocks []block
	for i := 0; i < len(marks); i += 2 {
		begin, end := strings.TrimLeft(d.line(marks[i]), " "), strings.TrimLeft(d.line(marks[i+1]), " ")
		if begin != markBegin || end != markEnd {
			return nil, errUnpaired
		}
		blocks = append(blocks, block{marks[i], marks[i+1]})
	}
	return blocks, nil
}

// marks lists the lines that are marks. To tell comments from values, each is
// changed in a different way and the text is parsed: a value shows the change.
func (d *document) marks() []int {
	if !strings.Contains(d.s, markBegin) && !strings.Contains(d.s, markEnd) {
		return nil
	}
	var lines []int
	var b strings.Builder
	for l := range d.lines() {
		s := strings.TrimLeft(d.line(l), " ")
		full := d.s[d.start(l):d.end(l)]
		if s == markBegin || s == markEnd {
			full = strings.TrimSuffix(full, breakOf(full)) + stamp(len(lines)) + "\n"
			lines = append(lines, l)
		}
		b.WriteString(full)
	}
	roots, err := decode(b.String())
	if err != nil {
		return nil
	}
	values := map[string]bool{}
	for _, root := range roots {
		stamped(root, values)
	}
	var comments []int
	for i, l := range lines {
		if !values[stamp(i)] {
			comments = append(comments, l)
		}
	}
	return comments
}

const stampText = " stamped"

func stamp(i int) string { return stampText + strconv.Itoa(i) + ";" }

// stamped collects the stamps that are in values.
func stamped(n *yaml.Node, found map[string]bool) {
	if n.Kind == yaml.ScalarNode {
		for i, part := range strings.Split(n.Value, stampText) {
			if number, _, ended := strings.Cut(part, ";"); i > 0 && ended {
				found[stampText+number+";"] = true
			}
		}
	}
	for _, child := range n.Content {
		stamped(child, found)
	}
}

// withoutFlow takes away what was added in flow style, and proves it.
func withoutFlow(s string) (string, error) {
	d, more, err := parse(s)
	if err != nil {
		return "", err
	}
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
	if len(splices) == 0 {
		return s, nil
	}
	if len(more) > 0 {
		return "", errChanged
	}
	return spliced(s, splices)
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
