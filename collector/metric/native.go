package metric

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// nativeSchema is the resolution of native histograms: each bound is 2^(1/4)
// times the one before. It is the coarsest one that separates the usual bounds of
// durations, such as 7.5 and 10.
const nativeSchema = 2

// nativeZero is the width of the bucket around zero, as in client_golang.
const nativeZero = 0x1p-128

// dto returns the histogram in both forms, classic and native.
func (h *Histogram) dto() *dto.Histogram {
	sum, count := h.Sum, 0.0
	histogram := &dto.Histogram{SampleSum: &sum}
	for i, one := range h.Counts {
		count += one
		if bound := h.Bounds[i]; !math.IsInf(bound, 1) {
			cumulative := uint64(count)
			histogram.Bucket = append(histogram.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &cumulative})
		}
	}
	total := uint64(count)
	histogram.SampleCount = &total
	h.addNative(histogram)
	return histogram
}

// addNative adds the native buckets.
//
// See https://prometheus.io/docs/specs/native_histograms/.
func (h *Histogram) addNative(histogram *dto.Histogram) {
	native := &h.Native
	if !native.IsSet {
		native = h.derive()
	}
	zeroThreshold, zero := nativeZero, uint64(native.Zero)
	histogram.Schema, histogram.ZeroThreshold, histogram.ZeroCount = &native.Schema, &zeroThreshold, &zero
	next, before := int32(0), int64(0)
	for i, index := range native.Indexes {
		count := int64(native.Counts[i])
		if n := len(histogram.PositiveSpan); n > 0 && index == next {
			*histogram.PositiveSpan[n-1].Length++
		} else {
			offset, length := index-next, uint32(1)
			histogram.PositiveSpan = append(histogram.PositiveSpan, &dto.BucketSpan{Offset: &offset, Length: &length})
		}
		histogram.PositiveDelta = append(histogram.PositiveDelta, count-before)
		next, before = index+1, count
	}
	if len(histogram.PositiveSpan) == 0 {
		// A span without buckets distinguishes an empty native histogram from a
		// classic one.
		offset, length := int32(0), uint32(0)
		histogram.PositiveSpan = []*dto.BucketSpan{{Offset: &offset, Length: &length}}
	}
}

// derive adds each classic bucket to the native bucket of its upper bound, and the
// +Inf bucket to the one after the last; bounds up to 0 belong to the zero bucket.
// How observations spread within a bucket is unknown, so quantiles are too high by
// up to the width of a classic bucket.
func (h *Histogram) derive() *Native {
	native := &Native{Schema: nativeSchema}
	last := int32(0)
	for i, count := range h.Counts {
		index := last + 1
		bound := h.Bounds[i]
		if bound <= 0 {
			native.Zero += count
			continue
		}
		if !math.IsInf(bound, 1) {
			index = nativeIndex(bound)
		}
		last = index
		switch n := len(native.Indexes); {
		case count == 0:
		case n > 0 && native.Indexes[n-1] == index: // two bounds in one native bucket
			native.Counts[n-1] += count
		default:
			native.Indexes = append(native.Indexes, index)
			native.Counts = append(native.Counts, count)
		}
	}
	return native
}

// nativeIndex returns the bucket whose upper bound is the first not below the
// value.
func nativeIndex(value float64) int32 {
	const rounding = 1e-9
	return int32(math.Ceil(math.Log2(value)*(1<<nativeSchema) - rounding))
}
