// Package value has the optional number of status documents and metrics. It
// imports no other package of this program.
package value

import "math"

// Value is a number, or absent if nginx did not send it. Absent is not zero: an
// absent value is not exported. The zero Value is absent, so that an unset field
// is not a number.
//
// nginx counts in unsigned 64-bit integers. Above 2^53 a Value holds the nearest
// float64, which is also what Prometheus stores.
type Value struct {
	// bits are those of the float xor those of NaN, so that the zero Value is
	// NaN. A pointer or a flag would double the size.
	bits uint64
}

// Of returns the Value of a float. NaN is absent.
func Of(v float64) Value {
	if math.IsNaN(v) {
		return Value{}
	}
	return Value{math.Float64bits(v) ^ math.Float64bits(math.NaN())}
}

// Float returns the number, NaN if it is absent.
func (v Value) Float() float64 {
	return math.Float64frombits(v.bits ^ math.Float64bits(math.NaN()))
}

// IsSet reports whether the value is a number.
func (v Value) IsSet() bool { return v != Value{} }

// OfBool returns 1 for true and 0 for false.
func OfBool(b bool) Value {
	if b {
		return Of(1)
	}
	return Of(0)
}
