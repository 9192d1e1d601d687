package document

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

// Reader reads one JSON document while it streams in, and never holds more of
// it than a window. Each method reads one value. A value of another kind is
// skipped, counted as invalid and returned as absent, so that one bad member
// costs no other. What is not JSON ends the whole document: see [Reader.Finish].
//
// It accepts and refuses what encoding/json accepts and refuses, except for the
// bounds of depth, length and memory; a fuzz target holds the two equal.
type Reader struct {
	source  io.Reader
	window  []byte
	next    int // what was read and not yet used is window[next:end]
	end     int
	depth   int
	text    []byte            // the last string or number, if it did not lie in one piece
	words   map[string]string // see Intern
	today   day
	invalid int   // values that were of another kind than asked for
	used    int   // bytes read
	made    int   // bytes of memory of the objects, see Charge
	most    int64 // bound of made, if above zero
	err     error // the first thing that was wrong
}

// MaxDepth is how deep objects and arrays of a document may be nested.
const MaxDepth = 64

const (
	windowSize = 32 << 10
	maxText    = 1 << 20 // of one string or number, in bytes
	maxMade    = 16 << 20
)

var (
	errSyntax = errors.New("the answer is not JSON")
	errKind   = errors.New("the answer is neither an object nor a list")
	errDeep   = fmt.Errorf("the answer is nested deeper than %d", MaxDepth)
	errMany   = errors.New("the answer has more objects than its length explains")
	errLong   = fmt.Errorf("the answer has a string of more than %d bytes", maxText)
)

// ErrTooLarge is the error of a document whose objects would take more memory
// than allowed.
var ErrTooLarge = errors.New("the answer takes too much memory")

// NewReader returns a Reader of the document that comes from source. The
// objects made of it may take maxMemory bytes, see [Reader.Charge]; zero means
// no bound but that of their number.
func NewReader(source io.Reader, maxMemory int64) *Reader {
	r := new(Reader)
	r.Reset(source, maxMemory)
	return r
}

// Reset makes the Reader read another document, as if it were new. It keeps
// nothing of the last one but a buffer.
func (r *Reader) Reset(source io.Reader, maxMemory int64) {
	window := r.window
	if window == nil {
		window = make([]byte, windowSize)
	}
	*r = Reader{source: source, window: window, most: maxMemory}
}

// Invalid returns how many values were of another kind than was asked for, or
// out of range.
func (r *Reader) Invalid() int { return r.invalid }

// MarkInvalid counts a value as invalid that the caller has read.
func (r *Reader) MarkInvalid() { r.invalid++ }

// Finish returns what was wrong with the document, including text after its
// value, or the error of its source.
func (r *Reader) Finish() error {
	if r.Peek() != 0 || r.next < r.end {
		r.fail(errSyntax)
	}
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// fail ends the document: nothing can be read any more.
func (r *Reader) fail(err error) {
	if r.err == nil || errors.Is(r.err, io.EOF) {
		r.err = err
	}
	r.next, r.end = 0, 0
}

// Charge adds to the memory that the objects of the document take, in bytes.
// It ends documents whose objects take 16 MiB more than the text read so far,
// which no real one does, or more than the bound of the Reader.
func (r *Reader) Charge(bytes int) {
	switch r.made += bytes; {
	case r.made > maxMade+r.used:
		r.fail(errMany)
	case r.most > 0 && int64(r.made) > r.most:
		r.fail(fmt.Errorf("%w: its objects take more than %d bytes of memory", ErrTooLarge, r.most))
	}
}

// cut is a document that ends too early.
func (r *Reader) cut() {
	if errors.Is(r.err, io.EOF) {
		r.fail(fmt.Errorf("the answer breaks off: %w", io.ErrUnexpectedEOF))
	}
}

// fill reads more into the window, all of which has been used.
func (r *Reader) fill() bool {
	if r.err != nil {
		return false
	}
	r.next, r.end = 0, 0
	for r.end == 0 && r.err == nil {
		r.end, r.err = r.source.Read(r.window)
	}
	r.used += r.end
	if r.end > 0 && r.err != nil && !errors.Is(r.err, io.EOF) {
		r.end = 0 // what came with an error is of no use
	}
	return r.end > 0
}

// Peek returns the next byte that is not white space, 0 if there is none: it
// tells the kind of the value that is next.
func (r *Reader) Peek() byte {
	if r.next < r.end && r.window[r.next] > ' ' {
		return r.window[r.next] // the usual case, which callers inline
	}
	return r.look()
}

// look is peek where white space may have to be passed, or more be read.
func (r *Reader) look() byte {
	for {
		for ; r.next < r.end; r.next++ {
			switch c := r.window[r.next]; c {
			case ' ', '\n', '\t', '\r':
			default:
				return c
			}
		}
		if !r.more() {
			return 0
		}
	}
}

// more makes sure that there is a byte to use.
func (r *Reader) more() bool {
	if r.next < r.end {
		return true
	}
	if r.err != nil {
		return false
	}
	return r.fill()
}

// take uses the next byte that is no white space, which has to be c.
func (r *Reader) take(c byte) bool {
	if r.Peek() != c {
		if r.next < r.end {
			r.fail(errSyntax)
		} else {
			r.cut()
		}
		return false
	}
	r.next++
	return true
}

// Members reads an object and yields the name of each member. The caller reads
// the member's value before it goes on; the name is gone by then. Anything
// else than an object has no members.
func (r *Reader) Members() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !r.opens() {
			return
		}
		for first := true; r.another('}', first); first = false {
			name, ok := r.memberName()
			if !ok || !yield(name) {
				return
			}
		}
	}
}

// opens uses the brace that begins an object. Anything else it reads over.
func (r *Reader) opens() bool {
	if r.Peek() != '{' {
		r.Mismatch()
		return false
	}
	return r.enter()
}

// memberName reads the name of a member and the colon after it.
func (r *Reader) memberName() ([]byte, bool) {
	if r.Peek() != '"' {
		r.take('"') // which fails, and tells how
		return nil, false
	}
	name := r.rawString()
	broken := r.err != nil && !errors.Is(r.err, io.EOF)
	return name, !broken && r.colon(&name)
}

// colon uses the colon after a name. Finding it may move the window, so the
// name is put aside if it lies there.
func (r *Reader) colon(name *[]byte) bool {
	if r.next < r.end && r.window[r.next] == ':' {
		r.next++
		return true
	}
	r.text = append(r.text[:0], *name...)
	*name = r.text
	return r.take(':')
}

// Elements reads an array and yields once for each element, which the caller
// reads. Anything else than an array has none.
func (r *Reader) Elements() iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		if r.Peek() != '[' {
			r.Mismatch()
			return
		}
		if !r.enter() {
			return
		}
		for first := true; r.another(']', first); first = false {
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

// enter uses the bracket that begins an object or array.
func (r *Reader) enter() bool {
	r.next++
	if r.depth++; r.depth > MaxDepth {
		r.fail(errDeep)
		return false
	}
	return true
}

// another reports whether a further member or element follows, and uses what
// parts it from the one before or ends them all.
func (r *Reader) another(closing byte, first bool) bool {
	switch c := r.Peek(); {
	case c == ',' && !first:
		r.next++
		return true
	case c == closing:
		r.next++
		r.depth--
		return false
	case first && r.next < r.end:
		return true
	case first:
		r.cut()
		return false
	default:
		return r.take(',')
	}
}

// Skip reads over a value of any kind.
func (r *Reader) Skip() {
	switch c := r.Peek(); c {
	case '{':
		for range r.Members() {
			r.Skip()
		}
	case '[':
		for range r.Elements() {
			r.Skip()
		}
	case '"':
		r.rawString()
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		if _, ok := r.whole(); ok {
			return
		}
		if c == '-' || isDigit(c) {
			r.rawNumber()
		} else {
			r.take('"') // which fails, and tells how
		}
	}
}

func (r *Reader) literal(word string) {
	for i := range len(word) {
		if !r.more() {
			r.cut()
			return
		}
		if r.window[r.next] != word[i] {
			r.fail(errSyntax)
			return
		}
		r.next++
	}
}
