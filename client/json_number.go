package client

import (
	"bytes"
	"math"
	"strconv"
)

// flag reads true as 1 and false as 0; anything else is absent.
func (s *scanner) flag() Number {
	switch s.peek() {
	case 't':
		s.literal("true")
		return NumberOf(1)
	case 'f':
		s.literal("false")
		return NumberOf(0)
	default:
		s.misfit()
		return Number{}
	}
}

// number reads a number of at most 64 bits, signed or not; anything else is
// absent.
func (s *scanner) number() Number {
	c := s.peek()
	if c != '-' && !isDigit(c) {
		s.misfit()
		return Number{}
	}
	// The usual case: digits that lie in one piece, with something after them.
	const exactDigits = 19 // as many always fit into 64 bits
	var v uint64
	for i, after := range s.window[s.next:s.end] {
		d := after - '0'
		if d > 9 {
			if i == 0 || i > exactDigits || i > 1 && c == '0' || isNumber(after) {
				break
			}
			s.next += i
			return NumberOf(float64(v))
		}
		v = v*10 + uint64(d)
	}
	n := toNumber(s.rawNumber())
	if !n.Known() {
		s.unfit++ // too large
	}
	return n
}

// count reads a number that cannot be below zero.
func (s *scanner) count() Number {
	n := s.number()
	if n.Float() < 0 {
		s.unfit++
		return Number{}
	}
	return n
}

// misfit reads over a value that is of another kind than was asked for.
func (s *scanner) misfit() {
	s.unfit++
	s.skip()
}

func toNumber(text []byte) Number {
	if bytes.ContainsAny(text, ".eE") {
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(v, 0) {
			return Number{}
		}
		return NumberOf(v)
	}
	if v, err := strconv.ParseUint(string(text), 10, 64); err == nil {
		return NumberOf(float64(v))
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return NumberOf(float64(v))
	}
	return Number{}
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
