package inject

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
)

// region is an addition to a block, by the lines of its marks.
type region struct {
	begin, end int
	kept       []int // lines between the marks that must stay
}

// withoutRegions returns the text without the regions, and with the lines that they replaced.
func (d *document) withoutRegions() (string, error) {
	regions, err := d.regions()
	if err != nil || len(regions) == 0 {
		return d.s, err
	}
	if d.hasForeign(regions) {
		return "", errForeign
	}
	if slices.ContainsFunc(regions, d.isModified) {
		return "", errModified
	}
	d.keep(regions)
	var splices []splice
	for _, r := range regions {
		splices = append(splices, d.cut(r.begin, r.end, d.replaced(r)))
	}
	s, err := spliced(d.s, splices)
	if err != nil {
		return "", err
	}
	after, err := parse(s)
	if err != nil || after.more {
		return "", errModified
	}
	// Apart from the regions and the restored lines, nothing may have changed.
	if !same(d.without(regions), after.without(d.restored(regions))) {
		return "", errModified
	}
	return s, nil
}

// regions finds the regions of a document. Marks that are part of a value, as in a script or a ConfigMap, are not marks.
func (d *document) regions() ([]region, error) {
	marks := d.marks()
	if len(marks) == 0 || d.root == nil {
		return nil, nil
	}
	if len(marks)%2 != 0 {
		return nil, errUnpaired
	}
	var regions []region
	for pair := range slices.Chunk(marks, 2) {
		if strings.TrimLeft(d.line(pair[0]), " ") != markBegin || strings.TrimLeft(d.line(pair[1]), " ") != markEnd {
			return nil, errUnpaired
		}
		regions = append(regions, region{begin: pair[0], end: pair[1]})
	}
	return regions, nil
}

// marks lists the lines that are marks. To tell comments from values, it appends a number to each and parses the result: a
// number that is in a value does not belong to a comment.
func (d *document) marks() []int {
	if !strings.Contains(d.s, markBegin) && !strings.Contains(d.s, markEnd) {
		return nil
	}
	var lines []int
	var b strings.Builder
	for l := range d.lines() {
		full := d.s[d.start(l):d.end(l)]
		if s := strings.TrimLeft(d.line(l), " "); s == markBegin || s == markEnd {
			full = strings.TrimSuffix(full, breakOf(full)) + " number" + strconv.Itoa(len(lines)) + ";\n"
			lines = append(lines, l)
		}
		b.WriteString(full)
	}
	roots, err := decode(b.String())
	if err != nil {
		return nil
	}
	inValues := map[string]bool{}
	number := regexp.MustCompile(` number([0-9]+);`)
	for _, root := range roots {
		collectNumbers(root, number, inValues)
	}
	var comments []int
	for i, l := range lines {
		if !inValues[strconv.Itoa(i)] {
			comments = append(comments, l)
		}
	}
	return comments
}

// collectNumbers collects the numbers that marks appends, as far as they are in values.
func collectNumbers(n *yaml.Node, number *regexp.Regexp, found map[string]bool) {
	if n.Kind == yaml.ScalarNode {
		for _, match := range number.FindAllStringSubmatch(n.Value, -1) {
			found[match[1]] = true
		}
	}
	for _, child := range n.Content {
		collectNumbers(child, number, found)
	}
}

// keep finds the keys in regions whose values continue below the region, such as initContainers with a container that was
// added after the sidecar. The lines of such keys must stay.
func (d *document) keep(regions []region) {
	at := make([]*region, d.lines()+1)
	for i, r := range regions {
		for l := r.begin; l <= r.end; l++ {
			at[l] = &regions[i]
		}
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for key, value := range entries(n) {
			if r := at[key.Line-1]; r != nil && lastLine(value) > r.end+1 {
				r.kept = append(r.kept, key.Line-1)
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.root)
}

// lastLine returns the line of the last node of a tree.
func lastLine(n *yaml.Node) int {
	if len(n.Content) == 0 {
		return n.Line
	}
	return lastLine(n.Content[len(n.Content)-1])
}

// isModified reports whether the line that replaced another one was edited since: it is no longer the old line with
// insertions.
func (d *document) isModified(r region) bool {
	old := d.replaced(r)
	if old == "" || r.end-r.begin != 3 {
		return false
	}
	old = strings.TrimSuffix(old, breakOf(old))
	now := d.line(r.begin + 2)
	if len(now) < len(old) {
		return true
	}
	for len(old) > 0 && old[0] == now[0] {
		old, now = old[1:], now[1:]
	}
	for len(old) > 0 && old[len(old)-1] == now[len(now)-1] {
		old, now = old[:len(old)-1], now[:len(now)-1]
	}
	return !strings.Contains(now, old)
}

// replaced returns the text that replaces a removed region: its kept lines, or the line that it had replaced; empty for
// neither.
func (d *document) replaced(r region) string {
	if len(r.kept) > 0 {
		var lines strings.Builder
		for _, l := range r.kept {
			lines.WriteString(d.s[d.start(l):d.end(l)])
		}
		return lines.String()
	}
	line := d.s[d.start(r.begin+1):d.end(r.begin+1)]
	blanks := line[:indent(line)]
	if old, found := strings.CutPrefix(line[len(blanks):], markWas); found {
		return blanks + old
	}
	return ""
}

// restored returns the lines that replace regions, by their numbers in the text without the regions.
func (d *document) restored(regions []region) []region {
	var lines []region
	removed := 0
	for _, r := range regions {
		back := len(r.kept)
		if back == 0 && d.replaced(r) != "" {
			back = 1
			lines = append(lines, region{begin: r.begin - removed, end: r.begin - removed})
		}
		removed += r.end - r.begin + 1 - back
	}
	return lines
}

// without returns a copy of the nodes without those that begin in a region.
func (d *document) without(regions []region) *yaml.Node {
	if d.root == nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	return prune(d.root, d.inside(regions))
}

// inside returns a function that reports whether a node begins in a region.
func (d *document) inside(regions []region) func(n *yaml.Node) bool {
	lines := make([]bool, d.lines()+1)
	for _, r := range regions {
		for l := r.begin; l <= r.end; l++ {
			lines[l] = !slices.Contains(r.kept, l)
		}
	}
	return func(n *yaml.Node) bool { return lines[n.Line-1] }
}

// prune returns a copy of the nodes without the items and entries that begin with a node to omit. An empty collection
// becomes null.
func prune(n *yaml.Node, omit func(n *yaml.Node) bool) *yaml.Node {
	if len(n.Content) == 0 {
		return n
	}
	size := 1
	if n.Kind == yaml.MappingNode {
		size = 2
	}
	clone := *n
	clone.Content = nil
	for part := range slices.Chunk(n.Content, size) {
		if omit(part[0]) {
			continue
		}
		for _, child := range part {
			clone.Content = append(clone.Content, prune(child, omit))
		}
	}
	if len(clone.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Anchor: n.Anchor}
	}
	return &clone
}

// hasForeign reports whether a region of a pod contains anything that inject does not add.
func (d *document) hasForeign(regions []region) bool {
	inside := d.inside(regions)
	for _, obj := range objects(d.root) {
		if obj.pod == nil || obj.shared {
			continue
		}
		if isForeign(obj.pod.spec, inside, "initContainers", "containers", "volumes", pullSecrets) {
			return true
		}
		for _, c := range obj.pod.running() {
			if !isOurs(c) && isForeign(c, inside, "volumeMounts") {
				return true
			}
		}
	}
	return false
}

// isForeign reports whether a mapping has, in a region, a key other than those of the lists, or a list item that inject
// does not add.
func isForeign(m *yaml.Node, inside func(*yaml.Node) bool, lists ...string) bool {
	for key, value := range entries(m) {
		if !slices.Contains(lists, key.Value) {
			if inside(key) {
				return true
			}
			continue
		}
		added := slices.DeleteFunc(slices.Clone(value.Content), func(item *yaml.Node) bool { return !inside(item) })
		if key.Value == pullSecrets && len(added) <= 1 {
			// Its name is not known.
			continue
		}
		if slices.ContainsFunc(added, func(item *yaml.Node) bool { return !isOurs(item) }) {
			return true
		}
	}
	return false
}

// isOurs reports whether the name of a list item is one that inject uses.
func isOurs(item *yaml.Node) bool {
	return slices.Contains([]string{sidecar.Name, statusVolume, sidecar.LogVolume}, str(get(item, "name")))
}
