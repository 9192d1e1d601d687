//go:build linux

package main

import (
	"math"
	"slices"
)

// percentile is the smallest of the sorted values that at least p per cent of
// them do not exceed (nearest rank); p is above 0 and at most 100.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// spread is what several rounds gave for one figure.
type spread struct {
	min, median, max float64
}

// spreadOf leaves the values as they are. The median of an even number of
// values is the mean of the middle two.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{min: math.NaN(), median: math.NaN(), max: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	median := sorted[mid]
	if len(sorted)%2 == 0 {
		median = (sorted[mid-1] + sorted[mid]) / 2
	}
	return spread{min: sorted[0], median: median, max: sorted[len(sorted)-1]}
}

// ratio is ours over peer; there is none to nothing.
func ratio(ours, peer float64) float64 {
	if peer == 0 {
		return math.NaN()
	}
	return ours / peer
}

// ratios pairs the rounds that ran one after the other, so that a change of
// the machine's mood between rounds touches both halves of a ratio.
func ratios(ours, peer []float64) []float64 {
	n := min(len(ours), len(peer))
	out := make([]float64, n)
	for i := range n {
		out[i] = ratio(ours[i], peer[i])
	}
	return out
}
