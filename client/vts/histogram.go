package vts

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"unsafe"

	"nginx-exporter/client/value"
)

// Histogram has the durations of requests, with
// vhost_traffic_status_histogram_buckets. Without it, it is empty.
type Histogram struct {
	// Bounds are the upper bounds of the buckets in milliseconds, in ascending
	// order. Histograms of a document share them, so they must not be changed.
	Bounds []float64

	// Counts are the requests in each bucket; the last one has those above all
	// bounds. They are not cumulative.
	Counts []float64
}

// maxBuckets bounds the buckets of a histogram. The module has at most 32.
const maxBuckets = 256

// maxRequests is the largest valid count: up to it a float holds each whole number
// exactly.
const maxRequests = 1 << 53

// histogram reads the cumulative buckets of an object. It leaves the bounds alone
// until [decoder.check] has compared them with the object.
func (d *decoder) histogram(h *Histogram) {
	d.msecs, d.counts = d.msecs[:0], d.counts[:0]
	for name := range d.Members() {
		switch string(name) {
		case "msecs":
			d.readBounds()
		case "counters":
			d.counts = d.numbers(d.counts[:0])
		default:
			d.Skip()
		}
	}
	h.Bounds, h.Counts = nil, nil
	if len(d.msecs) == 0 && len(d.counts) == 0 {
		return
	}
	if len(d.msecs) != len(d.counts) || len(d.msecs) > maxBuckets || !isAscending(d.msecs) {
		d.MarkInvalid()
		return
	}
	if !slices.Equal(d.bounds, d.msecs) {
		d.bounds = slices.Clone(d.msecs)
		d.Charge(len(d.bounds) * int(unsafe.Sizeof(d.bounds[0])))
	}
	h.Bounds = d.bounds
	h.Counts = make([]float64, len(d.counts)+1)
	copy(h.Counts, d.counts)
	d.Charge(len(h.Counts) * int(unsafe.Sizeof(h.Counts[0])))
}

// readBounds reads the bounds, which mostly have the same text as the last ones.
func (d *decoder) readBounds() {
	const most = 1 << 10
	text := d.Ahead(']', most)
	if len(text) > 0 && bytes.Equal(text, d.boundText) {
		d.Discard(text)
		d.msecs = append(d.msecs[:0], d.boundsRead...)
		return
	}
	text = bytes.Clone(text)
	d.msecs = d.numbers(d.msecs[:0])
	if d.boundText = nil; len(text) > 0 && json.Valid(text) { // so it ends with the array
		d.boundText, d.boundsRead = text, slices.Clone(d.msecs)
	}
}

// numbers reads an array of numbers; more than the most buckets make it invalid. A
// value that is not a number is NaN.
func (d *decoder) numbers(to []float64) []float64 {
	for range d.Elements() {
		if n := d.Count(); len(to) <= maxBuckets {
			to = append(to, n.Float())
		}
	}
	return to
}

// isAscending reports whether the bounds are positive, and each is above the one
// before.
func isAscending(bounds []float64) bool {
	before := 0.0
	for _, bound := range bounds {
		if !(bound > before) { // also if it is NaN
			return false
		}
		before = bound
	}
	return true
}

// check makes the counts of an object's histogram those of each bucket. The total
// is the counter of requests. An inconsistent histogram is dropped: each bucket
// above a wrong one would be wrong.
func (d *decoder) check(h *Histogram, c *Counters, sum value.Value) {
	if len(h.Counts) == 0 {
		return
	}
	last := len(h.Counts) - 1
	h.Counts[last] = c.Requests.Float()
	before := 0.0
	for i, count := range h.Counts {
		valid := count >= before && count <= maxRequests && count == math.Trunc(count)
		if !valid || !sum.IsSet() {
			d.MarkInvalid()
			*h = Histogram{}
			return
		}
		h.Counts[i], before = count-before, count
	}
}
