package collector

import (
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
	return gauge(name, help, func(*T) client.Number { return 1 })
}

// table holds the metrics of one kind of object. Tables are made once and
// never change.
type table[T any] struct {
	source string
	prefix string
	rows   []row[T]

	// labels are the names of the object's own labels, sorted, and values
	// gives theirs in the same order. Both are empty where a target has only
	// one object of the kind.
	labels []string
	values func(object *T) []string
}

// anyTable is a table of whatever type.
type anyTable interface {
	descs() []Desc
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
	text    [][]byte // the labels of each object, as they stand on the page
}

// bind prepares the objects for rendering: labels are escaped once, for all
// rows. An object whose labels are there already is dropped and counted.
func (t *table[T]) bind(l *layout, dropped *Dropped, objects ...T) block {
	b := &bound[T]{table: t, layout: l, objects: make([]T, 0, len(objects)), text: make([][]byte, 0, len(objects))}
	var seen map[string]struct{}
	if len(objects) > 1 {
		seen = make(map[string]struct{}, len(objects))
	}
	for i := range objects {
		text := l.appendText(nil, t.own(&objects[i]))
		if _, twice := seen[string(text)]; twice {
			dropped.Duplicate += float64(len(t.rows))
			continue
		}
		if seen != nil {
			seen[string(text)] = struct{}{}
		}
		b.objects = append(b.objects, objects[i])
		b.text = append(b.text, text)
	}
	return b
}

// own returns the values of the object's own labels.
func (t *table[T]) own(object *T) []string {
	if t.values == nil {
		return nil
	}
	return t.values(object)
}

func (b *bound[T]) appendText(page []byte, name string, i int) []byte {
	value := b.table.rows[i].value
	for o := range b.objects {
		v := value(&b.objects[o])
		if !v.Known() {
			continue
		}
		page = append(page, name...)
		page = append(page, b.text[o]...)
		page = append(page, ' ')
		page = appendNumber(page, float64(v))
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
		metrics = append(metrics, newMetric(r.kind, float64(v), b.layout.pairs(b.table.own(&b.objects[o]))))
	}
	return metrics
}
