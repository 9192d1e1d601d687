package client

import (
	"bytes"
	"math"
	"strconv"

	"nginx-exporter/client/value"
)

// flag reads true as 1 and false as 0; anything else is absent.
func (s *scanner) flag() value.Value {
	switch s.peek() {
	case 't':
		s.literal("true")
		return value.Of(1)
	case 'f':
		s.literal("false")
		return value.Of(0)
	default:
		s.misfit()
		return value.Value{}
	}
}

// number reads a number of at most 64 bits, signed or not; anything else is
// absent.
func (s *scanner) number() value.Value {
	if n, ok := s.whole(); ok {
		return n
	}
	c := s.peek()
	if c != '-' && !isDigit(c) {
		s.misfit()
		return value.Value{}
	}
	if n, ok := s.whole(); ok { // there was white space before
		return n
	}
	n := toNumber(s.rawNumber())
	if !n.IsSet() {
		s.unfit++ // too large
	}
	return n
}

// count reads a number that cannot be below zero.
func (s *scanner) count() value.Value {
	if n, ok := s.whole(); ok {
		return n
	}
	n := s.number()
	if n.Float() < 0 {
		s.unfit++
		return value.Value{}
	}
	return n
}

// whole reads a number if it is as numbers usually are: a few digits that lie
// in one piece, with something after them and no white space before.
func (s *scanner) whole() (n value.Value, ok bool) {
	const most = 18 // as many digits always fit into 63 bits, which convert faster than 64
	v := int64(0)
	for i, c := range s.window[s.next:s.end] {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
			continue
		}
		if i == 0 || i > most || isNumber(c) || i > 1 && s.window[s.next] == '0' {
			break
		}
		s.next += i
		return value.OfInt(v), true
	}
	return value.Value{}, false
}

// misfit reads over a value that is of another kind than was asked for.
func (s *scanner) misfit() {
	s.unfit++
	s.skip()
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
func (s *scanner) rawNumber() []byte {
	s.text = s.text[:0]
	for s.more() && isNumber(s.window[s.next]) {
		if s.text = append(s.text, s.window[s.next]); len(s.text) > maxText {
			s.fail(errLong)
			return nil
		}
		s.next++
	}
	if !validNumber(s.text) {
		s.fail(errSyntax)
		return nil
	}
	return s.text
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
