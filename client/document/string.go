package document

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string; anything else is empty.
func (r *Reader) Text() string {
	if r.Peek() != '"' {
		r.Mismatch()
		return ""
	}
	return string(r.rawString())
}

// rawString reads a string, whose opening quotation mark is next. What it
// returns is good until the scanner is used again.
func (r *Reader) rawString() []byte {
	r.next++
	// The usual case: it lies in one piece and has nothing to be resolved.
	rest := r.window[r.next:r.end]
	if i := plainLength(rest); i < len(rest) && rest[i] == '"' {
		r.next += i + 1
		return rest[:i]
	}
	r.text = r.text[:0]
	for r.more() {
		c := r.window[r.next]
		r.next++
		switch {
		case c == '"':
			return validText(r.text)
		case c < ' ':
			r.fail(errSyntax)
			return nil
		case c == '\\':
			r.escape()
		default:
			r.text = append(r.text, c)
		}
		if len(r.text) > maxText {
			r.fail(errLong)
			return nil
		}
	}
	r.cut()
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
func (r *Reader) escape() {
	var high rune
	for {
		if !r.more() {
			r.cut()
			return
		}
		c := r.window[r.next]
		r.next++
		if c != 'u' {
			r.lonely(high)
			r.simple(c)
			return
		}
		unit := r.unit()
		if pair := utf16.DecodeRune(high, unit); high != 0 && pair != utf8.RuneError {
			r.text = utf8.AppendRune(r.text, pair)
			return
		}
		r.lonely(high)
		if !utf16.IsSurrogate(unit) {
			r.text = utf8.AppendRune(r.text, unit)
			return
		}
		if high = unit; !r.more() || r.window[r.next] != '\\' {
			r.lonely(high)
			return
		}
		r.next++
	}
}

// lonely replaces a surrogate, if there is one, that nothing belongs to.
func (r *Reader) lonely(surrogate rune) {
	if surrogate != 0 {
		r.text = utf8.AppendRune(r.text, utf8.RuneError)
	}
}

// simple resolves an escape of one letter.
func (r *Reader) simple(c byte) {
	const plain, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(plain, c); i >= 0 {
		r.text = append(r.text, meant[i])
		return
	}
	r.fail(errSyntax)
}

// unit reads four hexadecimal digits.
func (r *Reader) unit() rune {
	var unit rune
	for range 4 {
		if !r.more() {
			r.cut()
			return utf8.RuneError
		}
		d, err := strconv.ParseUint(string(r.window[r.next:r.next+1]), 16, 8)
		if err != nil {
			r.fail(errSyntax)
			return utf8.RuneError
		}
		unit = unit<<4 | rune(d) // below 16
		r.next++
	}
	return unit
}

// Intern returns a string that is the same piece of memory wherever the word
// occurs in the document: status codes and sizes of slots occur in every object.
func (r *Reader) Intern(word []byte) string {
	if known, found := r.words[string(word)]; found {
		return known
	}
	const manyWords = 1 << 12
	text := string(word)
	if r.words == nil {
		r.words = map[string]string{}
	}
	if len(r.words) < manyWords {
		r.words[text] = text
	}
	return text
}
