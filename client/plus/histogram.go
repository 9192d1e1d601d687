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

// Histogram is how long a server took to answer, from nginx 1.29.8 on.
type Histogram struct {
	Sum value.Value // milliseconds

	// Bounds are the upper ends of the buckets in milliseconds, in rising
	// order; the last one can be +Inf. Histograms of a document share them, so
	// they must not be changed.
	Bounds []float64

	// Counts are the answers of each bucket: above the bound of the bucket
	// before it and up to its own. They are not added up.
	Counts []float64

	mixed bool // it was merged of such that do not fit, and stays empty
}

// decode leaves out the member count, which may differ from the sum of the
// buckets: a histogram has to agree with itself. A bucket that makes no sense
// would make all those above it wrong, so it takes the histogram with it.
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

// maxBuckets bounds how many buckets a histogram may have. NGINX Plus has 15.
const maxBuckets = 256

// leastBound is the shortest time that a bucket can end at, in milliseconds.
const leastBound = 1e-6

// maxResponses is how many responses a histogram can count: up to there a float
// holds each number exactly.
const maxResponses = 1 << 53

func (h *Histogram) decodeBuckets(d *document.Reader, shared []float64) {
	h.Bounds, h.Counts = nil, nil
	buckets, sound := readBuckets(d)
	if !sound {
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

// readBuckets returns the buckets in rising order of their bounds, and false if
// one of them is invalid or there are too many.
func readBuckets(d *document.Reader) ([]bucket, bool) {
	buckets, sound, total := make([]bucket, 0, 16), true, 0.0
	for name := range d.Members() {
		bound, err := strconv.ParseFloat(string(name), 64)
		count := d.Count()
		total += count.Float()
		whole := count.Float() == math.Trunc(count.Float()) // false for NaN
		sound = sound && err == nil && bound >= leastBound && whole && total <= maxResponses && len(buckets) < maxBuckets
		if sound {
			buckets = append(buckets, bucket{bound, count.Float()})
		}
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for i := range buckets {
		sound = sound && (i == 0 || buckets[i-1].bound < buckets[i].bound)
	}
	return buckets, sound
}

// Sound reports whether the histogram can be shown.
func (h *Histogram) Sound() bool { return h != nil && len(h.Counts) > 0 && h.Sum.IsSet() }

// Endless reports whether the last bucket has no upper end.
func (h *Histogram) Endless() bool {
	return len(h.Bounds) > 0 && math.IsInf(h.Bounds[len(h.Bounds)-1], 1)
}
