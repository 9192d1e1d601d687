package collector

import (
	"io"
	"math"
	"strconv"

	"github.com/prometheus/common/expfmt"
)

// flushAt is how many bytes of a page are gathered before they are written.
const flushAt = 32 << 10

// exactIntegers is the range in which each float is one integer.
const exactIntegers = 1 << 53

// appendNumber appends a value as the text format wants it: whole numbers in
// digits, so that people can read them, others as short as they stay exact.
func appendNumber(text []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) <= exactIntegers {
		return strconv.AppendInt(text, int64(v), 10)
	}
	return strconv.AppendFloat(text, v, 'g', -1, 64)
}

// WriteText writes the page in the text format of Prometheus, version 0.0.4:
// family by family, sorted by name. It returns the error of the writer.
func (p *Page) WriteText(w io.Writer) error {
	buffer := p.collector.buffers.get()
	defer p.collector.buffers.put(buffer)
	text := *buffer
	for i := range p.collector.families {
		text = p.appendFamily(text, &p.collector.families[i])
		if len(text) >= flushAt {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
	}
	*buffer = text
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, family := range p.process {
		if _, err := expfmt.MetricFamilyToText(w, family); err != nil {
			return err
		}
	}
	return nil
}

// appendFamily appends the lines of a family, or nothing if it has no series.
func (p *Page) appendFamily(text []byte, f *family) []byte {
	start := len(text)
	text = append(text, f.head...)
	empty := len(text)
	for _, b := range p.blocks[f.table] {
		text = b.appendText(text, f.Name, f.row)
	}
	if len(text) == empty {
		return text[:start]
	}
	return text
}
