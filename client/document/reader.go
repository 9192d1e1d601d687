// Package document reads JSON documents as a stream, within bounds of text and
// memory. It knows nothing of what they contain.
package document

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of every document.
const (
	maxText    = 1 << 20  // of one string, number or piece of white space, in bytes
	maxObjects = 16 << 20 // of the objects beyond the length of the document, in bytes
)

// ErrTooLarge is the error of a document whose objects would take more memory
// than allowed.
var ErrTooLarge = errors.New("the response takes too much memory")

var (
	errSyntax = errors.New("the response is not valid JSON")
	errMany   = errors.New("the response has too many objects for its length")
	errLong   = fmt.Errorf("the response has a string longer than %d bytes", maxText)
)

// Reader reads one JSON document as a stream. Each method reads one value. A value
// of another kind is skipped, counted as invalid and returned as absent, so that
// an invalid member does not affect others. The first error ends the document:
// no more values are returned, and [Reader.Finish] returns the error.
//
// Like encoding/json it accepts duplicate member names and invalid UTF-8.
type Reader struct {
	tokens    *jsontext.Decoder
	source    source
	text      []byte // the last string, if it had to be decoded
	invalid   int
	objects   int64 // bytes of memory, see Charge
	maxMemory int64 // bound of objects, if above zero
	err       error
}

// source is the source of a document. It bounds what the tokenizer holds in
// memory: one incomplete token and the white space before it.
type source struct {
	io.Reader
	tokens *jsontext.Decoder
	read   int64 // bytes
	err    error // first error of the reader, or errLong
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	held := s.read - s.tokens.InputOffset()
	if held > maxText {
		s.err = errLong
		return 0, s.err
	}
	n, err := s.Reader.Read(p[:min(int64(len(p)), maxText+1-held)])
	s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		return 0, err // data that comes with an error may be corrupt
	}
	return n, err
}

// NewReader returns a Reader of the document from a source. Its objects may take
// maxMemory bytes, see [Reader.Charge]; zero means no such limit.
func NewReader(from io.Reader, maxMemory int64) *Reader {
	r := &Reader{tokens: new(jsontext.Decoder)}
	r.Reset(from, maxMemory)
	return r
}

// Reset prepares the Reader for another document. It keeps only its buffers.
func (r *Reader) Reset(from io.Reader, maxMemory int64) {
	*r = Reader{tokens: r.tokens, text: r.text[:0], maxMemory: maxMemory}
	r.source = source{Reader: from, tokens: r.tokens}
	r.tokens.Reset(&r.source, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Invalid returns the number of values of the wrong kind or out of range.
func (r *Reader) Invalid() int { return r.invalid }

// MarkInvalid counts the last value as invalid.
func (r *Reader) MarkInvalid() { r.invalid++ }

// Finish returns the first error of the document or its source. Text after the
// document is an error.
func (r *Reader) Finish() error {
	if r.err != nil {
		return r.err
	}
	switch _, err := r.tokens.ReadToken(); {
	case err == nil:
		return errSyntax
	case !errors.Is(err, io.EOF):
		r.fail(err)
	}
	return r.err
}

// fail ends the document with an error.
func (r *Reader) fail(err error) {
	var syntax *jsontext.SyntacticError
	switch isSyntax := errors.As(err, &syntax); {
	case r.err != nil:
	case r.source.err != nil:
		r.err = r.source.err // without the prefix of the tokenizer
	case err == io.EOF, isSyntax && syntax.Err == io.ErrUnexpectedEOF: //nolint:errorlint // of the tokenizer, not of the source
		r.err = fmt.Errorf("the response is incomplete: %w", io.ErrUnexpectedEOF)
	case isSyntax:
		r.err = errSyntax // its text may contain names of the document
	default:
		r.err = err
	}
}

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
	case r.objects > maxObjects+r.source.read:
		r.fail(errMany)
	case r.maxMemory > 0 && r.objects > r.maxMemory:
		r.fail(fmt.Errorf("%w: its objects take more than %d bytes of memory", ErrTooLarge, r.maxMemory))
	}
}

// Peek returns the kind of the next value as its first byte: '{', '[', '"', 't',
// 'f', 'n', and '0' for any number. It returns ']' or '}' at the end of an array or
// object, and a zero byte at the end of the document and after an error.
func (r *Reader) Peek() byte {
	if r.err != nil {
		return 0
	}
	return byte(r.tokens.PeekKind())
}

// Members reads an object and yields the name of each member. The caller must read
// the value of the member; the name is valid until then. A value of another kind
// has no members.
func (r *Reader) Members() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !r.enter('{') {
			return
		}
		for r.Peek() != '}' {
			name := r.rawText()
			if r.err != nil || !yield(name) {
				return
			}
		}
		r.token() // the brace
	}
}

// Elements reads an array and yields once for each element, which the caller must
// read. A value of another kind has no elements.
func (r *Reader) Elements() iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		if !r.enter('[') {
			return
		}
		for r.Peek() != ']' && r.Peek() != 0 {
			if !yield(struct{}{}) {
				return
			}
		}
		r.token() // the bracket, or an error
	}
}

// enter reads the bracket that begins an object or array. A document of another
// kind is an error; a value within it is skipped.
func (r *Reader) enter(bracket byte) bool {
	switch kind := r.Peek(); {
	case kind == bracket:
		r.token()
	case kind != 0 && r.tokens.StackDepth() == 0:
		r.fail(fmt.Errorf("the response is %s instead of %s", kindName(kind), kindName(bracket)))
	default:
		r.Mismatch()
		return false
	}
	return r.err == nil
}

func (r *Reader) token() {
	if r.err != nil {
		return
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		r.fail(err)
	}
}

// Skip skips a value of any kind.
func (r *Reader) Skip() {
	if r.err != nil {
		return
	}
	if err := r.tokens.SkipValue(); err != nil {
		r.fail(err)
	}
}

// kindName describes what Peek returns.
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
	default:
		return "null"
	}
}

// Mismatch skips a value and counts it as invalid.
func (r *Reader) Mismatch() {
	r.invalid++
	r.Skip()
}
