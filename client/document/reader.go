// Package document reads JSON documents as a stream, within bounds of text and
// memory. It knows nothing of what they contain.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Bounds of every document.
const (
	maxText    = 1 << 20  // of one string or number, in bytes
	maxDepth   = 10_000   // of arrays and objects, as in encoding/json
	maxObjects = 16 << 20 // of the objects beyond the length of the document, in bytes
)

// ErrTooLarge is the error of a document whose objects would take more memory
// than allowed.
var ErrTooLarge = errors.New("the response takes too much memory")

var (
	errSyntax     = errors.New("the response is not valid JSON")
	errIncomplete = fmt.Errorf("the response is incomplete: %w", io.ErrUnexpectedEOF)
	errMany       = errors.New("the response has too many objects for its length")
	errLong       = fmt.Errorf("the response has a string longer than %d bytes", maxText)
	errDeep       = fmt.Errorf("the response is nested deeper than %d levels", maxDepth)
)

// Reader reads one JSON document as a stream. Each method reads one value. A value
// of another kind is skipped, counted as invalid and returned as absent, so that
// an invalid member does not affect others. The first error ends the document:
// no more values are returned, and [Reader.Finish] returns the error.
//
// Like encoding/json it accepts duplicate member names and invalid UTF-8.
type Reader struct {
	scanner
	invalid   int
	objects   int64 // bytes of memory, see Charge
	maxMemory int64 // bound of objects, if above zero
}

// NewReader returns a Reader of the document from a source. Its objects may take
// maxMemory bytes, see [Reader.Charge]; zero means no such limit.
func NewReader(from io.Reader, maxMemory int64) *Reader {
	r := &Reader{scanner: scanner{buffer: make([]byte, bufferSize)}}
	r.Reset(from, maxMemory)
	return r
}

// Reset prepares the Reader for another document. It keeps only its buffers.
func (r *Reader) Reset(from io.Reader, maxMemory int64) {
	*r = Reader{scanner: scanner{source: from, buffer: r.buffer, text: r.text[:0]}, maxMemory: maxMemory}
}

// Invalid returns the number of values of the wrong kind or out of range.
func (r *Reader) Invalid() int { return r.invalid }

// MarkInvalid counts the last value as invalid.
func (r *Reader) MarkInvalid() { r.invalid++ }

// Finish returns the first error of the document or its source. Text after the
// document is an error.
func (r *Reader) Finish() error {
	if r.peek(); r.has(0) {
		r.fail(errSyntax)
	}
	return r.err
}

// Reject ends a document that is not the expected one.
func (r *Reader) Reject(err error) { r.fail(err) }

// Keep returns a copy of a string of an object, and charges its length.
func (r *Reader) Keep(text []byte) string {
	r.Charge(len(text))
	return string(text)
}

// Charge counts memory of the document's objects, in bytes. It ends a document
// whose objects take more than the limit of the Reader, or 16 MiB more than the
// text read so far, which no real document does.
func (r *Reader) Charge(bytes int) {
	switch r.objects += int64(bytes); {
	case r.objects > maxObjects+r.read:
		r.fail(errMany)
	case r.maxMemory > 0 && r.objects > r.maxMemory:
		r.fail(fmt.Errorf("%w: its objects take more than %d bytes of memory", ErrTooLarge, r.maxMemory))
	}
}

// Ahead returns the text of the document from the next value to the first such byte,
// nil if that is more than the most bytes away. It is valid until the next read.
func (r *Reader) Ahead(end byte, most int) []byte {
	r.peek()
	for n := 0; n < most && r.has(n); n++ {
		if i := bytes.IndexByte(r.buffer[r.next+n:min(r.end, r.next+most)], end); i >= 0 {
			return r.buffer[r.next : r.next+n+i+1]
		}
		n = r.end - r.next - 1 // all that is buffered
	}
	return nil
}

// Discard skips a text that Ahead has returned. The text must be a value.
func (r *Reader) Discard(text []byte) { r.next += len(text) }

// Peek returns the kind of the next value as its first byte: '{', '[', '"', 't',
// 'f', 'n', and '0' for any number. It returns ']' or '}' at the end of an array or
// object, and a zero byte at the end of the document and after an error. Any other
// byte is not valid JSON.
func (r *Reader) Peek() byte {
	c := r.peek()
	if c == '-' || isDigit(c) {
		return '0'
	}
	return c
}

// Members reads an object and yields the name of each member. The caller must read
// the value of the member; the name is valid until then. A value of another kind
// has no members.
func (r *Reader) Members() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !r.enter('{') {
			return
		}
		for first := true; r.another('}', first); first = false {
			if name := r.name(); r.err != nil || !yield(name) {
				return
			}
		}
	}
}

// Elements reads an array and yields once for each element, which the caller must
// read. A value of another kind has no elements.
func (r *Reader) Elements() iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		if !r.enter('[') {
			return
		}
		for first := true; r.another(']', first); first = false {
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

// enter reads the bracket that begins an object or array. A document of another
// kind is an error; a value within it is skipped.
func (r *Reader) enter(bracket byte) bool {
	switch kind := r.Peek(); {
	case kind == bracket:
		r.open()
	case r.depth == 0 && kindName(kind) != "":
		r.fail(fmt.Errorf("the response is %s instead of %s", kindName(kind), kindName(bracket)))
	default:
		r.Mismatch()
		return false
	}
	return r.err == nil
}

// Skip skips a value of any kind.
func (r *Reader) Skip() {
	switch r.Peek() {
	case '{':
		for range r.Members() {
			r.Skip()
		}
	case '[':
		for range r.Elements() {
			r.skipWholeNumbers()
			r.Skip()
		}
	case '"':
		r.string()
	case '0':
		r.number()
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		r.unexpected()
	}
}

// kindName describes what Peek returns. It is empty for what is not a value.
func kindName(kind byte) string {
	switch kind {
	case '{':
		return "a JSON object"
	case '[':
		return "a JSON array"
	case '"':
		return "a JSON string"
	case '0':
		return "a JSON number"
	case 't', 'f':
		return "a JSON boolean"
	case 'n':
		return "null"
	default:
		return ""
	}
}

// Mismatch skips a value and counts it as invalid.
func (r *Reader) Mismatch() {
	r.invalid++
	r.Skip()
}
