package collector

import (
	"slices"

	"nginx-exporter/client"
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
		if !v.Known() {
			continue
		}
		page = append(page, name...)
		if again == nil { // the usual case: no call through a function
			page = append(page, b.labels(o)...)
		} else {
			page = append(page, again(o)...)
		}
		page = append(appendNumber(append(page, ' '), v.Float()), '\n')
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
	lines := &partLines{page: page}
	series := lines.add
	part := series
	if !slices.ContainsFunc(r.parts, func(p labelled[T]) bool { return !isPlain(p.label) }) {
		part = lines.addPlain // looked at once, not for each object
	}
	var values []string
	for o := from; o < len(b.objects); o++ {
		if o > from && len(lines.page) >= flushAt {
			return lines.page, o, true
		}
		object := b.objects[o]
		head, tail := append(lines.head[:0], name...), lines.tail[:0]
		if l.first != "" {
			lines.head, lines.tail = l.splice(head, tail, b.labels(o))
		} else {
			values = b.table.own(values[:0], object)
			lines.head, lines.tail = l.split(head, tail, values)
		}
		lines.tail = append(lines.tail, ' ')
		for i := range r.parts {
			if v := r.parts[i].value(object); v.Known() {
				part(r.parts[i].label, v)
			}
		}
		if r.each != nil {
			r.each(object, series)
		}
	}
	return lines.page, len(b.objects), false
}

// partLines appends the series of one object and row that a further label tells
// apart.
type partLines struct {
	page       []byte
	head, tail []byte // before and after the value of the further label, with the blank at the end
}

// add appends a series whose label comes from a document.
func (p *partLines) add(label string, v client.Number) {
	switch {
	case !v.Known():
	case isPlain(label):
		p.addPlain(label, v)
	default:
		p.page = appendEscaped(append(p.page, p.head...), label)
		p.end(append(p.page, p.tail...), v.Float())
	}
}

// addPlain appends a series whose label stands on the page as it is.
func (p *partLines) addPlain(label string, v client.Number) {
	p.end(append(append(append(p.page, p.head...), label...), p.tail...), v.Float())
}

// end appends the value of a line.
func (p *partLines) end(page []byte, v float64) {
	if v >= 0 && v <= 9 && v == float64(byte(v)) { // most figures of most servers
		p.page = append(page, '0'+byte(v), '\n')
		return
	}
	p.page = append(appendNumber(page, v), '\n')
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
		r.visit(object, func(label string, v client.Number) {
			pairs := b.layouts.plain.pairs(own)
			if r.label != "" {
				pairs = sortPairs(append(b.layouts.with[r.label].pairs(own), newPair(r.label, label)))
			}
			metrics = append(metrics, newMetric(r.kind, v.Float(), pairs, created))
		})
	}
	return metrics
}

// visit calls series for each series that the row makes of an object, with the
// value of the further label if it has one.
func (r *row[T]) visit(object T, series func(label string, v client.Number)) {
	known := func(label string, v client.Number) {
		if v.Known() {
			series(label, v)
		}
	}
	if r.value != nil {
		known("", r.value(object))
	}
	for i := range r.parts {
		known(r.parts[i].label, r.parts[i].value(object))
	}
	if r.each != nil {
		r.each(object, known)
	}
}

func (b *bound[T]) length() int { return len(b.objects) }

func (b *bound[T]) series() int {
	count := 0
	for _, object := range b.objects {
		count += b.seriesOf(object)
	}
	return count
}

func (b *bound[T]) limit(most int) (block, int) {
	count := 0
	for i, object := range b.objects {
		if count += b.seriesOf(object); count > most {
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

// seriesOf counts the series of an object.
func (b *bound[T]) seriesOf(object T) int {
	count := 0
	for i := range b.table.rows {
		r := &b.table.rows[i]
		if r.histogram == nil {
			r.visit(object, func(string, client.Number) { count++ })
			continue
		}
		if h := r.histogram(object); h.Sound() {
			count += len(h.Counts) + 2 // sum and count
			if !h.Endless() {
				count++
			}
		}
	}
	return count
}
