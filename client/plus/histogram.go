package plus

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Histogram is the response time histogram of a server, since nginx 1.29.8.
type Histogram struct {
	Sum value.Value // milliseconds

	// Bounds are the upper bounds of the buckets in milliseconds, in ascending
	// order; the last one can be +Inf. Histograms of a document share them, so
	// they must not be changed.
	Bounds []float64

	// Counts are the responses in each bucket. They are not cumulative.
	Counts []float64

	mixed bool // bounds differed in Merge
}

// decode ignores the member count, which may differ from the sum of the buckets:
// the histogram must be consistent. It drops a histogram with an invalid bucket,
// which would make all buckets above it wrong.
func (h *Histogram) decode(d *document.Reader, bounds []float64) {
	for name := range d.Members() {
		switch string(name) {
		case "sum":
			h.Sum = d.Count()
		case "buckets":
			h.decodeBuckets(d, bounds)
		default:
			d.Skip()
		}
	}
}

type bucket struct{ bound, count float64 }

// maxBuckets bounds the buckets of a histogram. NGINX Plus has 15.
const maxBuckets = 256

// leastBound is the smallest valid bound, in milliseconds.
const leastBound = 1e-6

// maxResponses is the largest valid sum of the buckets: up to it a float holds
// each whole number exactly.
const maxResponses = 1 << 53

func (h *Histogram) decodeBuckets(d *document.Reader, shared []float64) {
	h.Bounds, h.Counts = nil, nil
	buckets, valid := readBuckets(d)
	if !valid {
		d.MarkInvalid()
		return
	}
	if len(buckets) == 0 {
		return
	}
	d.Charge(len(buckets) * int(unsafe.Sizeof(bucket{})))
	h.Bounds = shared
	if !slices.EqualFunc(shared, buckets, func(bound float64, b bucket) bool { return bound == b.bound }) {
		h.Bounds = make([]float64, len(buckets))
		for i := range buckets {
			h.Bounds[i] = buckets[i].bound
		}
	}
	h.Counts = make([]float64, len(buckets))
	for i := range buckets {
		h.Counts[i] = buckets[i].count
	}
}

// readBuckets returns the buckets in ascending order of their bounds, and false
// if one of them is invalid or there are too many.
func readBuckets(d *document.Reader) ([]bucket, bool) {
	buckets, valid, total := make([]bucket, 0, 16), true, 0.0
	for name := range d.Members() {
		bound, err := strconv.ParseFloat(string(name), 64)
		count := d.Count()
		total += count.Float()
		whole := count.Float() == math.Trunc(count.Float()) // false for NaN
		valid = valid && err == nil && bound >= leastBound && whole && total <= maxResponses && len(buckets) < maxBuckets
		if valid {
			buckets = append(buckets, bucket{bound, count.Float()})
		}
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for i := range buckets {
		valid = valid && (i == 0 || buckets[i-1].bound < buckets[i].bound)
	}
	return buckets, valid
}

// IsSet reports whether the histogram has buckets and a sum. It may be called on
// nil.
func (h *Histogram) IsSet() bool { return h != nil && len(h.Counts) > 0 && h.Sum.IsSet() }
