//go:build linux

package main

import (
	"math"
	"slices"
	"testing"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		values  []float64
		p, want float64
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{hundred, 0.1, 1},
		{[]float64{7}, 50, 7},
		{[]float64{7}, 99, 7},
		{[]float64{1, 2, 3}, 50, 2},
		{[]float64{1, 2, 3, 4}, 50, 2},
		{[]float64{1, 2, 3}, 99, 3},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("p%g of %d values: got %g, want %g", c.p, len(c.values), got, c.want)
		}
	}
	if got := percentile(nil, 50); !math.IsNaN(got) {
		t.Errorf("of nothing: got %g", got)
	}
}

func TestSpreadOf(t *testing.T) {
	t.Parallel()
	values := []float64{5, 1, 3}
	if got, want := spreadOf(values), (spread{1, 3, 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !slices.Equal(values, []float64{5, 1, 3}) {
		t.Errorf("the values were moved: %v", values)
	}
	if got, want := spreadOf([]float64{4, 1, 2, 8}), (spread{1, 3, 8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := spreadOf(nil); !math.IsNaN(got.median) {
		t.Errorf("of nothing: got %+v", got)
	}
}

func TestRatios(t *testing.T) {
	t.Parallel()
	if got := ratios([]float64{1, 9, 5}, []float64{2, 3}); !slices.Equal(got, []float64{0.5, 3}) {
		t.Errorf("got %v", got)
	}
	if got := ratio(1, 0); !math.IsNaN(got) {
		t.Errorf("over nothing: got %g", got)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for want, x := range map[string]float64{
		"0": 0, "1": 1, "713000": 713000, "0.1254": 0.12543, "0.0010": 0.001,
		"1.250": 1.25, "20.43": 20.427, "131.2": 131.21, "3217": 3216.8,
		"-": math.NaN(), "-0.5000": -0.5,
	} {
		if got := number(x); got != want {
			t.Errorf("%g: got %q, want %q", x, got, want)
		}
	}
	if got := number(math.Inf(1)); got != "-" {
		t.Errorf("infinite: got %q", got)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{
		0.125: "0.1250 of what the peer takes, 8.0 times less",
		1:     "what the peer takes",
		2.5:   "2.500 times what the peer takes",
		0:     "what cannot be compared",
	} {
		if got := words(x); got != want {
			t.Errorf("%g: got %q, want %q", x, got, want)
		}
	}
	if got := words(math.NaN()); got != words(0) {
		t.Errorf("no ratio: got %q", got)
	}
}
