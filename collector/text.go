package collector

import (
	"io"
	"strconv"

	"github.com/prometheus/common/expfmt"
)

// flushAt is how many bytes of a page are gathered before they are written. Each
// write wakes the scraper, which has taken it all before the next one comes if
// that is small; what is gathered should stay in the cache of a processor.
const flushAt = 512 << 10

// exactIntegers is the range in which each float is one integer.
const exactIntegers = 1 << 53

// appendNumber appends a value as the text format wants it: whole numbers in
// digits, so that people can read them, others as short as they stay exact.
func appendNumber(text []byte, v float64) []byte {
	// What is no integer does not survive the way there and back. What is none of
	// 64 bits may, but is out of the range.
	if n := int64(v); float64(n) == v && -exactIntegers <= n && n <= exactIntegers {
		return strconv.AppendInt(text, n, 10)
	}
	return strconv.AppendFloat(text, v, 'g', -1, 64)
}

// digit returns the one digit that stands for a value, 0 if that takes more.
// Most figures of most objects are so small, and callers inline this.
func digit(v float64) byte {
	// What fits into no byte may become any, but none that is as large again.
	if n := byte(v); n <= 9 && float64(n) == v {
		return '0' + n
	}
	return 0
}

// WriteText writes the page in the text format of Prometheus, version 0.0.4:
// family by family, sorted by name. It returns the error of the writer.
func (p *Page) WriteText(w io.Writer) error {
	buffer := p.collector.buffers.get()
	defer p.collector.buffers.put(buffer)
	text := *buffer
	var err error
	for i := range p.collector.families {
		if text, err = p.writeFamily(w, text, &p.collector.families[i]); err != nil {
			return err
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

// writeFamily appends the lines of a family to the text, or nothing if it has
// no series, and writes out what has become long enough.
func (p *Page) writeFamily(w io.Writer, text []byte, f *family) ([]byte, error) {
	if len(p.blocks[f.table]) == 0 {
		return text, nil // most families are of objects that this nginx does not have
	}
	start := len(text)
	text = append(text, f.head...)
	empty := len(text)
	for _, b := range p.blocks[f.table] {
		for next, more := 0, true; more; {
			text, next, more = b.block.appendText(text, f.Name, f.row, next)
			if len(text) < flushAt || len(text) == empty {
				continue
			}
			if _, err := w.Write(text); err != nil {
				return text, err
			}
			text, start, empty = text[:0], 0, -1
		}
	}
	if len(text) == empty {
		return text[:start], nil
	}
	return text, nil
}
