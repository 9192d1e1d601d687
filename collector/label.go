package collector

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// Label is a label that all series of a target carry.
type Label struct {
	Name  string
	Value string
}

// layout is how the labels of a table's series stand around each other for one
// target: sorted by name, the target's escaped in advance, gaps for the values
// of the object's own, and one for that of a further label if there is one.
type layout struct {
	target []Label
	own    []string // of the object
	// lead[i] is the text before gap i; tail is what follows the last one.
	lead    []string
	tail    string
	further int // the gap of the further label, -1 if there is none
	// first is the text before the further label, if all of the object's own
	// labels come after it; empty otherwise.
	first string
}

// newLayout merges the labels of a target with the names of a table's own
// labels, which are sorted, and the name of a further label, empty for none.
// Where the target has a label of the same name the metric's own wins, as it
// tells series apart.
func newLayout(target []Label, own []string, further string) *layout {
	l := &layout{own: own, further: -1}
	gaps := own
	if further != "" {
		gaps = slices.Sorted(slices.Values(append(slices.Clone(own), further)))
		l.further = slices.Index(gaps, further)
	}
	for _, label := range target {
		if !slices.Contains(gaps, label.Name) {
			l.target = append(l.target, label)
		}
	}
	sort.Slice(l.target, func(i, j int) bool { return l.target[i].Name < l.target[j].Name })
	l.merge(gaps)
	clash := slices.ContainsFunc(target, func(label Label) bool { return label.Name == further })
	if l.further == 0 && len(own) > 0 && !clash {
		l.first = strings.TrimSuffix(l.lead[0], further+`="`)
	}
	return l
}

// merge writes the text between the gaps.
func (l *layout) merge(gaps []string) {
	var text []byte
	separator, rest := byte('{'), l.target
	for _, name := range gaps {
		for len(rest) > 0 && rest[0].Name < name {
			text = appendLabel(append(text, separator), rest[0])
			separator, rest = ',', rest[1:]
		}
		text = append(append(append(text, separator), name...), `="`...)
		l.lead = append(l.lead, string(text))
		text, separator = append(text[:0], '"'), ','
	}
	for _, label := range rest {
		text = appendLabel(append(text, separator), label)
		separator = ','
	}
	if separator == ',' {
		text = append(text, '}')
	}
	l.tail = string(text)
}

// appendText appends the labels of a series, in braces, or nothing where there
// is no label. The layout has no further label.
func (l *layout) appendText(text []byte, values []string) []byte {
	for i, lead := range l.lead {
		text = append(text, lead...)
		text = appendEscaped(text, values[i])
	}
	return append(text, l.tail...)
}

// splice appends what split does, out of the object's labels as they stand on
// the page without the further one. It must be a layout with first.
func (l *layout) splice(head, tail, labels []byte) (before, after []byte) {
	return append(head, l.lead[0]...), append(append(tail, '"', ','), labels[len(l.first):]...)
}

// split appends the labels of an object before and after the value of the
// further label.
func (l *layout) split(head, tail []byte, values []string) (before, after []byte) {
	for i, lead := range l.lead {
		switch {
		case i < l.further:
			head = appendEscaped(append(head, lead...), values[i])
		case i == l.further:
			head = append(head, lead...)
		default:
			tail = appendEscaped(append(tail, lead...), values[i-1])
		}
	}
	return head, append(tail, l.tail...)
}

// pairs returns the same labels as protobuf types, without the further one.
func (l *layout) pairs(values []string) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(l.target)+len(l.own)+1)
	for _, label := range l.target {
		pairs = append(pairs, newPair(label.Name, label.Value))
	}
	for i, name := range l.own {
		pairs = append(pairs, newPair(name, values[i]))
	}
	return sortPairs(pairs)
}

func sortPairs(pairs []*dto.LabelPair) []*dto.LabelPair {
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	return pairs
}

func newPair(name, value string) *dto.LabelPair {
	value = validUTF8(value)
	return &dto.LabelPair{Name: &name, Value: &value}
}

func appendLabel(text []byte, label Label) []byte {
	text = append(append(text, label.Name...), `="`...)
	return append(appendEscaped(text, label.Value), '"')
}

// appendEscaped appends a label value as the text format wants it: backslash,
// quotation mark and line feed escaped, and no byte that is not UTF-8, for
// which Prometheus would drop the whole page.
//
// See https://prometheus.io/docs/instrumenting/exposition_formats/.
func appendEscaped(text []byte, value string) []byte {
	if isPlain(value) {
		return append(text, value...)
	}
	value = validUTF8(value)
	for {
		i := strings.IndexAny(value, "\\\"\n")
		if i < 0 {
			return append(text, value...)
		}
		text = append(append(text, value[:i]...), '\\')
		if value[i] == '\n' {
			text = append(text, 'n')
		} else {
			text = append(text, value[i])
		}
		value = value[i+1:]
	}
}

// isPlain reports whether a value stands on the page as it is.
func isPlain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c >= utf8.RuneSelf || c == '\\' || c == '"' || c == '\n' {
			return false
		}
	}
	return true
}

func validUTF8(value string) string { return strings.ToValidUTF8(value, "\uFFFD") }
