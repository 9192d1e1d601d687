package inject

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	errChanged  = errors.New("what was added has been changed since; take it away by hand")
	errForeign  = errors.New("between the comments around what was added stands something else; move it, or take all away by hand")
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
	for l := 0; l < t.lines(); l++ {
		// Several in a row go as one.
		end := l
		for next := t.added(end); next > end; next = t.added(end) {
			end = next
		}
		if end > l {
			splices = append(splices, t.cut(l, end-1, ""))
			l = end - 1
		}
	}
	without, err := spliced(s, splices)
	if err != nil {
		return s
	}
	return without
}

// added returns the line after a document that inject has added and that
// begins with a line; 0 for none.
func (t *text) added(begin int) int {
	if begin+1 >= t.lines() || t.line(begin) != "---" || t.line(begin+1) != markBegin {
		return 0
	}
	end := begin + 2
	for end < t.lines() && t.line(end) != markEnd {
		end++
	}
	if end >= t.lines() {
		return 0
	}
	if end+1 == t.lines() || isMark(t.line(end-1), "...") || isMark(t.line(end+1), "---") || isMark(t.line(end+1), "...") {
		return end + 1
	}
	return 0
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
	after, err := d.without((*document).withoutRegions)
	if err == nil {
		after, err = after.without((*document).withoutFlow)
	}
	if err != nil {
		return chunk, verdict(outcomes, d.root, nil, err), nil
	}
	return after.s, verdict(outcomes, d.root, after.root, nil), nil
}

// without returns the document with something taken away.
func (d *document) without(take func(*document) (string, error)) (*document, error) {
	s, err := take(d)
	if err != nil || s == d.s {
		return d, err
	}
	after, more, err := parse(s)
	if err != nil || len(more) > 0 {
		return nil, errChanged
	}
	return &after, nil
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
