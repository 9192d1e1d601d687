package inject

import (
	"errors"
	"strings"

	"nginx-exporter/internal/sidecar"
)

var (
	errModified = errors.New("what inject added has been modified since; remove it by hand")
	errForeign  = errors.New("there is other content between the comments of inject; move it, or remove everything by hand")
	errUnpaired = errors.New("a comment of inject is missing; remove what it added by hand")
	errUnmarked = errors.New("container " + sidecar.Name + " is not between the comments of inject; remove it by hand")
)

// Uninject removes what Inject added. If the manifest has not been modified since, the result is the original text, byte
// by byte.
func Uninject(manifest string) (string, []Outcome, error) {
	if err := checkText(manifest); err != nil {
		return "", nil, err
	}
	return each(withoutDocuments(manifest), uninjectDocument)
}

// withoutDocuments removes added documents. Their marks are in the first column, where they cannot be part of a value.
func withoutDocuments(s string) string {
	if !strings.Contains(s, markBegin) {
		return s
	}
	t := newText(s)
	var splices []splice
	for l := 0; l < t.lines(); l++ {
		// Several in a row are removed together.
		end := l
		for next := t.addedDocument(end); next > end; next = t.addedDocument(end) {
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

// addedDocument returns the line after a document that inject has added and that begins with a line, 0 for none.
func (t *text) addedDocument(begin int) int {
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

// cut returns a splice that replaces whole lines. If they are at the end of a file without a final line break, it removes
// the line break before them instead.
func (t *text) cut(begin, end int, with string) splice {
	s := splice{t.start(begin), t.end(end), with}
	if breakOf(t.s[s.from:s.to]) != "" {
		return s
	}
	if with != "" {
		s.text = strings.TrimSuffix(with, breakOf(with))
	} else {
		s.from -= len(breakOf(t.s[:s.from]))
	}
	return s
}

func uninjectDocument(chunk string) (string, []Outcome, error) {
	before, err := parse(chunk)
	if err != nil {
		return "", nil, err
	}
	after, failure := before.remove((*document).withoutRegions)
	if failure == nil {
		after, failure = after.remove((*document).withoutFlow)
	}
	if failure != nil {
		after = before
	}
	left := objects(after.root)
	var outcomes []Outcome
	for i, obj := range objects(before.root) {
		out := newOutcome(obj)
		switch {
		case obj.pod == nil:
			out.skip(reasonNoPods, "no pod template")
		case obj.shared, !obj.hasSidecar():
			out.skip(reasonNone, "there is no sidecar to remove")
		case failure != nil:
			out.refuse(reasonLayout, failure)
		case i < len(left) && left[i].hasSidecar():
			out.refuse(reasonUnmarked, errUnmarked)
		default:
			out.Status = Removed
		}
		outcomes = append(outcomes, out)
	}
	return after.s, outcomes, nil
}

// remove returns the document after something has been removed from its text.
func (d *document) remove(without func(*document) (string, error)) (*document, error) {
	s, err := without(d)
	if err != nil || s == d.s {
		return d, err
	}
	after, err := parse(s)
	if err != nil || after.more {
		return nil, errModified
	}
	return after, nil
}
