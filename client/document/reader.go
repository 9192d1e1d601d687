// Package document reads the JSON documents of status interfaces as a stream,
// within bounds of text and memory. It knows no document.
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

// Reader reads one JSON document while it streams in. Each method reads one
// value. A value of another kind is skipped, counted as invalid and returned as
// absent, so that one bad member costs no other. The first error ends the whole
// document: no value follows, and [Reader.Finish] returns it.
//
// Member names that are there twice and text that is not UTF-8 are accepted, as
// encoding/json does.
type Reader struct {
	tokens    *jsontext.Decoder
	source    source
	text      []byte // the last string, if it had to be decoded
	invalid   int
	objects   int64 // bytes of memory, see Charge
	maxMemory int64 // bound of objects, if above zero
	err       error
}

// source is where a document comes from. It bounds how much the tokenizer must
// hold at once: one incomplete token and the white space before it.
type source struct {
	io.Reader
	tokens *jsontext.Decoder
	read   int64 // bytes
	err    error // of the reader, or errLong
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
		return 0, err // what came with it may be broken
	}
	return n, err
}

// NewReader returns a Reader of the document that comes from a source. The
// objects made of it may take maxMemory bytes, see [Reader.Charge]; zero means
// no bound but that of their number.
func NewReader(from io.Reader, maxMemory int64) *Reader {
	r := &Reader{tokens: new(jsontext.Decoder)}
	r.Reset(from, maxMemory)
	return r
}

// Reset makes the Reader read another document, as if it were new. It keeps
// nothing of the last one but its buffers.
func (r *Reader) Reset(from io.Reader, maxMemory int64) {
	*r = Reader{tokens: r.tokens, text: r.text[:0], maxMemory: maxMemory}
	r.source = source{Reader: from, tokens: r.tokens}
	r.tokens.Reset(&r.source, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Invalid returns how many values were of another kind than was asked for, or
// out of range.
func (r *Reader) Invalid() int { return r.invalid }

// MarkInvalid counts a value as invalid that the caller has read.
func (r *Reader) MarkInvalid() { r.invalid++ }

// Finish returns what was wrong with the document, including text after its
// value, or the error of its source.
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

// fail ends the document with an error, of the tokenizer or another one.
func (r *Reader) fail(err error) {
	var syntax *jsontext.SyntacticError
	switch isSyntax := errors.As(err, &syntax); {
	case r.err != nil:
	case r.source.err != nil:
		r.err = r.source.err // without what the tokenizer puts before it
	case err == io.EOF, isSyntax && syntax.Err == io.ErrUnexpectedEOF: //nolint:errorlint // of the tokenizer, not of the source
		r.err = fmt.Errorf("the response is incomplete: %w", io.ErrUnexpectedEOF)
	case isSyntax:
		r.err = errSyntax // its own text has names of members
	default:
		r.err = err
	}
}

// Charge adds to the memory that the objects of the document take, in bytes.
// It ends documents whose objects take 16 MiB more than the text read so far,
// which no real one does, or more than the bound of the Reader.
func (r *Reader) Charge(bytes int) {
	switch r.objects += int64(bytes); {
	case r.objects > maxObjects+r.source.read:
		r.fail(errMany)
	case r.maxMemory > 0 && r.objects > r.maxMemory:
		r.fail(fmt.Errorf("%w: its objects take more than %d bytes of memory", ErrTooLarge, r.maxMemory))
	}
}

// Peek returns the kind of the value that is next: { [ " 0 t f n, ] and } for
// the end of an array or object, 0 if there is none or no JSON.
func (r *Reader) Peek() byte {
	if r.err != nil {
		return 0
	}
	return byte(r.tokens.PeekKind())
}

// Members reads an object and yields the name of each member. The caller reads
// the member's value before it goes on; the name is valid until then. Anything
// else than an object has no members.
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

// Elements reads an array and yields once for each element, which the caller
// reads. Anything else than an array has none.
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
		r.token() // the bracket, or what is wrong
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

// Skip reads over a value of any kind.
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

// Mismatch skips a value that is of another kind than was asked for, and counts
// it as invalid.
func (r *Reader) Mismatch() {
	r.invalid++
	r.Skip()
}
