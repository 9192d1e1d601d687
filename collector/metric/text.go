package metric

import (
	"io"
	"slices"
	"strconv"

	"github.com/prometheus/common/expfmt"
)

// flushAt is how many bytes of text are buffered before they are written.
const flushAt = 64 << 10

// WriteText writes the exposition in the text format of Prometheus, version
// 0.0.4: family by family, sorted by name. It returns the error of the writer.
//
// See https://prometheus.io/docs/instrumenting/exposition_formats/.
func (e *Exposition) WriteText(to io.Writer) error {
	// Estimated sizes in bytes, so that the buffer rarely grows.
	const headers, row, object = 2 << 10, 256, 8 << 10
	w := &textWriter{to: to, text: make([]byte, 0, min(headers+row*e.Rows(), flushAt+object))}
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

// textWriter buffers lines and writes them in large pieces.
type textWriter struct {
	to     io.Writer
	text   []byte
	err    error   // of the first write that failed
	header *Family // of the family that begins; nil once it is written

	// Reused for each object of a row.
	series    []Series
	histogram Histogram
	bounds    boundTexts
}

// line appends a line with the labels of an object.
func (w *textWriter) line(name, labels string, value float64) {
	w.begin()
	w.text = append(append(w.text, name...), labels...)
	w.end(value)
}

// extraLine appends a line with an extra label before the labels of an object.
// The prefix is what comes before the value of that label.
func (w *textWriter) extraLine(prefix, extra, labels string, value float64) {
	w.begin()
	text := appendEscaped(append(w.text, prefix...), extra)
	if labels == "" {
		w.text = append(text, `"}`...)
	} else {
		w.text = append(append(text, `",`...), labels[1:]...)
	}
	w.end(value)
}

// extraPrefix returns the prefix for extraLine.
func extraPrefix(name, label string) string { return name + "{" + label + `="` }

// begin writes the header of the family before its first line.
func (w *textWriter) begin() {
	f := w.header
	if f == nil {
		return
	}
	w.header = nil
	w.text = append(append(append(append(w.text, "# HELP "...), f.Name...), ' '), f.Help...)
	w.text = append(append(append(append(w.text, "\n# TYPE "...), f.Name...), ' '), f.Kind.String()...)
	w.text = append(w.text, '\n')
}

func (w *textWriter) end(value float64) {
	w.text = append(appendNumber(append(w.text, ' '), value), '\n')
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

// appendNumber appends a value: integers without an exponent, for readability,
// others in the shortest form that is exact.
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
	write := w.seriesWriter(name, r.label)
	if r.histogram != nil {
		write = w.histogramWriter(name, r.kind)
	}
	for i := range b.objects {
		object, labels := b.objects[i].object, b.objects[i].labels
		if remake != nil {
			labels = remake(object)
		}
		if r.histogram != nil {
			w.histogram.reset()
			r.histogram(&w.histogram, object)
		} else {
			w.series = r.series(w.series[:0], object)
		}
		write(labels)
		w.flushIfLong()
	}
}

// seriesWriter returns a function that writes the series of an object with its
// labels.
func (w *textWriter) seriesWriter(name, extra string) func(labels string) {
	prefix := extraPrefix(name, extra)
	return func(labels string) {
		for _, s := range w.series {
			switch {
			case !s.Value.IsSet():
			case extra == "":
				w.line(name, labels, s.Value.Float())
			default:
				w.extraLine(prefix, s.Label, labels, s.Value.Float())
			}
		}
	}
}

// withoutLabel returns a function that makes the label sets of objects without a
// label of the target. It is nil if the target has no such label.
func (b *tableBlock[T]) withoutLabel(name string) func(object T) string {
	if !slices.ContainsFunc(b.target, func(l Label) bool { return l.Name == name }) {
		return nil
	}
	template := newLabelTemplate(b.target, b.table.labels, name)
	return func(object T) string { return string(template.appendText(nil, object)) }
}

// histogramWriter returns a function that writes the classic form of an object's
// histogram: cumulative buckets, sum and count. A summary has no buckets.
func (w *textWriter) histogramWriter(name string, kind Kind) func(labels string) {
	prefix, sum, total := extraPrefix(name+"_bucket", bucketLabel), name+"_sum", name+"_count"
	return func(labels string) {
		h := &w.histogram
		if len(h.Counts) == 0 {
			return
		}
		count := 0.0
		for i, bound := range w.bounds.of(h.Bounds) {
			if count += h.Counts[i]; kind == KindHistogram {
				w.extraLine(prefix, bound, labels, count)
			}
		}
		if !h.hasInf() && kind == KindHistogram {
			w.extraLine(prefix, "+Inf", labels, count)
		}
		w.line(sum, labels, h.Sum)
		w.line(total, labels, count)
	}
}
