package client

import "math"

// Number is one figure of a status document, or none where nginx did not send
// it. Absent is not zero: what nginx did not say is not exported. The zero
// value is absent, so that a field nobody filled in cannot pass for a figure.
//
// nginx counts in unsigned 64-bit integers; above 2^53 a Number holds the
// nearest float, which is all that Prometheus stores of it anyway.
type Number struct {
	// bits are those of the float, with the bits of NaN turned over, so that
	// the zero value stands for NaN. That costs 8 bytes a figure, not 16.
	bits uint64
}

// NumberOf returns the Number of that value. NaN is none.
func NumberOf(v float64) Number {
	if math.IsNaN(v) {
		return Number{}
	}
	return Number{math.Float64bits(v) ^ math.Float64bits(math.NaN())}
}

// numberOfWhole is NumberOf for what cannot be NaN.
func numberOfWhole(v int64) Number {
	return Number{math.Float64bits(float64(v)) ^ math.Float64bits(math.NaN())}
}

// Float returns the value, NaN for an absent one.
func (n Number) Float() float64 {
	return math.Float64frombits(n.bits ^ math.Float64bits(math.NaN()))
}

// Known reports whether nginx sent the number.
func (n Number) Known() bool { return n != Number{} }
