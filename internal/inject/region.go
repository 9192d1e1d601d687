package inject

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// block is a region: the lines of its marks.
type block struct {
	begin, end int
	kept       []int // lines between them that must stay
}

// withoutRegions takes away what stands between the marks.
func (d *document) withoutRegions() (string, error) {
	blocks, err := d.blocks()
	if err != nil || len(blocks) == 0 {
		return d.s, err
	}
	var splices []splice
	if d.foreign(blocks) {
		return "", errForeign
	}
	if slices.ContainsFunc(blocks, d.rewritten) {
		return "", errChanged
	}
	d.keep(blocks)
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

// keep finds the keys in regions under which others have written since, such
// as an init container after ours: their lines stay.
func (d *document) keep(blocks []block) {
	within := make([]*block, d.lines()+1)
	for i, b := range blocks {
		for l := b.begin; l <= b.end; l++ {
			within[l] = &blocks[i]
		}
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			b := within[child.Line-1]
			if b != nil && n.Kind == yaml.MappingNode && i%2 == 0 && last(n.Content[i+1]) > b.end+1 {
				b.kept = append(b.kept, child.Line-1)
			}
			walk(child)
		}
	}
	walk(d.root)
}

// last is the line in which the last node of a tree begins.
func last(n *yaml.Node) int {
	if len(n.Content) == 0 {
		return n.Line
	}
	return last(n.Content[len(n.Content)-1])
}

// rewritten reports whether a region replaces a line by a longer one, and that
// one is no longer the old one and one or two insertions: then somebody has
// edited it, who would lose the edit.
func (d *document) rewritten(b block) bool {
	was := d.was(b)
	if was == "" || b.end-b.begin != 3 {
		return false
	}
	was = strings.TrimSuffix(was, breakOf(was))
	now := d.line(b.begin + 2)
	if len(now) < len(was) {
		return true
	}
	for len(was) > 0 && was[0] == now[0] {
		was, now = was[1:], now[1:]
	}
	for len(was) > 0 && was[len(was)-1] == now[len(now)-1] {
		was, now = was[:len(was)-1], now[:len(now)-1]
	}
	return !strings.Contains(now, was)
}

// was returns the line that a region replaced, or those that stay of it; empty
// for none.
func (d *document) was(b block) string {
	if len(b.kept) > 0 {
		var lines strings.Builder
		for _, l := range b.kept {
			lines.WriteString(d.s[d.start(l):d.end(l)])
		}
		return lines.String()
	}
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
		back := len(b.kept)
		if back == 0 && before.was(b) != "" {
			back = 1
			lines = append(lines, block{begin: b.begin - gone, end: b.begin - gone})
		}
		gone += b.end - b.begin + 1 - back
	}
	return lines
}

// pruned returns the nodes without those that begin in a region.
func (d *document) pruned(blocks []block) *yaml.Node {
	if d.root == nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	return prune(d.root, d.inside(blocks))
}

// inside returns what reports whether a node begins in a region.
func (d *document) inside(blocks []block) func(n *yaml.Node) bool {
	lines := make([]bool, d.lines()+1)
	for _, b := range blocks {
		for l := b.begin; l <= b.end; l++ {
			lines[l] = !slices.Contains(b.kept, l)
		}
	}
	return func(n *yaml.Node) bool { return lines[n.Line-1] }
}

// foreign reports whether a region has what inject never puts there.
func (d *document) foreign(blocks []block) bool {
	inside := d.inside(blocks)
	for _, obj := range objects(d.root) {
		if obj.pod == nil || obj.shared {
			continue
		}
		if strange(obj.pod.spec, inside, "initContainers", "containers", "volumes") {
			return true
		}
		for _, c := range obj.pod.all() {
			if !isOurs(c) && strange(c, inside, "volumeMounts") {
				return true
			}
		}
	}
	return false
}

// strange reports whether a mapping has, inside, a key that is not ours, or in
// its lists an item that is not.
func strange(m *yaml.Node, inside func(*yaml.Node) bool, ours ...string) bool {
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		if !slices.Contains(ours, key.Value) {
			if inside(key) {
				return true
			}
			continue
		}
		if slices.ContainsFunc(value.Content, func(item *yaml.Node) bool { return inside(item) && !isOurs(item) }) {
			return true
		}
	}
	return false
}

// isOurs reports whether an item of a list has a name that inject gives.
func isOurs(item *yaml.Node) bool {
	return slices.Contains([]string{ContainerName, statusVolume}, str(get(item, "name")))
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
	if len(marks) == 0 || d.root == nil {
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
		blocks = append(blocks, block{begin: marks[i], end: marks[i+1]})
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
