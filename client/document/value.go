package document

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"nginx-exporter/client/value"
)

// Flag reads true as 1 and false as 0; anything else is absent.
func (r *Reader) Flag() value.Value {
	switch r.Peek() {
	case 't':
		r.Skip()
		return value.Of(1)
	case 'f':
		r.Skip()
		return value.Of(0)
	default:
		r.Mismatch()
		return value.Value{}
	}
}

// Number reads a number: a whole one of at most 64 bits, signed or not, or a
// floating-point one. Anything else is absent.
func (r *Reader) Number() value.Value {
	if r.Peek() != '0' {
		r.Mismatch()
		return value.Value{}
	}
	if n, found := r.small(); found {
		return value.Of(float64(n))
	}
	n := parseNumber(r.number())
	if !n.IsSet() {
		r.invalid++ // too large
	}
	return n
}

// Gauge reads a number that can increase and decrease. It is invalid below zero
// and from 2^63: nginx subtracts counters that it reads without a lock, and prints
// a negative difference as it is or as unsigned.
func (r *Reader) Gauge() value.Value {
	n := r.Count()
	if n.Float() >= 1<<63 {
		r.invalid++
		return value.Value{}
	}
	return n
}

// Count reads a number that cannot be below zero.
func (r *Reader) Count() value.Value {
	n := r.Number()
	if n.Float() < 0 {
		r.invalid++
		return value.Value{}
	}
	return n
}

func parseNumber(text []byte) value.Value {
	if v, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		return value.Of(float64(v))
	}
	if bytes.ContainsAny(text, ".eE") {
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(v, 0) {
			return value.Value{}
		}
		return value.Of(v)
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return value.Of(float64(v))
	}
	return value.Value{}
}

// Time reads a time in ISO 8601 as Unix seconds, to the millisecond. One before
// 1970 is absent.
func (r *Reader) Time() value.Value {
	if r.Peek() != '"' {
		r.Mismatch()
		return value.Value{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(r.string()))
	if err != nil || t.Unix() < 0 {
		r.invalid++
		return value.Value{}
	}
	const millisecondsPerSecond = 1000
	return value.Of(float64(t.UnixMilli()) / millisecondsPerSecond)
}

// Text reads a string and charges its length; anything else is empty.
func (r *Reader) Text() string {
	if r.Peek() != '"' {
		r.Mismatch()
		return ""
	}
	return r.Keep(r.string())
}
