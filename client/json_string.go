package client

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string; anything else is empty.
func (s *scanner) string() string {
	if s.peek() != '"' {
		s.misfit()
		return ""
	}
	return string(s.rawString())
}

// stringLike reads a string that is often the same as one that is there
// already, which it returns then.
func (s *scanner) stringLike(other string) string {
	if s.peek() != '"' {
		s.misfit()
		return ""
	}
	if raw := s.rawString(); string(raw) != other {
		return string(raw)
	}
	return other
}

// rawString reads a string, whose opening quotation mark is next. What it
// returns is good until the scanner is used again.
func (s *scanner) rawString() []byte {
	s.next++
	// The usual case: it lies in one piece and has nothing to be resolved.
	rest := s.window[s.next:s.end]
	if i := plainLength(rest); i < len(rest) && rest[i] == '"' {
		s.next += i + 1
		return rest[:i]
	}
	s.text = s.text[:0]
	for s.more() {
		c := s.window[s.next]
		s.next++
		switch {
		case c == '"':
			return validText(s.text)
		case c < ' ':
			s.fail(errSyntax)
			return nil
		case c == '\\':
			s.escape()
		default:
			s.text = append(s.text, c)
		}
		if len(s.text) > maxText {
			s.fail(errLong)
			return nil
		}
	}
	s.cut()
	return nil
}

// plainLength returns how many bytes stand before the first one that ends a
// string or has to be looked at: a quotation mark, a backslash, a control
// character or a part of a longer one. It looks at eight bytes at a time. A
// subtraction that borrows can mark bytes after one that is marked rightly, so
// the first mark counts.
//
// See https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord.
func plainLength(text []byte) int {
	const (
		each = 0x0101010101010101
		top  = 0x80 * each
	)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		quote, backslash := x^'"'*each, x^'\\'*each
		marks := (x | (x-' '*each)&^x | (quote-each)&^quote | (backslash-each)&^backslash) & top
		if marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// validText replaces each byte that is not UTF-8, as encoding/json does.
func validText(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	valid := make([]byte, 0, len(text)+utf8.UTFMax)
	for _, r := range string(text) { // ranging gives U+FFFD for each bad byte
		valid = utf8.AppendRune(valid, r)
	}
	return valid
}

// escape resolves what follows a backslash. Two surrogates that belong together
// make one character; one alone is replaced.
func (s *scanner) escape() {
	var high rune
	for {
		if !s.more() {
			s.cut()
			return
		}
		c := s.window[s.next]
		s.next++
		if c != 'u' {
			s.lonely(high)
			s.simple(c)
			return
		}
		r := s.unit()
		if pair := utf16.DecodeRune(high, r); high != 0 && pair != utf8.RuneError {
			s.text = utf8.AppendRune(s.text, pair)
			return
		}
		s.lonely(high)
		if !utf16.IsSurrogate(r) {
			s.text = utf8.AppendRune(s.text, r)
			return
		}
		if high = r; !s.more() || s.window[s.next] != '\\' {
			s.lonely(high)
			return
		}
		s.next++
	}
}

// lonely replaces a surrogate, if there is one, that nothing belongs to.
func (s *scanner) lonely(surrogate rune) {
	if surrogate != 0 {
		s.text = utf8.AppendRune(s.text, utf8.RuneError)
	}
}

// simple resolves an escape of one letter.
func (s *scanner) simple(c byte) {
	const plain, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(plain, c); i >= 0 {
		s.text = append(s.text, meant[i])
		return
	}
	s.fail(errSyntax)
}

// unit reads four hexadecimal digits.
func (s *scanner) unit() rune {
	var unit rune
	for range 4 {
		if !s.more() {
			s.cut()
			return utf8.RuneError
		}
		d, err := strconv.ParseUint(string(s.window[s.next:s.next+1]), 16, 8)
		if err != nil {
			s.fail(errSyntax)
			return utf8.RuneError
		}
		unit = unit<<4 | rune(d) // below 16
		s.next++
	}
	return unit
}

// intern returns a string that is the same piece of memory wherever the word
// occurs in the document: status codes and sizes of slots occur in every object.
func (s *scanner) intern(word []byte) string {
	if known, found := s.words[string(word)]; found {
		return known
	}
	const manyWords = 1 << 12
	text := string(word)
	if s.words == nil {
		s.words = map[string]string{}
	}
	if len(s.words) < manyWords {
		s.words[text] = text
	}
	return text
}
