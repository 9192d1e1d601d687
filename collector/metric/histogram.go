package metric

import (
	"math"
	"slices"
	"strconv"
)

// bucketLabel is the extra label of a histogram.
const bucketLabel = "le"

// Histogram counts observations in buckets, in the unit of its metric.
type Histogram struct {
	Sum float64

	// Bounds are the upper bounds of the buckets in ascending order. The last
	// one may be +Inf; otherwise a bucket with that bound is added.
	Bounds []float64

	// Counts are the observations in each bucket; they are not cumulative. A
	// histogram without counts is empty.
	Counts []float64

	// Native are the native buckets. If there are none, they are derived from the
	// others.
	Native Native
}

// Native are the buckets of a native histogram with observations that are not
// negative.
//
// See https://prometheus.io/docs/specs/native_histograms/.
type Native struct {
	// IsSet says that the histogram has native buckets, even if all are empty.
	IsSet bool

	Schema  int32     // each bound is 2^(2^-Schema) times the one before
	Zero    float64   // observations of 0
	Indexes []int32   // of the buckets that are not empty, in ascending order
	Counts  []float64 // observations in each of them
}

// reset empties the histogram and keeps its memory.
func (h *Histogram) reset() {
	native := Native{Indexes: h.Native.Indexes[:0], Counts: h.Native.Counts[:0]}
	*h = Histogram{Bounds: h.Bounds[:0], Counts: h.Counts[:0], Native: native}
}

// series returns how many series the histogram has in the text format.
func (h *Histogram) series(kind Kind) int {
	const sumAndCount = 2
	switch {
	case len(h.Counts) == 0:
		return 0
	case kind == KindSummary:
		return sumAndCount
	case h.hasInf():
		return len(h.Counts) + sumAndCount
	default:
		return len(h.Counts) + 1 + sumAndCount
	}
}

func (h *Histogram) hasInf() bool {
	return len(h.Bounds) > 0 && math.IsInf(h.Bounds[len(h.Bounds)-1], 1)
}

// boundTexts caches the bounds of a histogram as label values: histograms of one
// family mostly have the same bounds.
type boundTexts struct {
	bounds []float64
	texts  []string
}

func (b *boundTexts) of(bounds []float64) []string {
	if slices.Equal(b.bounds, bounds) {
		return b.texts
	}
	b.bounds, b.texts = slices.Clone(bounds), nil
	for _, bound := range bounds {
		b.texts = append(b.texts, strconv.FormatFloat(bound, 'g', -1, 64)) // +Inf as Prometheus writes it
	}
	return b.texts
}
