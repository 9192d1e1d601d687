package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Options say how lines are written.
type Options struct {
	// Format is the name of a preset, the text of a log_format, or the whole
	// directive as it is in nginx.conf.
	Format string

	// Escape is EscapeDefault if it is empty. A directive and a preset have their
	// own.
	Escape Escape
}

// Format parses the lines of one log_format. It does not change, and is safe for
// concurrent use.
type Format struct {
	prefix string
	steps  []step
	fields Field
	escape escape

	unknown string // what is logged for a variable without a value
	notes   []string
}

// step reads the value of one variable.
type step struct {
	name    string
	charset charset
	until   string // the text after the value; a value without one extends to the end
	ending  ending
	fields  Field // that the value sets
	set     func(r *Record, value []byte, fields Field) bool

	next *step // nil unless its value is a number

	// optional says that the value may be unknown: all but the status and the name
	// of the server.
	optional bool
}

// Fields are what the lines of the format can have.
func (f *Format) Fields() Field { return f.fields }

// Notes say what the format lacks or cannot distinguish, one sentence each. The
// caller must not change them.
func (f *Format) Notes() []string { return f.notes }

// ErrMismatch is returned for a line that does not match the format.
var ErrMismatch = errors.New("the line does not match the log_format")

// Parse reads a line, without its newline, into the record. On an error the
// record is undefined. It does not allocate once the record is in use.
func (f *Format) Parse(line []byte, r *Record) error {
	if i, _ := f.parse(line, r); i < len(f.steps) {
		return ErrMismatch
	}
	return nil
}

// Explain returns why Parse fails for a line, nil if it does not.
func (f *Format) Explain(line []byte) error {
	i, rest := f.parse(line, &Record{})
	if i == len(f.steps) {
		return nil
	}
	if i < 0 {
		return fmt.Errorf("%w: it does not begin with %s", ErrMismatch, quote(f.prefix))
	}
	s := &f.steps[i]
	end := s.end(rest)
	if end < 0 && s.ending == atEnd {
		return fmt.Errorf("%w: it does not end with %s, after the value of $%s", ErrMismatch, quote(s.until), s.name)
	}
	if end < 0 {
		return fmt.Errorf("%w: %s expected after the value of $%s", ErrMismatch, quote(s.until), s.name)
	}
	return fmt.Errorf("%w: the value of $%s is not valid", ErrMismatch, s.name)
}

// quote quotes a text without escaping quotation marks, which texts of a JSON format
// have and the log escapes once more.
func quote(text string) string {
	if strings.Contains(text, `"`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// parse returns how many steps were done, and the rest of the line then. It
// returns -1 if the text before the first one is missing.
func (f *Format) parse(line []byte, r *Record) (done int, rest []byte) {
	*r = Record{Attempts: r.Attempts[:0], text: r.text[:0], escape: f.escape}
	if !bytes.HasPrefix(line, []byte(f.prefix)) {
		return -1, line
	}
	rest = line[len(f.prefix):]
	for i := range f.steps {
		s := &f.steps[i]
		var end int
		if s.ending == atByte { // the usual case, without a call
			end = indexByte(rest, s.until[0])
		} else {
			end = s.end(rest)
		}
		if end < 0 {
			return i, rest
		}
		if s.set != nil {
			unknown := s.optional && string(rest[:end]) == f.unknown
			if !unknown && !s.set(r, rest[:end], s.fields) {
				return i, rest
			}
		}
		rest = rest[end+len(s.until):]
	}
	return len(f.steps), rest
}

// ending is how the end of a value is found.
type ending uint8

const (
	atText       ending = iota // at the first occurrence of the text after it
	atByte                     // the same for a text of one byte
	afterList                  // at the first occurrence that is not part of a separator of the list
	afterQuote                 // at the first occurrence whose quotation mark is not escaped
	beforeNumber               // at the first occurrence before a value of the next variable, a number
	atEnd                      // at the end of the line
)

// findEnding returns how the end of the value is found.
func (s *step) findEnding(last bool, e escape) ending {
	switch {
	case last:
		return atEnd
	case s.charset == list && strings.IndexByte(redirect+comma, s.until[0]) >= 0:
		return afterList
	case s.until[0] == '"' && e.quotes():
		return afterQuote
	case len(s.until) == 1:
		return atByte
	}
	return atText
}

// end returns where the value at the beginning of the text ends, -1 if that is
// not followed by what the format has after it.
func (s *step) end(text []byte) int {
	switch s.ending {
	case atByte:
		return indexByte(text, s.until[0])
	case afterList:
		return s.listEnd(text)
	case afterQuote:
		return s.quoteEnd(text)
	case beforeNumber:
		return s.endBeforeNumber(text)
	case atEnd:
		if !bytes.HasSuffix(text, []byte(s.until)) {
			return -1
		}
		return len(text) - len(s.until)
	case atText:
	}
	return bytes.Index(text, []byte(s.until))
}

// indexByte returns the index of a byte, -1 if there is none. Most values are so
// short that this takes less time than the function of package bytes.
func indexByte(text []byte, c byte) int {
	for i := range text {
		if text[i] == c {
			return i
		}
	}
	return -1
}

// endBeforeNumber skips occurrences that are part of the value: a request or a user
// agent without quotes has spaces.
func (s *step) endBeforeNumber(text []byte) int {
	for at := 0; ; {
		end := bytes.Index(text[at:], []byte(s.until))
		if end < 0 {
			return -1
		}
		if at += end; s.next.begins(text[at+len(s.until):]) {
			return at
		}
		at++
	}
}

// begins reports whether the text begins with a number, and goes on as the format
// does until a value that is not a number.
func (s *step) begins(text []byte) bool {
	const digits, longest = "0123456789.-", 24
	n := len(text[:min(longest, len(text))])
	n -= len(bytes.TrimLeft(text[:n], digits))
	switch rest := text[n:]; {
	case n == 0 || s.fields.Has(FieldStatus) && n != len("200"):
		return false
	case s.ending == atEnd:
		return string(rest) == s.until
	case !bytes.HasPrefix(rest, []byte(s.until)):
		return false
	default:
		return s.next == nil || s.next.begins(rest[len(s.until):])
	}
}

// listEnd skips the separators of lists.
func (s *step) listEnd(text []byte) int {
	for at := 0; ; {
		end := bytes.Index(text[at:], []byte(s.until))
		if end < 0 {
			return -1
		}
		element, next := elementEnd(text[at:min(len(text), at+end+maxSeparator)])
		if end < element || element == next {
			return at + end
		}
		at += next
	}
}

// quoteEnd skips quotation marks that are part of the value.
func (s *step) quoteEnd(text []byte) int {
	for at := 0; ; {
		end := bytes.Index(text[at:], []byte(s.until))
		if end < 0 {
			return -1
		}
		end += at
		backslashes := 0
		for i := end - 1; i >= 0 && text[i] == '\\'; i-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end
		}
		at = end + 1
	}
}
