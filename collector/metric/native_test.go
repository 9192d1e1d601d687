package metric

import (
	"math"
	"slices"
	"testing"
)

// Buckets with bounds of 0 and below belong to the zero bucket of a native
// histogram, which has no logarithm of them.
func TestBoundsBelowZero(t *testing.T) {
	t.Parallel()
	h := Histogram{Bounds: []float64{math.Inf(-1), -1, 0, 1, math.Inf(1)}, Counts: []float64{1, 2, 3, 4, 5}}
	native := h.derive()
	if native.Zero != 6 || !slices.Equal(native.Indexes, []int32{0, 1}) || !slices.Equal(native.Counts, []float64{4, 5}) {
		t.Errorf("got %+v", native)
	}
	if got := h.dto(); got.GetZeroCount() != 6 || got.GetSampleCount() != 15 {
		t.Errorf("got %v", got)
	}
}
