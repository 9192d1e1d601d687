package accesslog

import (
	"math"
	"slices"

	"nginx-exporter/collector/metric"
)

// scale is what the histograms of one metric have in common. They count integers,
// such as milliseconds, and are exposed in the base unit of the metric.
type scale struct {
	unit   float64   // one integer in the base unit
	bounds []float64 // of the classic buckets, in the base unit
	limits []int64   // the same as integers, rounded down
	small  []int16   // native buckets of small integers
}

// smallIntegers is how many native buckets are computed once: for durations, those
// below about a second.
const smallIntegers = 1024

func newScale(unit float64, bounds []float64) *scale {
	const rounding = 1e-6 // bounds are usually multiples of the unit
	s := &scale{unit: unit, bounds: bounds}
	for _, bound := range bounds {
		s.limits = append(s.limits, int64(math.Floor(bound/unit+rounding)))
	}
	s.small = make([]int16, smallIntegers)
	for n := range s.small {
		s.small[n] = nativeIndex(float64(n) * unit)
	}
	return s
}

// histogram counts observations in classic and native buckets.
type histogram struct {
	sum     int64
	classic []uint64 // one per bound, and one for +Inf
	zero    uint64   // observations of 0
	native  []bucket // with observations, in ascending order
	schema  int8
}

// The resolution of native histograms: each bound is 2^(1/8) times the one before,
// until there are too many buckets. Then pairs of buckets are merged.
const (
	nativeSchema = 3
	maxNative    = 64
)

// bucket is a native bucket: its index in the upper 16 bits, and its count, which
// lets a histogram of usual durations have some 200 bytes.
type bucket uint64

const countBits = 48

func newBucket(index int16, count uint64) bucket {
	return bucket(uint64(uint16(index))<<countBits | count)
}

func (b bucket) index() int16  { return int16(b >> countBits) } //nolint:gosec // the upper 16 bits
func (b bucket) count() uint64 { return uint64(b) & (1<<countBits - 1) }

// nativeIndex returns the bucket of the highest resolution whose upper bound is
// the first not below the value. It is 0 for zero, which has its own bucket.
//
// See https://prometheus.io/docs/specs/native_histograms/.
func nativeIndex(v float64) int16 {
	if v <= 0 {
		return 0
	}
	const rounding = 1e-9
	return int16(math.Ceil(math.Log2(v)*(1<<nativeSchema) - rounding))
}

// observe counts a value that is not negative.
func (h *histogram) observe(s *scale, n int64) {
	h.sum += n
	if h.classic == nil {
		h.classic, h.schema = make([]uint64, len(s.limits)+1), nativeSchema
	}
	i := 0
	for i < len(s.limits) && n > s.limits[i] {
		i++
	}
	h.classic[i]++
	if n == 0 {
		h.zero++
		return
	}
	var index int16
	if n < smallIntegers {
		index = s.small[n]
	} else {
		index = nativeIndex(float64(n) * s.unit)
	}
	h.addNative(index)
}

// addNative counts an observation in a bucket of the highest resolution.
func (h *histogram) addNative(index int16) {
	for range nativeSchema - h.schema {
		index = coarser(index)
	}
	i := 0
	for i < len(h.native) && h.native[i].index() < index {
		i++
	}
	if i < len(h.native) && h.native[i].index() == index {
		h.native[i]++
		return
	}
	const growth = 4 // buckets; doubling would waste half of the memory
	if len(h.native) == cap(h.native) {
		h.native = append(make([]bucket, 0, len(h.native)+growth), h.native...)
	}
	h.native = slices.Insert(h.native, i, newBucket(index, 1))
	if len(h.native) > maxNative {
		h.merge()
	}
}

// coarser returns the index of the bucket that contains the bucket, at half the
// resolution.
func coarser(index int16) int16 { return (index + 1) >> 1 }

// merge halves the resolution.
func (h *histogram) merge() {
	h.schema--
	merged := h.native[:0]
	for _, b := range h.native {
		index := coarser(b.index())
		if n := len(merged); n > 0 && merged[n-1].index() == index {
			merged[n-1] += bucket(b.count())
			continue
		}
		merged = append(merged, newBucket(index, b.count()))
	}
	h.native = merged
}

// clone returns a copy.
func (h *histogram) clone() histogram {
	c := *h
	c.classic, c.native = slices.Clone(h.classic), slices.Clone(h.native)
	return c
}

// fill fills in a histogram of a metric.
func (h *histogram) fill(s *scale, to *metric.Histogram) {
	if h.classic == nil {
		return
	}
	to.Sum = float64(h.sum) * s.unit
	to.Bounds = append(to.Bounds, s.bounds...)
	for i, n := range h.classic {
		if i == len(s.bounds) {
			to.Bounds = append(to.Bounds, math.Inf(1))
		}
		to.Counts = append(to.Counts, float64(n))
	}
	to.Native.IsSet, to.Native.Schema, to.Native.Zero = true, int32(h.schema), float64(h.zero)
	for _, b := range h.native {
		to.Native.Indexes = append(to.Native.Indexes, int32(b.index()))
		to.Native.Counts = append(to.Native.Counts, float64(b.count()))
	}
}
