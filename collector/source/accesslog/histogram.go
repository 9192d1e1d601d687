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
	bounds []float64 // of the classic buckets in the base unit, with +Inf
	limits []int64   // the same as integers, rounded down, without +Inf

	native bool    // native buckets are counted as well
	small  []int16 // native buckets of small integers
}

// smallIntegers is how many native buckets are computed once: for durations, those
// below about a second.
const smallIntegers = 1024

func newScale(unit float64, bounds []float64, native bool) *scale {
	const rounding = 1e-6 // bounds are usually multiples of the unit
	s := &scale{unit: unit, bounds: append(slices.Clone(bounds), math.Inf(1)), native: native}
	for _, bound := range bounds {
		s.limits = append(s.limits, int64(math.Floor(bound/unit+rounding)))
	}
	s.small = make([]int16, smallIntegers)
	for n := range s.small {
		s.small[n] = nativeIndex(float64(n) * unit)
	}
	return s
}

// A histogram is a part of the counts of a set: the sum, the number of zeros, and
// the observations in each classic bucket. Native buckets are separate, since their
// number grows.
const (
	placeSum = iota
	placeZero
	placeClassic
)

// size is how many counts a histogram has.
func (s *scale) size() int { return placeClassic + len(s.bounds) }

// observe counts a value that is not negative.
func (s *scale) observe(counts []uint64, to *native, n int64) {
	counts[placeSum] += uint64(n)
	i := 0
	for i < len(s.limits) && n > s.limits[i] {
		i++
	}
	counts[placeClassic+i]++
	switch {
	case n == 0:
		counts[placeZero]++
	case !s.native:
	case n < smallIntegers:
		to.add(s.small[n])
	default:
		to.add(nativeIndex(float64(n) * s.unit))
	}
}

// fill fills in a histogram of a metric, nothing if there are no observations.
func (s *scale) fill(to *metric.Histogram, counts []uint64, from *native) {
	total := uint64(0)
	for _, n := range counts[placeClassic:s.size()] {
		total += n
		to.Counts = append(to.Counts, float64(n))
	}
	if total == 0 {
		to.Counts = to.Counts[:0]
		return
	}
	to.Sum = float64(counts[placeSum]) * s.unit
	to.Bounds = append(to.Bounds, s.bounds...)
	if !s.native {
		return
	}
	to.Native.IsSet, to.Native.Schema, to.Native.Zero = true, int32(nativeSchema-from.coarser), float64(counts[placeZero])
	for _, b := range from.buckets {
		to.Native.Indexes = append(to.Native.Indexes, int32(b.index()))
		to.Native.Counts = append(to.Native.Counts, float64(b.count()))
	}
}

// native are the native buckets of a histogram that have observations, in ascending
// order.
type native struct {
	buckets []bucket
	coarser int8 // how often the resolution was halved
}

// The resolution of native histograms: each bound is 2^(1/8) times the one before,
// until there are too many buckets. Then pairs of buckets are merged.
const (
	nativeSchema = 3
	maxNative    = 48
)

// bucket is a native bucket: its index in the upper 16 bits, and its count. So the
// buckets of usual durations need some 200 bytes.
type bucket uint64

const countBits = 48

func newBucket(index int16, count uint64) bucket {
	return bucket(uint64(uint16(index))<<countBits | count)
}

func (b bucket) index() int16  { return int16(b >> countBits) }
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

// add counts an observation in a bucket of the highest resolution.
func (n *native) add(index int16) {
	for range n.coarser {
		index = coarser(index)
	}
	i := 0
	for i < len(n.buckets) && n.buckets[i].index() < index {
		i++
	}
	if i < len(n.buckets) && n.buckets[i].index() == index {
		n.buckets[i]++
		return
	}
	if len(n.buckets) == cap(n.buckets) {
		const growth = 4 // buckets; doubling would waste memory
		n.buckets = append(make([]bucket, 0, len(n.buckets)+growth), n.buckets...)
	}
	n.buckets = slices.Insert(n.buckets, i, newBucket(index, 1))
	if len(n.buckets) > maxNative {
		n.merge()
	}
}

// coarser returns the index of the bucket that contains the bucket, at half the
// resolution.
func coarser(index int16) int16 { return (index + 1) >> 1 }

// merge halves the resolution.
func (n *native) merge() {
	n.coarser++
	merged := n.buckets[:0]
	for _, b := range n.buckets {
		index := coarser(b.index())
		if last := len(merged) - 1; last >= 0 && merged[last].index() == index {
			merged[last] += bucket(b.count())
			continue
		}
		merged = append(merged, newBucket(index, b.count()))
	}
	n.buckets = merged
}
