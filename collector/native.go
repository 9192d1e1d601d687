package collector

import (
	"math"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client/plus"
)

// nativeSchema is the resolution of native histograms: each bound is 2^(1/4)
// of the one before it. That is the coarsest at which all bounds of the API,
// 7.5 s and 10 s among them, have a bucket of their own.
const nativeSchema = 2

// nativeZero is the width of the bucket around zero, client_golang's own.
const nativeZero = 0x1p-128

// newHistogram returns a histogram in seconds in both forms, classic and
// native. The API counts answers per bucket and in milliseconds, Prometheus
// adds up and counts in seconds.
func newHistogram(h *plus.Histogram, pairs []*dto.LabelPair) *dtoMetric {
	sum, count := h.Sum.Float()/millisecondsPerSecond, 0.0
	histogram := &dto.Histogram{SampleSum: &sum}
	for i, one := range h.Counts {
		count += one
		if bound := h.Bounds[i] / millisecondsPerSecond; !math.IsInf(bound, 1) {
			cumulative := uint64(count)
			histogram.Bucket = append(histogram.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &cumulative})
		}
	}
	total := uint64(count)
	histogram.SampleCount = &total
	addNative(histogram, h)
	return &dto.Metric{Label: pairs, Histogram: histogram}
}

// addNative counts each bucket of the API in the native bucket that holds its
// upper bound, and what has none in the one after the last. Nothing better is
// known; quantiles err upwards, by less than the width of the API's bucket.
func addNative(histogram *dto.Histogram, h *plus.Histogram) {
	schema, zero, none := int32(nativeSchema), nativeZero, uint64(0)
	histogram.Schema, histogram.ZeroThreshold, histogram.ZeroCount = &schema, &zero, &none
	next, before := int32(0), int64(0)
	last := int32(0)
	for i, one := range h.Counts {
		index := last + 1
		if bound := h.Bounds[i] / millisecondsPerSecond; !math.IsInf(bound, 1) {
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
		// What tells an empty native histogram from a classic one.
		offset, length := int32(0), uint32(0)
		histogram.PositiveSpan = []*dto.BucketSpan{{Offset: &offset, Length: &length}}
	}
}

// nativeIndex returns the bucket whose upper bound is the first not below the
// value.
func nativeIndex(value float64) int32 {
	return int32(math.Ceil(math.Log2(value)*(1<<nativeSchema) - 1e-9))
}
