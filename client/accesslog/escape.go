package accesslog

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Escape is the parameter escape of log_format.
type Escape string

// The values of [Escape].
const (
	EscapeDefault Escape = "default"
	EscapeJSON    Escape = "json"
	EscapeNone    Escape = "none"
)

// escape is how values are written.
type escape uint8

const (
	// escapeHex is \xHH for control characters, ", \ and bytes from 0x7f on, and - if
	// unknown. Apache httpd writes it, too, but \", \\ and \n.
	escapeHex  escape = iota
	escapeJSON        // backslash before " and \, \n or \u00HH for control characters; empty if unknown
	escapeNone        // nothing; empty if unknown
)

func (e Escape) parse() (escape, error) {
	switch e {
	case "", EscapeDefault:
		return escapeHex, nil
	case EscapeJSON:
		return escapeJSON, nil
	case EscapeNone:
		return escapeNone, nil
	}
	return 0, fmt.Errorf("escape=%s is not valid: use %s, %s or %s", e, EscapeDefault, EscapeJSON, EscapeNone)
}

// unknown is what is logged for a variable without a value.
func (e escape) unknown() string {
	if e == escapeHex {
		return "-"
	}
	return ""
}

// quotes reports whether a quotation mark can be part of a value, after a
// backslash.
func (e escape) quotes() bool { return e != escapeNone }

// separates reports whether no value contains the text.
func (e escape) separates(text string) bool {
	for i := range len(text) {
		if e.excludes(text[i]) {
			return true
		}
	}
	return false
}

// excludes reports whether no value contains the byte, except as the second byte
// of an escape sequence.
func (e escape) excludes(c byte) bool {
	switch e {
	case escapeNone:
		return false
	case escapeJSON:
		return c < ' ' || c == '"'
	case escapeHex:
	}
	return c < ' ' || c == '"' || c >= 0x7f
}

// unescape returns the value that was logged as text. It appends to buffer if
// they differ, and returns the extended buffer.
func (e escape) unescape(text, buffer []byte) (value, extended []byte) {
	if e == escapeNone || bytes.IndexByte(text, '\\') < 0 {
		return text, buffer
	}
	start := len(buffer)
	for i := 0; i < len(text); {
		c, size := text[i], 1
		if c == '\\' {
			buffer, size = appendUnescaped(buffer, text[i:])
		} else {
			buffer = append(buffer, c)
		}
		i += size
	}
	return buffer[start:len(buffer):len(buffer)], buffer
}

// appendUnescaped appends what the sequence at the beginning of text means, and
// returns its length. A backslash that begins no sequence is kept.
func appendUnescaped(to, text []byte) (extended []byte, size int) {
	const short, hex, unicode = 2, 4, 6 // lengths of \n, \xHH and \uHHHH
	if len(text) < short {
		return append(to, text...), len(text)
	}
	number := func(from, length, bits int) (uint64, bool) {
		if len(text) < length {
			return 0, false
		}
		n, err := strconv.ParseUint(string(text[from:length]), 16, bits)
		return n, err == nil
	}
	switch c := text[1]; c {
	case 'x':
		if n, ok := number(short, hex, 8); ok {
			return append(to, byte(n)), hex
		}
	case 'u':
		if n, ok := number(short, unicode, 16); ok {
			return utf8.AppendRune(to, rune(n)), unicode
		}
	case '"', '\\', '/':
		return append(to, c), short
	default:
		if i := bytes.IndexByte([]byte("abfnrtv"), c); i >= 0 {
			return append(to, "\a\b\f\n\r\t\v"[i]), short
		}
	}
	return append(to, '\\'), 1
}
