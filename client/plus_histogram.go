package client

import (
	"math"
	"slices"
	"sort"
	"strconv"

	"nginx-exporter/client/value"
)

// PlusHistogram is how long a server took to answer, from nginx 1.29.8 on.
type PlusHistogram struct {
	Sum value.Value // milliseconds

	// Bounds are the upper ends of the buckets in milliseconds, in rising
	// order; the last one can be +Inf. Histograms of a document share them, so
	// nobody may change them.
	Bounds []float64

	// Counts are the answers of each bucket: above the bound of the bucket
	// before it and up to its own. They are not added up.
	Counts []float64

	mixed bool // it was merged of such that do not fit, and stays empty
}

// decode leaves out the member count, which may differ from the sum of the
// buckets: a histogram has to agree with itself. A bucket that makes no sense
// would make all those above it wrong, so it takes the histogram with it.
func (h *PlusHistogram) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "sum":
			h.Sum = s.count()
		case "buckets":
			h.decodeBuckets(s)
		default:
			s.skip()
		}
	}
}

type plusBucket struct{ bound, count float64 }

// maxBuckets bounds how many buckets a histogram may have. NGINX Plus has 15.
const maxBuckets = 256

// leastBound is the shortest time that a bucket can end at, in milliseconds.
const leastBound = 1e-6

// maxAnswers is how many answers a histogram can count: up to there a float
// holds each number exactly.
const maxAnswers = 1 << 53

func (h *PlusHistogram) decodeBuckets(s *scanner) {
	buckets, sound, sorted, total := make([]plusBucket, 0, 16), true, true, 0.0
	for name := range s.members() {
		bound, err := strconv.ParseFloat(string(name), 64)
		count := s.count()
		total += count.Float()
		whole := count.Float() == math.Trunc(count.Float()) // false for NaN
		sound = sound && err == nil && bound >= leastBound && whole && total <= maxAnswers && len(buckets) < maxBuckets
		if sound {
			sorted = sorted && (len(buckets) == 0 || buckets[len(buckets)-1].bound < bound)
			buckets = append(buckets, plusBucket{bound, count.Float()})
		}
	}
	if !sorted {
		sort.Slice(buckets, func(i, j int) bool { return buckets[i].bound < buckets[j].bound })
	}
	for i := range buckets {
		sound = sound && (i == 0 || buckets[i-1].bound < buckets[i].bound)
	}
	if !sound {
		h.Bounds, h.Counts = nil, nil
		s.unfit++
		return
	}
	h.Bounds = s.sharedBounds(buckets)
	counts := make([]float64, 0, 16)
	for _, bucket := range buckets {
		counts = append(counts, bucket.count)
	}
	h.Counts = s.counts.keep(s, counts)
}

// maxSharedBounds is how many different sets of bounds are remembered. All
// servers of one nginx have the same.
const maxSharedBounds = 8

// sharedBounds returns the bounds of the buckets, in memory that histograms
// with the same bounds share.
func (s *scanner) sharedBounds(buckets []plusBucket) []float64 {
	same := func(bounds []float64) bool {
		return slices.EqualFunc(bounds, buckets, func(bound float64, b plusBucket) bool { return bound == b.bound })
	}
	if i := slices.IndexFunc(s.bounds, same); i >= 0 {
		return s.bounds[i]
	}
	bounds := make([]float64, len(buckets))
	for i := range buckets {
		bounds[i] = buckets[i].bound
	}
	if len(s.bounds) < maxSharedBounds {
		s.bounds = append(s.bounds, bounds)
	}
	return bounds
}

// Sound reports whether the histogram can be shown.
func (h *PlusHistogram) Sound() bool { return h != nil && len(h.Counts) > 0 && h.Sum.IsSet() }

// Endless reports whether the last bucket has no upper end.
func (h *PlusHistogram) Endless() bool {
	return len(h.Bounds) > 0 && math.IsInf(h.Bounds[len(h.Bounds)-1], 1)
}
