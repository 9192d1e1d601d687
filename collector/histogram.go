package collector

import (
	"math"
	"strconv"

	"nginx-exporter/client/plus"
)

// appendHistograms appends the classic form of a row's histograms: the buckets
// added up, with their bounds in seconds, then sum and count.
func (b *bound[T]) appendHistograms(page []byte, name string, r *row[T], from int) (text []byte, next int, more bool) {
	l := b.layouts.with[bucketLabel]
	var head, tail []byte
	var values []string
	for o := from; o < len(b.objects); o++ {
		if o > from && len(page) >= flushAt {
			return page, o, true
		}
		h := r.histogram(b.objects[o])
		if !h.Sound() {
			continue
		}
		values = b.table.own(values[:0], b.objects[o])
		head, tail = l.split(append(append(head[:0], name...), "_bucket"...), tail[:0], values)
		count := 0.0
		bucket := func(bound float64) {
			page = append(page, head...)
			page = appendBound(page, bound)
			page = append(append(page, tail...), ' ')
			page = append(appendNumber(page, count), '\n')
		}
		for i, one := range h.Counts {
			count += one
			bucket(h.Bounds[i] / millisecondsPerSecond)
		}
		if !h.Endless() {
			bucket(math.Inf(1))
		}
		page = appendSuffixed(page, name, "_sum", b.labels(o), h.Sum.Float()/millisecondsPerSecond)
		page = appendSuffixed(page, name, "_count", b.labels(o), count)
	}
	return page, len(b.objects), false
}

func appendSuffixed(page []byte, name, suffix string, labels []byte, v float64) []byte {
	page = append(append(append(page, name...), suffix...), labels...)
	return append(appendNumber(append(page, ' '), v), '\n')
}

// appendBound appends the bound of a bucket in seconds.
func appendBound(text []byte, bound float64) []byte {
	if math.IsInf(bound, 1) {
		return append(text, "+Inf"...)
	}
	return strconv.AppendFloat(text, bound, 'g', -1, 64)
}

// histogramLines counts the lines of a histogram.
func histogramLines(h *plus.Histogram) int {
	const sumAndCount = 2
	switch {
	case !h.Sound():
		return 0
	case h.Endless():
		return len(h.Counts) + sumAndCount
	default:
		return len(h.Counts) + 1 + sumAndCount
	}
}
