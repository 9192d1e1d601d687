package collector

import (
	"bytes"
	"slices"

	"nginx-exporter/client"
)

// row is one metric of documents of type T.
type row[T any] struct {
	name  string // without the prefix of its table
	help  string
	kind  Kind
	value func(*T) client.Number
}

func counter[T any](name, help string, value func(*T) client.Number) row[T] {
	return row[T]{name: name, help: help, kind: Counter, value: value}
}

func gauge[T any](name, help string, value func(*T) client.Number) row[T] {
	return row[T]{name: name, help: help, kind: Gauge, value: value}
}

// info is a gauge that is always 1: what it says stands in its labels.
func info[T any](name, help string) row[T] {
	return gauge(name, help, func(*T) client.Number { return boolean(true) })
}

// table holds the metrics of one kind of object. Tables are made once and
// never change.
type table[T any] struct {
	source string
	prefix string
	rows   []row[T]

	// labels are the names of the object's own labels, sorted, and values
	// appends theirs in the same order. Both are empty where a target has only
	// one object of the kind.
	labels []string
	values func(values []string, object *T) []string

	index int // among all tables
}

// anyTable is a table of whatever type.
type anyTable interface {
	descs() []Desc
	number(index int)
	// layout places the labels of a target around those of the table.
	layout(target []Label) *layout
}

func (t *table[T]) descs() []Desc {
	descs := make([]Desc, len(t.rows))
	for i, r := range t.rows {
		descs[i] = Desc{Name: t.prefix + r.name, Help: r.help, Kind: r.kind, Labels: t.labels, Source: t.source}
	}
	return descs
}

func (t *table[T]) number(index int) { t.index = index }

func (t *table[T]) layout(target []Label) *layout { return newLayout(target, t.labels) }

// block holds the series of one table for one target, ready to be rendered.
// Nothing in it changes any more.
type block interface {
	// appendText appends the lines of the table's row i to a page.
	appendText(page []byte, name string, i int) []byte
	// appendMetrics appends the same series as protobuf types.
	appendMetrics(metrics []*dtoMetric, i int) []*dtoMetric
}

// bound are the objects of one kind that a target has.
type bound[T any] struct {
	table   *table[T]
	layout  *layout
	objects []T
	// text holds the labels of all objects as they stand on the page, one
	// after another; those of object i end at ends[i].
	text []byte
	ends []int
}

// bind prepares the objects for rendering: labels are escaped once, for all
// rows. An object whose labels are there already is dropped and counted. The
// block keeps the slice, which must not change any more.
func (t *table[T]) bind(l *layout, dropped *Dropped, objects ...T) block {
	b := &bound[T]{table: t, layout: l, objects: objects, ends: make([]int, 0, len(objects))}
	var values []string
	for i := 0; i < len(b.objects); {
		start := len(b.text)
		values = t.own(values[:0], &b.objects[i])
		b.text = l.appendText(b.text, values)
		if b.has(b.text[start:]) {
			b.text = b.text[:start]
			b.objects = slices.Delete(slices.Clone(b.objects), i, i+1)
			dropped.Duplicate += float64(len(t.rows))
			continue
		}
		b.ends = append(b.ends, len(b.text))
		i++
	}
	return b
}

// has reports whether an object with these labels is bound already. Objects
// are few here: sources, reasons.
func (b *bound[T]) has(text []byte) bool {
	start := 0
	for _, end := range b.ends {
		if bytes.Equal(b.text[start:end], text) {
			return true
		}
		start = end
	}
	return false
}

// own appends the values of the object's own labels.
func (t *table[T]) own(values []string, object *T) []string {
	if t.values == nil {
		return values
	}
	return t.values(values, object)
}

func (b *bound[T]) appendText(page []byte, name string, i int) []byte {
	value, start := b.table.rows[i].value, 0
	for o, end := range b.ends {
		labels := b.text[start:end]
		start = end
		v := value(&b.objects[o])
		if !v.Known() {
			continue
		}
		page = append(page, name...)
		page = append(page, labels...)
		page = append(page, ' ')
		page = appendNumber(page, v.Float())
		page = append(page, '\n')
	}
	return page
}

func (b *bound[T]) appendMetrics(metrics []*dtoMetric, i int) []*dtoMetric {
	r := b.table.rows[i]
	for o := range b.objects {
		v := r.value(&b.objects[o])
		if !v.Known() {
			continue
		}
		own := b.table.own(nil, &b.objects[o])
		metrics = append(metrics, newMetric(r.kind, v.Float(), b.layout.pairs(own)))
	}
	return metrics
}
