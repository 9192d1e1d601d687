package metric

import (
	"slices"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client/value"
)

// Batch collects the series of one source of one target.
type Batch struct {
	// Start is when the server started, in Unix seconds; 0 if that is unknown.
	// See [Table.SinceStart].
	Start float64

	// Duplicates counts series that were dropped because others have the same
	// labels. Invalid counts values that the source could not use, such as a
	// counter below zero.
	Duplicates, Invalid int

	// Cut counts label values that were too long.
	Cut int

	labels []Label
	blocks []block
}

// NewBatch returns an empty batch whose series have these labels besides their
// own. Names must be valid and unique.
func NewBatch(labels []Label) *Batch { return &Batch{labels: labels} }

// Add adds objects to the batch. The batch keeps them: they must not be changed
// later. An object with the same labels as an earlier one is dropped and counted.
func Add[T any](b *Batch, t *Table[T], objects ...T) {
	if len(objects) == 0 {
		return
	}
	target := b.labels
	if slices.ContainsFunc(t.rows, func(r Row[T]) bool { return r.histogram != nil }) {
		// A label le is reserved for the bounds of buckets.
		target = slices.DeleteFunc(slices.Clone(target), func(l Label) bool { return l.Name == bucketLabel })
	}
	added := &tableBlock[T]{table: t, target: target, objects: make([]labelled[T], 0, len(objects))}
	template := newLabelTemplate(target, t.labels, "")
	known := make(map[string]struct{}, len(objects))
	var text []byte
	for _, object := range objects {
		text = template.appendText(text[:0], object)
		if _, duplicate := known[string(text)]; duplicate {
			b.Duplicates += len(t.rows)
			continue
		}
		labels := string(text)
		known[labels] = struct{}{}
		added.objects = append(added.objects, labelled[T]{object, labels})
	}
	b.blocks = append(b.blocks, added)
	b.Cut += template.cut
}

// Value returns the value of a family's first series; it is absent if there is
// none.
func (b *Batch) Value(family string) value.Value {
	for _, block := range b.blocks {
		for row, f := range block.families() {
			if f.Name == family {
				return block.value(row)
			}
		}
	}
	return value.Value{}
}

// Limit returns a copy of the batch that ends before the first object that would
// exceed the limit of series, the number of its series, and how many series were
// dropped.
func (b *Batch) Limit(most int) (limited *Batch, series, dropped int) {
	copied := *b
	copied.blocks = nil
	for _, block := range b.blocks {
		kept, count, over := block.limit(most - series)
		copied.blocks = append(copied.blocks, kept)
		series += count
		dropped += over
	}
	return &copied, series, dropped
}

// block holds the objects of one table. It hides their type.
type block interface {
	families() []Family
	// id is the same for all blocks of a table.
	id() any
	// value returns the value of the first series of a row.
	value(row int) value.Value
	// each calls visit with every sample of a row.
	each(row int, visit func(*Sample))
	// writeText writes the series of a row.
	writeText(w *textWriter, row int)
	// appendMetrics appends the series of a row as protobuf types. Counters
	// were zero at start, in Unix seconds, if that is known and means them.
	appendMetrics(metrics []*dto.Metric, row int, start float64) []*dto.Metric
	// limit returns the block reduced to at most so many series, the number of
	// its series, and how many were dropped.
	limit(most int) (kept block, series, dropped int)
	// size is the number of objects.
	size() int
}

// tableBlock is the block of a table of objects of type T.
type tableBlock[T any] struct {
	table   *Table[T]
	target  []Label
	objects []labelled[T]
}

// labelled is an object and its label set as the text format writes it.
type labelled[T any] struct {
	object T
	labels string
}

func (b *tableBlock[T]) families() []Family { return b.table.families }

func (b *tableBlock[T]) id() any { return b.table }

func (b *tableBlock[T]) size() int { return len(b.objects) }

func (b *tableBlock[T]) value(row int) value.Value {
	r := &b.table.rows[row]
	if r.series == nil || len(b.objects) == 0 {
		return value.Value{}
	}
	series := r.series(nil, b.objects[0].object)
	if len(series) == 0 {
		return value.Value{}
	}
	return series[0].Value
}

func (b *tableBlock[T]) limit(most int) (kept block, series, dropped int) {
	cut := *b
	cut.objects = nil
	full := false
	var counter seriesCounter[T]
	for i := range b.objects {
		count := counter.count(b.table, b.objects[i].object)
		if full = full || series+count > most; full {
			dropped += count
			continue
		}
		series += count
		cut.objects = b.objects[:i+1]
	}
	return &cut, series, dropped
}

// seriesCounter counts the series of objects, one after another.
type seriesCounter[T any] struct {
	series    []Series
	histogram Histogram
}

func (c *seriesCounter[T]) count(t *Table[T], object T) int {
	count := 0
	for i := range t.rows {
		if r := &t.rows[i]; r.histogram != nil {
			c.histogram.reset()
			r.histogram(&c.histogram, object)
			count += c.histogram.series(r.kind)
		} else {
			c.series = r.series(c.series[:0], object)
			for _, s := range c.series {
				if s.Value.IsSet() {
					count++
				}
			}
		}
	}
	return count
}
