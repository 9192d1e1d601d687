package accesslog

import (
	"bytes"
	"time"
)

type duration = time.Duration

// maxDigits bounds numbers, so that they fit into an int64.
const maxDigits = 18

// parseInt reads a number without a sign.
func parseInt(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > maxDigits {
		return 0, false
	}
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// parseStatus reads a status code of three digits.
func parseStatus(text []byte) (int, bool) {
	const digits = 3
	n, ok := parseInt(text)
	return int(n), ok && len(text) == digits
}

// parseSeconds reads seconds with a fraction, of which it uses three digits, since
// nginx measures in milliseconds.
func parseSeconds(text []byte) (duration, bool) {
	const digits, most = 3, 9 // of the fraction; of the seconds, so that nanoseconds fit into an int64
	seconds, fraction := text, []byte(nil)
	if i := bytes.IndexByte(text, '.'); i >= 0 {
		seconds, fraction = text[:i], text[i+1:]
		if len(fraction) == 0 {
			return 0, false
		}
	}
	n, ok := parseInt(seconds)
	if !ok || len(seconds) > most {
		return 0, false
	}
	for i := range max(digits, len(fraction)) {
		c := byte('0')
		if i < len(fraction) {
			c = fraction[i]
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		if i < digits {
			n = 10*n + int64(c-'0')
		}
	}
	return duration(n) * time.Millisecond, true
}

// maxAttempts bounds the attempts of a request; further ones are ignored.
const maxAttempts = 64

// setAttempts reads a list: an element per attempt, separated by ", ", and by
// " : " after an internal redirect. Elements of all lists are in the same order.
func setAttempts(set func(r *Record, a *Attempt, element []byte, field Field) bool) func(*Record, []byte, Field) bool {
	return func(r *Record, value []byte, field Field) bool {
		group := 0
		for i := range maxAttempts {
			end, next := elementEnd(value)
			if i == len(r.Attempts) {
				r.Attempts = append(r.Attempts, Attempt{})
			}
			a := &r.Attempts[i]
			a.Group = group
			if element := value[:end]; !isUnknown(element) && !set(r, a, element, field) {
				return false
			}
			if next == end {
				break
			}
			if value[end] == ' ' {
				group++
			}
			value = value[next:]
		}
		r.Fields |= field
		return true
	}
}

// The separators of lists.
const (
	comma        = ", "
	redirect     = " : "
	maxSeparator = len(redirect)
)

// elementEnd returns where the first element of a list ends, and where the next
// one begins. Both are the end of the list if there is no other.
func elementEnd(value []byte) (end, next int) {
	for i := range value {
		switch rest := value[i:]; {
		case rest[0] != ',' && rest[0] != ' ':
		case bytes.HasPrefix(rest, []byte(comma)):
			return i, i + len(comma)
		case bytes.HasPrefix(rest, []byte(redirect)):
			return i, i + len(redirect)
		}
	}
	return len(value), len(value)
}

// isUnknown reports whether an element of a list has no value.
func isUnknown(element []byte) bool {
	return len(element) == 0 || len(element) == 1 && element[0] == '-'
}

func setAddr(r *Record, a *Attempt, element []byte, field Field) bool {
	a.Addr = r.unescape(element)
	a.Fields |= field
	return true
}

func setCode(_ *Record, a *Attempt, element []byte, field Field) bool {
	n, ok := parseStatus(element)
	a.Status = n
	a.Fields |= field
	return ok
}

func setTime(place func(*Attempt) *duration) func(*Record, *Attempt, []byte, Field) bool {
	return func(_ *Record, a *Attempt, element []byte, field Field) bool {
		d, ok := parseSeconds(element)
		*place(a) = d
		a.Fields |= field
		return ok
	}
}
