package metric

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// nativeSchema is the resolution of native histograms: each bound is 2^(1/4)
// of the one before it. It is the coarsest that tells apart the bounds usual
// for durations, 7.5 and 10 among them.
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

// addNative counts each bucket in the native bucket that holds its upper bound,
// and one without a bound in the bucket after the last. Nothing better is
// known; quantiles err upwards, by less than the width of the classic bucket.
//
// See https://prometheus.io/docs/specs/native_histograms/.
func (h *Histogram) addNative(histogram *dto.Histogram) {
	schema, zero, none := int32(nativeSchema), nativeZero, uint64(0)
	histogram.Schema, histogram.ZeroThreshold, histogram.ZeroCount = &schema, &zero, &none
	next, before, last := int32(0), int64(0), int32(0)
	for i, one := range h.Counts {
		index := last + 1
		if bound := h.Bounds[i]; !math.IsInf(bound, 1) {
			index = nativeIndex(bound)
		}
		last = index
		count := int64(one)
		if count == 0 {
			continue
		}
		spans := histogram.PositiveSpan
		switch n := len(spans); {
		case n > 0 && index < next: // two bounds in one native bucket
			histogram.PositiveDelta[len(histogram.PositiveDelta)-1] += count
			before += count
			continue
		case n > 0 && index == next:
			*spans[n-1].Length++
		default:
			offset, length := index-next, uint32(1)
			histogram.PositiveSpan = append(spans, &dto.BucketSpan{Offset: &offset, Length: &length})
		}
		histogram.PositiveDelta = append(histogram.PositiveDelta, count-before)
		next, before = index+1, count
	}
	if len(histogram.PositiveSpan) == 0 {
		// A span without buckets tells an empty native histogram from a
		// classic one.
		offset, length := int32(0), uint32(0)
		histogram.PositiveSpan = []*dto.BucketSpan{{Offset: &offset, Length: &length}}
	}
}

// nativeIndex returns the bucket whose upper bound is the first not below the
// value.
func nativeIndex(value float64) int32 {
	const rounding = 1e-9
	return int32(math.Ceil(math.Log2(value)*(1<<nativeSchema) - rounding))
}
