package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// row is one metric of objects of type T. It has a value, or parts or each
// where a further label tells its series apart, or a histogram.
//
// T is always a pointer: the compiler makes one copy of the code for all of
// them, where structures would get one each.
type row[T any] struct {
	name  string // without the prefix of its table
	help  string
	kind  Kind
	value func(T) value.Value

	label string                               // the further label
	parts []labelled[T]                        // its values are known
	each  func(to []series, object T) []series // appends; the document tells them

	histogram func(T) *plus.Histogram
}

// labelled is one series of a row with a further label.
type labelled[T any] struct {
	label string // the value of the label
	plain bool   // it stands on the page as it is
	value func(T) value.Value
}

// series is one series of a row and an object.
type series struct {
	label string // the value of the further label, if the row has one
	value value.Value
	plain bool // the label is known to stand on the page as it is: see isPlain
}

func counter[T any](name, help string, value func(T) value.Value) row[T] {
	return row[T]{name: name, help: help, kind: Counter, value: value}
}

func gauge[T any](name, help string, value func(T) value.Value) row[T] {
	return row[T]{name: name, help: help, kind: Gauge, value: value}
}

// info is a gauge that is always 1: what it says stands in its labels.
func info[T any](name, help string) row[T] {
	return gauge(name, help, func(T) value.Value { return boolean(true) })
}

// one makes a series of the rows that by makes.
func one[T any](label string, value func(T) value.Value) labelled[T] {
	return labelled[T]{label, isPlain(label), value}
}

// by makes a row of parts.
func by[T any](kind Kind, name, help, label string, parts ...labelled[T]) row[T] {
	return row[T]{name: name, help: help, kind: kind, label: label, parts: parts}
}

// each makes a row whose series the document names.
func each[T any](kind Kind, name, help, label string, appendTo func([]series, T) []series) row[T] {
	return row[T]{name: name, help: help, kind: kind, label: label, each: appendTo}
}

// lift makes rows of a part of an object into rows of the object. The part can
// be nil: then it has no series.
func lift[T any, U comparable](of func(T) U, rows ...row[U]) []row[T] {
	var none U
	value := func(get func(U) value.Value) func(T) value.Value {
		return func(object T) value.Value {
			if inner := of(object); inner != none {
				return get(inner)
			}
			return value.Value{}
		}
	}
	lifted := make([]row[T], len(rows))
	for i, r := range rows {
		lifted[i] = row[T]{name: r.name, help: r.help, kind: r.kind, label: r.label}
		if r.value != nil {
			lifted[i].value = value(r.value)
		}
		for _, p := range r.parts {
			lifted[i].parts = append(lifted[i].parts, labelled[T]{p.label, p.plain, value(p.value)})
		}
		if r.each != nil {
			lifted[i].each = func(to []series, object T) []series {
				if inner := of(object); inner != none {
					return r.each(to, inner)
				}
				return to
			}
		}
	}
	return lifted
}

// appendTo appends the series that the row makes of an object, among them such
// without a value, which are left out everywhere. It is not for histograms.
func (r *row[T]) appendTo(to []series, object T) []series {
	if r.value != nil {
		to = append(to, series{value: r.value(object)})
	}
	for i := range r.parts {
		to = append(to, series{r.parts[i].label, r.parts[i].value(object), r.parts[i].plain})
	}
	if r.each != nil {
		to = r.each(to, object)
	}
	return to
}

// prefixed puts a prefix before the names of rows.
func prefixed[T any](prefix string, rows []row[T]) []row[T] {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].name = prefix + rows[i].name
	}
	return rows
}

// table holds the metrics of one kind of object. Tables are made once and
// never change.
type table[T any] struct {
	tableHead
	source string
	prefix string
	rows   []row[T]

	// labels are the names of the object's own labels, sorted, and values
	// appends theirs in the same order. Both are empty where a target has only
	// one object of the kind.
	labels []string
	values func(values []string, object T) []string
}

// tableHead is what matters of a table once it is bound.
type tableHead struct {
	index int // among all tables
	// sinceStart is true where all counters begin at zero when nginx starts.
	sinceStart bool
}

func (t *tableHead) number(index int) { t.index = index }

// anyTable is a table of whatever type.
type anyTable interface {
	descs() []Desc
	number(index int)
	// layouts places the labels of a target around those of the table.
	layouts(target []Label) *layouts
}

func (t *table[T]) descs() []Desc {
	descs := make([]Desc, len(t.rows))
	for i, r := range t.rows {
		labels := t.labels
		if r.label != "" {
			labels = slices.Sorted(slices.Values(append(slices.Clone(labels), r.label)))
		}
		descs[i] = Desc{Name: t.prefix + r.name, Help: r.help, Kind: r.kind, Labels: labels, Source: t.source}
	}
	return descs
}

// layouts are how the labels of a table's rows stand for one target.
type layouts struct {
	plain *layout
	// with has the layouts of rows with a further label, by its name.
	with map[string]*layout
}

// bucketLabel is the further label of a histogram.
const bucketLabel = "le"

func (t *table[T]) layouts(target []Label) *layouts {
	if slices.ContainsFunc(t.rows, func(r row[T]) bool { return r.histogram != nil }) {
		// On sum and count it would be taken for the bound of a bucket.
		target = slices.DeleteFunc(slices.Clone(target), func(l Label) bool { return l.Name == bucketLabel })
	}
	l := &layouts{plain: newLayout(target, t.labels, ""), with: map[string]*layout{}}
	for _, r := range t.rows {
		if r.histogram != nil {
			l.with[bucketLabel] = newLayout(target, t.labels, bucketLabel)
		}
		if r.label != "" {
			l.with[r.label] = newLayout(target, t.labels, r.label)
		}
	}
	return l
}

// own appends the values of the object's own labels.
func (t *table[T]) own(values []string, object T) []string {
	if t.values == nil {
		return values
	}
	return t.values(values, object)
}
