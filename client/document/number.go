package document

import (
	"bytes"
	"math"
	"strconv"

	"nginx-exporter/client/value"
)

// Flag reads true as 1 and false as 0; anything else is absent.
func (r *Reader) Flag() value.Value {
	switch r.Peek() {
	case 't':
		r.literal("true")
		return value.Of(1)
	case 'f':
		r.literal("false")
		return value.Of(0)
	default:
		r.Mismatch()
		return value.Value{}
	}
}

// Number reads a number of at most 64 bits, signed or not; anything else is
// absent.
func (r *Reader) Number() value.Value {
	if n, ok := r.whole(); ok {
		return n
	}
	c := r.Peek()
	if c != '-' && !isDigit(c) {
		r.Mismatch()
		return value.Value{}
	}
	if n, ok := r.whole(); ok { // there was white space before
		return n
	}
	n := toNumber(r.rawNumber())
	if !n.IsSet() {
		r.invalid++ // too large
	}
	return n
}

// Count reads a number that cannot be below zero.
func (r *Reader) Count() value.Value {
	if n, ok := r.whole(); ok {
		return n
	}
	n := r.Number()
	if n.Float() < 0 {
		r.invalid++
		return value.Value{}
	}
	return n
}

// whole reads a number if it is as numbers usually are: a few digits that lie
// in one piece, with something after them and no white space before.
func (r *Reader) whole() (n value.Value, ok bool) {
	const most = 18 // as many digits always fit into 63 bits, which convert faster than 64
	v := int64(0)
	for i, c := range r.window[r.next:r.end] {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
			continue
		}
		if i == 0 || i > most || isNumber(c) || i > 1 && r.window[r.next] == '0' {
			break
		}
		r.next += i
		return value.OfInt(v), true
	}
	return value.Value{}, false
}

// Mismatch skips a value that is of another kind than was asked for, and counts
// it as invalid.
func (r *Reader) Mismatch() {
	if c := r.Peek(); r.depth == 0 && c != '{' && c != '[' && c != 0 {
		r.fail(errKind)
		return
	}
	r.invalid++
	r.Skip()
}

func toNumber(text []byte) value.Value {
	if bytes.ContainsAny(text, ".eE") {
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(v, 0) {
			return value.Value{}
		}
		return value.Of(v)
	}
	if v, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		return value.Of(float64(v))
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return value.Of(float64(v))
	}
	return value.Value{}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNumber(c byte) bool {
	return isDigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// rawNumber reads the text of a number and checks its form.
func (r *Reader) rawNumber() []byte {
	r.text = r.text[:0]
	for r.more() && isNumber(r.window[r.next]) {
		if r.text = append(r.text, r.window[r.next]); len(r.text) > maxText {
			r.fail(errLong)
			return nil
		}
		r.next++
	}
	if !validNumber(r.text) {
		r.fail(errSyntax)
		return nil
	}
	return r.text
}

// validNumber knows the grammar of https://www.rfc-editor.org/rfc/rfc8259#section-6.
func validNumber(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("-"))
	whole, rest := digits(text)
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if fraction, found := bytes.CutPrefix(rest, []byte(".")); found {
		if whole, rest = digits(fraction); len(whole) == 0 {
			return false
		}
	}
	if len(rest) == 0 {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	if rest = rest[1:]; len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	whole, rest = digits(rest)
	return len(whole) > 0 && len(rest) == 0
}

func digits(text []byte) (found, rest []byte) {
	i := 0
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return text[:i], text[i:]
}
