package collector

import (
	"slices"
)

// block holds the series of one table for one target, ready to be rendered.
// Nothing in it changes any more.
type block interface {
	// appendText appends lines of the table's row i to a page: those of the
	// objects beginning with number from, one at least, until the page is long
	// enough to be written. It returns the number of the object to go on with, and whether
	// there is one.
	appendText(page []byte, name string, i, from int) (text []byte, next int, more bool)
	// appendMetrics appends the same series as protobuf types. Counters began
	// at zero at created, in Unix seconds, if that is not 0.
	appendMetrics(metrics []*dtoMetric, i int, created float64) []*dtoMetric
	// series counts the series of the block.
	series() int
	// length is how many objects the block has.
	length() int
	// limit returns the block without the objects that would bring it above so
	// many series, and how many series they have.
	limit(most int) (block, int)
}

// bound are the objects of one kind that a target has.
type bound[T any] struct {
	table   *table[T]
	layouts *layouts
	objects []T
	// text holds the labels of all objects as they stand on the page, one
	// after another; those of object i end at ends[i]. Both are nil where only
	// one row would use them, for many objects.
	text []byte
	ends []uint32
}

// bind prepares the objects for rendering: labels are escaped once, for all
// rows. An object whose labels are there already is dropped and counted. The
// block keeps the objects, which must not change any more.
func (t *table[T]) bind(l *layouts, dropped *Dropped, objects ...T) block {
	b := &bound[T]{table: t, layouts: l, objects: make([]T, 0, len(objects))}
	once := len(objects) >= many && len(t.rows) == 1 && t.rows[0].value != nil
	before := b.labels
	if once {
		before = b.again()
	} else {
		b.ends = make([]uint32, 0, len(objects))
	}
	seen := newSeen(len(objects))
	var values []string
	for _, object := range objects {
		start := len(b.text)
		values = t.own(values[:0], object)
		b.text = l.plain.appendText(b.text, values)
		twice := seen.twice(b.text[start:], len(b.objects), before)
		if twice || once {
			b.text = b.text[:start]
		}
		if twice {
			dropped.Duplicate += float64(len(t.rows))
			continue
		}
		b.objects = append(b.objects, object)
		if !once {
			b.ends = append(b.ends, uint32(len(b.text))) // documents are bounded far below
			b.grow(len(objects))
		}
	}
	return b
}

// grow makes room for the labels of all objects once some have told how long
// they are: better one guess than a buffer that doubles again and again.
func (b *bound[T]) grow(objects int) {
	if len(b.ends) == sampled {
		const slack = 64
		whole := len(b.text) * objects / sampled
		b.text = slices.Grow(b.text, max(0, whole+whole/slack-len(b.text)))
	}
}

// again returns what makes the labels of an object once more.
func (b *bound[T]) again() func(o int) []byte {
	var values []string
	var text []byte
	return func(o int) []byte {
		values = b.table.own(values[:0], b.objects[o])
		text = b.layouts.plain.appendText(text[:0], values)
		return text
	}
}

// many is from how many objects on their labels are not worth being kept for one
// row.
const many = 256

// sampled is how many objects tell how long the labels of all will be.
const sampled = 64

func (b *bound[T]) appendText(page []byte, name string, i, from int) (text []byte, next int, more bool) {
	r := &b.table.rows[i]
	switch {
	case r.histogram != nil:
		return b.appendHistograms(page, name, r, from)
	case r.label != "":
		return b.appendParts(page, name, r, from)
	}
	var again func(o int) []byte
	if b.ends == nil {
		again = b.again()
	}
	for o := from; o < len(b.objects); o++ {
		if o > from && len(page) >= flushAt {
			return page, o, true
		}
		v := r.value(b.objects[o])
		if !v.IsSet() {
			continue
		}
		page = append(page, name...)
		if again == nil { // the usual case: no call through a function
			page = append(page, b.labels(o)...)
		} else {
			page = append(page, again(o)...)
		}
		if d := digit(v.Float()); d != 0 {
			page = append(page, ' ', d, '\n')
		} else {
			page = append(appendNumber(append(page, ' '), v.Float()), '\n')
		}
	}
	return page, len(b.objects), false
}

// labels returns the labels of an object as they stand on the page.
func (b *bound[T]) labels(o int) []byte {
	if o == 0 {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[o-1]:b.ends[o]]
}

// appendParts appends the series of a row with a further label. What stands
// before and after its value is the same for all series of an object.
func (b *bound[T]) appendParts(page []byte, name string, r *row[T], from int) (text []byte, next int, more bool) {
	l := b.layouts.with[r.label]
	var lines partLines
	var values []string
	var all []series
	for o := from; o < len(b.objects); o++ {
		if o > from && len(page) >= flushAt {
			return page, o, true
		}
		object := b.objects[o]
		if all = r.appendTo(all[:0], object); len(all) == 0 {
			continue
		}
		head, tail := append(lines.head[:0], name...), lines.tail[:0]
		if l.first != "" {
			lines.head, lines.tail = l.splice(head, tail, b.labels(o))
		} else {
			values = b.table.own(values[:0], object)
			lines.head, lines.tail = l.split(head, tail, values)
		}
		lines.tail = append(lines.tail, ' ')
		page = lines.appendTo(page, all)
	}
	return page, len(b.objects), false
}

func (b *bound[T]) appendMetrics(metrics []*dtoMetric, i int, created float64) []*dtoMetric {
	r := &b.table.rows[i]
	for _, object := range b.objects {
		own := b.table.own(nil, object)
		if r.histogram != nil {
			if h := r.histogram(object); h.Sound() {
				metrics = append(metrics, newHistogram(h, b.layouts.plain.pairs(own)))
			}
			continue
		}
		for _, s := range r.appendTo(nil, object) {
			if !s.value.IsSet() {
				continue
			}
			pairs := b.layouts.plain.pairs(own)
			if r.label != "" {
				pairs = sortPairs(append(b.layouts.with[r.label].pairs(own), newPair(r.label, s.label)))
			}
			metrics = append(metrics, newMetric(r.kind, s.value.Float(), pairs, created))
		}
	}
	return metrics
}

func (b *bound[T]) length() int { return len(b.objects) }

func (b *bound[T]) series() int {
	count := 0
	seriesOf := b.counter()
	for _, object := range b.objects {
		count += seriesOf(object)
	}
	return count
}

func (b *bound[T]) limit(most int) (block, int) {
	count := 0
	seriesOf := b.counter()
	for i, object := range b.objects {
		if count += seriesOf(object); count > most {
			cut := *b
			cut.objects = b.objects[:i]
			if b.ends != nil {
				cut.ends = b.ends[:i]
			}
			return &cut, b.series() - cut.series()
		}
	}
	return b, 0
}

// counter returns what counts the series of an object.
func (b *bound[T]) counter() func(object T) int {
	var all []series
	return func(object T) int {
		count := 0
		all = all[:0]
		for i := range b.table.rows {
			if r := &b.table.rows[i]; r.histogram != nil {
				count += histogramLines(r.histogram(object))
			} else {
				all = r.appendTo(all, object)
			}
		}
		for i := range all {
			if all[i].value.IsSet() {
				count++
			}
		}
		return count
	}
}
