package client

import "math"

// Number is one figure of a status document, or [Absent] where nginx did not
// send it. Absent is not zero: what nginx did not say is not exported.
//
// nginx counts in unsigned 64-bit integers; above 2^53 a Number holds the
// nearest float, which is all that Prometheus stores of it anyway.
type Number float64

// Absent is the Number that nginx did not send, or that makes no sense.
func Absent() Number { return Number(math.NaN()) }

// Known reports whether nginx sent the number. Only NaN differs from itself.
func (n Number) Known() bool { return n == n }
