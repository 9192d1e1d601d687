package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// scanner splits a JSON document into tokens while it is read. After the first
// error there are no more tokens.
//
// See https://www.rfc-editor.org/rfc/rfc8259.
type scanner struct {
	source    io.Reader
	buffer    []byte // holds the current token
	next, end int    // buffer[next:end] has been read and not used yet
	read      int64  // bytes of the document so far
	ended     bool   // the source has no more bytes
	depth     int    // of arrays and objects
	text      []byte // the last member name, or the last string that had to be decoded
	err       error  // the first one of the document or its source
}

// bufferSize is the initial size of the buffer in bytes. It grows up to maxText.
const bufferSize = 16 << 10

// fail ends the document with an error.
func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.next, s.end = 0, 0
}

// unexpected ends the document, which is invalid at the next byte or has none.
func (s *scanner) unexpected() {
	if s.has(0) {
		s.fail(errSyntax)
	}
	s.fail(errIncomplete)
}

// has reports whether the document has n bytes after the next one. It may move
// the buffer.
func (s *scanner) has(n int) bool {
	for s.next+n >= s.end {
		if !s.more() {
			return false
		}
	}
	return true
}

// more reads more of the document, and keeps the bytes that have not been used.
func (s *scanner) more() bool {
	if s.err != nil || s.ended {
		return false
	}
	s.end = copy(s.buffer, s.buffer[s.next:s.end])
	s.next = 0
	if s.end == maxText {
		s.fail(errLong)
		return false
	}
	if s.end == len(s.buffer) {
		s.buffer = append(s.buffer, make([]byte, len(s.buffer))...)
	}
	n, err := s.source.Read(s.buffer[s.end:])
	s.read += int64(n)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		s.ended = true
	default:
		s.fail(err) // data that comes with an error may be corrupt
		return false
	}
	s.end += n
	return n > 0 || !s.ended
}

// peek returns the next byte that is not white space, 0 if there is none.
func (s *scanner) peek() byte {
	if s.next < s.end && s.buffer[s.next] > ' ' {
		return s.buffer[s.next]
	}
	for s.has(0) {
		switch c := s.buffer[s.next]; c {
		case ' ', '\t', '\n', '\r':
			s.next++
		default:
			return c
		}
	}
	return 0
}

// take reads n bytes. They are valid until the next read.
func (s *scanner) take(n int) []byte {
	s.next += n
	return s.buffer[s.next-n : s.next]
}

// open reads the bracket that begins an array or object.
func (s *scanner) open() {
	s.next++
	if s.depth++; s.depth > maxDepth {
		s.fail(errDeep)
	}
}

// another reads the comma before an element or member, unless it is the first, or
// the bracket that closes the array or object, in which case it returns false.
func (s *scanner) another(bracket byte, first bool) bool {
	switch c := s.peek(); {
	case c == bracket:
		s.next++
		s.depth--
		return false
	case first && s.has(0):
		return true
	case c == ',':
		s.next++
		return true
	default:
		s.unexpected()
		return false
	}
}

// name reads the name of a member and the colon after it. It is valid until the
// next string is read.
func (s *scanner) name() []byte {
	if s.peek() != '"' {
		s.unexpected()
		return nil
	}
	if n := plainLength(s.buffer[s.next:s.end]); n > 0 && s.next+n < s.end && s.buffer[s.next+n] == ':' {
		s.text = append(s.text[:0], s.buffer[s.next+1:s.next+n-1]...)
		s.next += n + 1
		return s.text
	}
	s.text = append(s.text[:0], s.string()...) // reading the colon may move the buffer
	if s.peek() != ':' {
		s.unexpected()
		return nil
	}
	s.next++
	return s.text
}

// string reads a string, which is valid until the next read.
func (s *scanner) string() []byte {
	quoted, plain := s.quoted()
	if plain {
		return quoted[1 : len(quoted)-1]
	}
	if s.err != nil {
		return nil
	}
	// It resolves escapes and replaces invalid UTF-8.
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		s.fail(errSyntax)
		return nil
	}
	s.text = append(s.text[:0], text...)
	return s.text
}

// quoted reads a string with its quotation marks. It is plain if it has no
// escapes and only ASCII characters.
func (s *scanner) quoted() (text []byte, plain bool) {
	if n := plainLength(s.buffer[s.next:s.end]); n > 0 {
		return s.take(n), true
	}
	return s.quotedFrom(1)
}

// plainLength returns the length of a string that is plain, with its quotation marks,
// at the beginning of a text; 0 if it is not plain, or longer than the text.
func plainLength(text []byte) int {
	for n := 1; n < len(text); n++ {
		switch c := text[n]; {
		case c == '"':
			return n + 1
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			return 0
		}
	}
	return 0
}

// quotedFrom reads a string whose first n bytes are known to be plain.
func (s *scanner) quotedFrom(n int) (text []byte, plain bool) {
	for plain = true; s.has(n); n++ {
		switch c := s.buffer[s.next+n]; {
		case c == '"':
			return s.take(n + 1), plain
		case c < ' ':
			s.fail(errSyntax)
			return nil, false
		case c == '\\':
			plain = false
			n++ // the next character, which may be a quotation mark
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	s.fail(errIncomplete)
	return nil, false
}

// number reads a number, which is valid until the next read.
func (s *scanner) number() []byte {
	n, digits := s.digits(), true
	for ; s.has(n); n++ {
		c := s.buffer[s.next+n]
		if isDigit(c) {
			continue
		}
		if c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		digits = false
	}
	if s.err != nil {
		return nil
	}
	text := s.take(n)
	valid := digits && (n == 1 || text[0] != '0') || isNumber(text)
	if !valid {
		s.unexpected()
		return nil
	}
	return text
}

// digits returns how many of the next bytes are digits, as far as the buffer has
// them.
func (s *scanner) digits() int {
	buffered := s.buffer[s.next:s.end]
	for n, c := range buffered {
		if !isDigit(c) {
			return n
		}
	}
	return len(buffered)
}

// small reads a whole number without a sign of at most 15 digits, if the buffer has
// it and the byte after it.
func (s *scanner) small() (number uint64, found bool) {
	const most = 15
	buffered := s.buffer[s.next:min(s.end, s.next+most+1)]
	n := 0
	for ; n < len(buffered) && isDigit(buffered[n]); n++ {
		number = number*10 + uint64(buffered[n]-'0')
	}
	if n == 0 || n == len(buffered) || n > 1 && buffered[0] == '0' || strings.IndexByte(".eE+-", buffered[n]) >= 0 {
		return 0, false
	}
	s.next += n
	return number, true
}

// skipWholeNumbers skips elements of an array that are whole numbers, and the commas
// after them, as far as the buffer has them. Some documents consist mostly of such
// arrays.
func (s *scanner) skipWholeNumbers() {
	buffered := s.buffer[s.next:s.end]
	element := 0 // where it begins
	for n, c := range buffered {
		if isDigit(c) {
			continue
		}
		if c != ',' || n == element || n > element+1 && buffered[element] == '0' {
			break
		}
		element = n + 1
	}
	s.next += element
}

// isNumber reports whether a text of digits, signs, points and letters e is a
// number.
//
// See https://www.rfc-editor.org/rfc/rfc8259#section-6.
func isNumber(text []byte) bool {
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		exponent := text[i+1:]
		if len(exponent) > 0 && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		if !isDigits(exponent) {
			return false
		}
		text = text[:i]
	}
	whole, fraction, found := bytes.Cut(bytes.TrimPrefix(text, []byte("-")), []byte("."))
	return isDigits(whole) && (len(whole) == 1 || whole[0] != '0') && (!found || isDigits(fraction))
}

// isDigits reports whether a text has digits and nothing else.
func isDigits(text []byte) bool {
	return len(text) > 0 && !bytes.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// literal reads true, false or null.
func (s *scanner) literal(word string) {
	for i := range len(word) {
		if !s.has(0) || s.buffer[s.next] != word[i] {
			s.unexpected()
			return
		}
		s.next++
	}
}
