// Package value has the optional number of which status documents and metrics
// consist. It is a leaf: it imports nothing of this program.
package value

import "math"

// Value is a number of a status document, or absent where nginx did not send
// it. Absent is not zero: an absent value is not exported. The zero Value is
// absent, so that a field that was never set cannot be mistaken for a number.
//
// nginx counts in unsigned 64-bit integers. Above 2^53 a Value holds the
// nearest float64, which is also all that Prometheus stores.
type Value struct {
	// bits are those of the float, xor those of NaN, so that the zero Value
	// is NaN. A pointer or a flag would double the size.
	bits uint64
}

// Of returns the Value of a float. NaN is absent.
func Of(v float64) Value {
	if math.IsNaN(v) {
		return Value{}
	}
	return Value{math.Float64bits(v) ^ math.Float64bits(math.NaN())}
}

// OfInt returns the Value of an integer.
func OfInt(v int64) Value { return Of(float64(v)) }

// Float returns the number, NaN if it is absent.
func (v Value) Float() float64 {
	return math.Float64frombits(v.bits ^ math.Float64bits(math.NaN()))
}

// IsSet reports whether there is a number.
func (v Value) IsSet() bool { return v != Value{} }

// OfBool returns 1 for true and 0 for false.
func OfBool(b bool) Value {
	if b {
		return Of(1)
	}
	return Of(0)
}
