package metric

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// Label is a label that all series of a target have.
type Label struct {
	Name  string
	Value string
}

// labelTemplate makes the label sets of a table's objects: the labels of the
// target and those of the object, sorted by name.
type labelTemplate[T any] struct {
	names  []string
	values []string // those of the object are set by fill
	object []ObjectLabel[T]
	places []int // of the object's labels among the names
	cut    int   // values of objects that were longer than maxValue
}

// maxValue bounds a label value of an object, in bytes: each of its series
// repeats it.
const maxValue = 1 << 10

// shorten cuts a value that is longer than maxValue. A hash of the whole value
// keeps different values different.
func shorten(value string) string {
	const hashed = 8 // bytes
	hash := sha256.Sum256([]byte(value))
	end := maxValue - len("~") - hex.EncodedLen(hashed)
	for back := 0; back < utf8.UTFMax && !utf8.RuneStart(value[end]); back++ {
		end--
	}
	return value[:end] + "~" + hex.EncodeToString(hash[:hashed])
}

// newLabelTemplate merges the labels of a target with those of a table. A label
// of the object or the extra label takes precedence over a label of the target
// with the same name, since it distinguishes series.
func newLabelTemplate[T any](target []Label, object []ObjectLabel[T], extra string) *labelTemplate[T] {
	t := &labelTemplate[T]{object: object}
	merged := make([]Label, 0, len(target)+len(object))
	for _, label := range target {
		taken := slices.ContainsFunc(object, func(o ObjectLabel[T]) bool { return o.name == label.Name })
		if !taken && label.Name != extra {
			merged = append(merged, label)
		}
	}
	for _, o := range object {
		merged = append(merged, Label{Name: o.name})
	}
	slices.SortFunc(merged, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	for _, label := range merged {
		t.names = append(t.names, label.Name)
		t.values = append(t.values, label.Value)
	}
	for _, o := range object {
		t.places = append(t.places, slices.Index(t.names, o.name))
	}
	return t
}

// fill sets the values of an object's labels.
func (t *labelTemplate[T]) fill(object T) {
	for i := range t.object {
		value := t.object[i].get(object)
		if len(value) > maxValue {
			value = shorten(value)
			t.cut++
		}
		t.values[t.places[i]] = value
	}
}

// appendText appends the label set of an object as the text format writes it:
// in braces, or nothing if there are no labels.
func (t *labelTemplate[T]) appendText(text []byte, object T) []byte {
	t.fill(object)
	for i, name := range t.names {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		text = append(append(append(text, separator), name...), `="`...)
		text = append(appendEscaped(text, t.values[i]), '"')
	}
	if len(t.names) > 0 {
		text = append(text, '}')
	}
	return text
}

// pairs returns the label set of an object as protobuf types, with the extra
// label if its name is not empty.
func (t *labelTemplate[T]) pairs(object T, extra, value string) []*dto.LabelPair {
	t.fill(object)
	pairs := make([]*dto.LabelPair, 0, len(t.names)+1)
	for i, name := range t.names {
		pairs = append(pairs, newPair(name, t.values[i]))
	}
	if extra != "" {
		pairs = append(pairs, newPair(extra, value))
		slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	}
	return pairs
}

func newPair(name, value string) *dto.LabelPair {
	value = validUTF8(value)
	return &dto.LabelPair{Name: &name, Value: &value}
}

// appendEscaped appends a label value as the text format wants it: backslash,
// quotation mark and line feed escaped. Bytes that are not UTF-8 are replaced,
// since Prometheus rejects the whole exposition for one of them.
//
// See https://prometheus.io/docs/instrumenting/exposition_formats/.
func appendEscaped(text []byte, value string) []byte {
	if isPlain(value) {
		return append(text, value...)
	}
	for _, r := range validUTF8(value) {
		switch r {
		case '\\', '"':
			text = append(text, '\\', byte(r))
		case '\n':
			text = append(text, '\\', 'n')
		default:
			text = utf8.AppendRune(text, r)
		}
	}
	return text
}

// isPlain reports whether a value needs no escaping.
func isPlain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c >= utf8.RuneSelf || c == '\\' || c == '"' || c == '\n' {
			return false
		}
	}
	return true
}

func validUTF8(value string) string { return strings.ToValidUTF8(value, "\uFFFD") }
