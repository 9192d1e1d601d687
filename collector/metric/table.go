package metric

import (
	"slices"
	"strings"

	"nginx-exporter/client/value"
)

// Row is one metric of objects of type T. It makes series, or a histogram, from
// an object.
//
// T should be a pointer: the compiler generates code once for all pointer types,
// and again for each struct type.
type Row[T any] struct {
	name string // the prefix of the table is added
	help string
	kind Kind

	// label is the extra label, which distinguishes the series of an object. It
	// is empty if an object has one series.
	label string
	// series appends the series of an object, including those without a value.
	series func(to []Series, object T) []Series
	// histogram fills in the histogram of an object, of which a summary has the sum
	// and the count. Such a row has no series.
	histogram func(to *Histogram, object T)
}

// Series is one series that a row makes from an object.
type Series struct {
	Label string      // value of the extra label, empty if the row has none
	Value value.Value // the series is not exposed if it is absent
}

// LabelledValue is a series with a fixed value of the extra label.
type LabelledValue[T any] struct {
	Label string
	Value func(T) value.Value
}

// Counter returns a row with one counter per object.
func Counter[T any](name, help string, get func(T) value.Value) Row[T] {
	return single(KindCounter, name, help, get)
}

// Gauge returns a row with one gauge per object.
func Gauge[T any](name, help string, get func(T) value.Value) Row[T] {
	return single(KindGauge, name, help, get)
}

// Info returns a row with a gauge that is always 1: the information is in the
// labels of the object.
func Info[T any](name, help string) Row[T] {
	return Gauge(name, help, func(T) value.Value { return value.Of(1) })
}

func single[T any](kind Kind, name, help string, get func(T) value.Value) Row[T] {
	return Row[T]{name: name, help: help, kind: kind, series: func(to []Series, object T) []Series {
		return append(to, Series{Value: get(object)})
	}}
}

// Labelled returns a series for [CounterVec].
func Labelled[T any](label string, get func(T) value.Value) LabelledValue[T] {
	return LabelledValue[T]{label, get}
}

// CounterVec returns a row with several counters per object, distinguished by the
// extra label.
func CounterVec[T any](name, help, label string, values ...LabelledValue[T]) Row[T] {
	return DynamicVec(KindCounter, name, help, label, func(to []Series, object T) []Series {
		for i := range values {
			to = append(to, Series{values[i].Label, values[i].Value(object)})
		}
		return to
	})
}

// DynamicVec returns a row whose label values come from the object. The
// function appends the series of an object; their labels must differ.
func DynamicVec[T any](kind Kind, name, help, label string, series func(to []Series, object T) []Series) Row[T] {
	return Row[T]{name: name, help: help, kind: kind, label: label, series: series}
}

// NewHistogram returns a row with one histogram per object. The function fills
// an empty one; a histogram that stays empty is not exposed.
func NewHistogram[T any](name, help string, fill func(to *Histogram, object T)) Row[T] {
	return Row[T]{name: name, help: help, kind: KindHistogram, label: bucketLabel, histogram: fill}
}

// NewSummary returns a row with the sum and the count of one histogram per object.
func NewSummary[T any](name, help string, fill func(to *Histogram, object T)) Row[T] {
	return Row[T]{name: name, help: help, kind: KindSummary, histogram: fill}
}

// Nested turns rows of a part of an object into rows of the object. If the part
// is nil, there are no series.
func Nested[T any, U comparable](part func(T) U, rows ...Row[U]) []Row[T] {
	var none U
	nested := make([]Row[T], len(rows))
	for i, r := range rows {
		nested[i] = Row[T]{name: r.name, help: r.help, kind: r.kind, label: r.label}
		if r.series != nil {
			nested[i].series = func(to []Series, object T) []Series {
				if inner := part(object); inner != none {
					return r.series(to, inner)
				}
				return to
			}
		}
		if r.histogram != nil {
			nested[i].histogram = func(to *Histogram, object T) {
				if inner := part(object); inner != none {
					r.histogram(to, inner)
				}
			}
		}
	}
	return nested
}

// Prefixed returns the rows with a prefix before their names.
func Prefixed[T any](prefix string, rows []Row[T]) []Row[T] {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].name = prefix + rows[i].name
	}
	return rows
}

// ObjectLabel is a label that distinguishes the objects of a table.
type ObjectLabel[T any] struct {
	name string
	get  func(T) string
}

// LabelFrom returns a label whose value comes from the object.
func LabelFrom[T any](name string, get func(T) string) ObjectLabel[T] {
	return ObjectLabel[T]{name, get}
}

// Table holds the metrics of one kind of object. It does not change.
type Table[T any] struct {
	rows       []Row[T]
	families   []Family         // one per row
	labels     []ObjectLabel[T] // sorted by name
	sinceStart bool
	created    func(T) float64 // nil unless CreatedAt was called
}

// NewTable returns a table whose metrics are read from origin, such as a path
// of an API. A table without labels is for the one object of its kind that a
// target has.
func NewTable[T any](origin, prefix string, rows []Row[T], labels ...ObjectLabel[T]) *Table[T] {
	t := &Table[T]{rows: rows, labels: slices.Clone(labels)}
	slices.SortFunc(t.labels, func(a, b ObjectLabel[T]) int { return strings.Compare(a.name, b.name) })
	for i := range rows {
		var names []string
		for _, label := range t.labels {
			names = append(names, label.name)
		}
		if label := rows[i].label; label != "" && label != bucketLabel {
			names = append(names, label)
			slices.Sort(names)
		}
		t.families = append(t.families, Family{
			Name: prefix + rows[i].name, Help: rows[i].help, Kind: rows[i].kind, Labels: names, Origin: origin,
		})
	}
	return t
}

// SinceStart declares that all counters of the table were zero when the server
// started, and returns the table. Protobuf has that created timestamp if
// [Batch.Start] is set.
func (t *Table[T]) SinceStart() *Table[T] {
	t.sinceStart = true
	return t
}

// CreatedAt declares when the counters and histograms of an object were zero, in
// Unix seconds, and returns the table. Protobuf has that created timestamp.
func (t *Table[T]) CreatedAt(created func(T) float64) *Table[T] {
	t.created = created
	return t
}

// Families describes the metrics of the table. The caller must not change
// them.
func (t *Table[T]) Families() []Family { return t.families }
