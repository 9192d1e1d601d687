package metric

import (
	"io"
	"slices"
	"strconv"

	"github.com/prometheus/common/expfmt"
)

// flushAt is how many bytes of text are gathered before they are written.
const flushAt = 64 << 10

// WriteText writes the exposition in the text format of Prometheus, version
// 0.0.4: family by family, sorted by name. It returns the error of the writer.
//
// See https://prometheus.io/docs/instrumenting/exposition_formats/.
func (e *Exposition) WriteText(to io.Writer) error {
	const usual = 8 << 10 // more than stub_status needs
	w := &textWriter{to: to, text: make([]byte, 0, usual)}
	family := ""
	for _, r := range e.rows() {
		if w.err != nil {
			return w.err
		}
		if r.family.Name != family {
			family, w.header = r.family.Name, r.family
		}
		for _, block := range *r.blocks {
			block.writeText(w, r.row)
		}
	}
	w.flush()
	for _, family := range e.gathered {
		if w.err == nil {
			_, w.err = expfmt.MetricFamilyToText(to, family)
		}
	}
	return w.err
}

// textWriter gathers lines and writes them in large pieces.
type textWriter struct {
	to     io.Writer
	text   []byte
	err    error   // of the first write that failed
	header *Family // of the family that begins; nil once it is written

	// Memory for the objects of a row, one after another.
	series    []Series
	histogram Histogram
	bounds    boundTexts
}

// line appends a line with the labels of an object, and before them the extra
// label if it has a name. The first line of a family gets the header of the
// family before it.
func (w *textWriter) line(name, suffix, extra, extraValue, labels string, value float64) {
	if w.header != nil {
		w.begin(w.header)
		w.header = nil
	}
	text := append(append(w.text, name...), suffix...)
	if extra != "" {
		text = append(append(append(text, '{'), extra...), `="`...)
		text = append(appendEscaped(text, extraValue), '"')
		if labels == "" {
			labels = "}"
		} else {
			text, labels = append(text, ','), labels[1:]
		}
	}
	text = append(append(text, labels...), ' ')
	w.text = append(appendNumber(text, value), '\n')
}

func (w *textWriter) begin(f *Family) {
	w.text = append(append(append(append(w.text, "# HELP "...), f.Name...), ' '), f.Help...)
	w.text = append(append(append(append(w.text, "\n# TYPE "...), f.Name...), ' '), f.Kind.String()...)
	w.text = append(w.text, '\n')
}

// flushIfLong writes the text if it has become long enough.
func (w *textWriter) flushIfLong() {
	if len(w.text) >= flushAt {
		w.flush()
	}
}

func (w *textWriter) flush() {
	if w.err == nil && len(w.text) > 0 {
		_, w.err = w.to.Write(w.text)
	}
	w.text = w.text[:0]
}

// exactIntegers is the range in which each float is one integer.
const exactIntegers = 1 << 53

// appendNumber appends a value: integers in digits, so that people can read
// them, others as short as they stay exact.
func appendNumber(text []byte, v float64) []byte {
	// Converting a float that is out of range is implementation-defined; the
	// comparisons reject the result.
	if n := int64(v); float64(n) == v && -exactIntegers <= n && n <= exactIntegers {
		return strconv.AppendInt(text, n, 10)
	}
	return strconv.AppendFloat(text, v, 'g', -1, 64)
}

func (b *tableBlock[T]) writeText(w *textWriter, row int) {
	r, name := &b.table.rows[row], b.table.families[row].Name
	remake := b.withoutLabel(r.label)
	for i := range b.objects {
		object, labels := b.objects[i].object, b.objects[i].labels
		if remake != nil {
			labels = remake(object)
		}
		if r.histogram != nil {
			w.histogram.reset()
			r.histogram(&w.histogram, object)
			w.histogramLines(name, labels)
		} else {
			w.series = r.series(w.series[:0], object)
			w.seriesLines(name, r.label, labels)
		}
		w.flushIfLong()
	}
}

func (w *textWriter) seriesLines(name, extra, labels string) {
	for _, s := range w.series {
		if s.Value.IsSet() {
			w.line(name, "", extra, s.Label, labels, s.Value.Float())
		}
	}
}

// withoutLabel returns what makes the label sets of objects without a label of
// the target. It is nil if the target has no such label.
func (b *tableBlock[T]) withoutLabel(name string) func(object T) string {
	if !slices.ContainsFunc(b.target, func(l Label) bool { return l.Name == name }) {
		return nil
	}
	template := newLabelTemplate(b.target, b.table.labels, name)
	return func(object T) string { return string(template.appendText(nil, object)) }
}

// histogramLines appends the classic form of the histogram: buckets that are
// added up, sum and count.
func (w *textWriter) histogramLines(name, labels string) {
	h := &w.histogram
	if len(h.Counts) == 0 {
		return
	}
	count := 0.0
	for i, bound := range w.bounds.of(h.Bounds) {
		count += h.Counts[i]
		w.line(name, "_bucket", bucketLabel, bound, labels, count)
	}
	if !h.hasInf() {
		w.line(name, "_bucket", bucketLabel, "+Inf", labels, count)
	}
	w.line(name, "_sum", "", "", labels, h.Sum)
	w.line(name, "_count", "", "", labels, count)
}
