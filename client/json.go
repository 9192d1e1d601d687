package client

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

// scanner reads one JSON document while it streams in, and never holds more of
// it than a window. Each method reads one value; where another kind of value
// stands it reads over it and returns nothing, so that a bad member costs
// itself. What is no JSON ends the whole document: see finish.
//
// It takes and refuses what encoding/json takes and refuses, in a seventh of
// the time and without a tree of values; a fuzz target holds the two equal.
type scanner struct {
	source io.Reader
	window []byte
	next   int // what was read and not yet used is window[next:end]
	end    int
	depth  int
	text   []byte            // the last string or number, if it did not lie in one piece
	words  map[string]string // see intern
	today  day
	unfit  int   // values that were of another kind than asked for
	used   int   // bytes read
	made   int   // bytes of memory of the objects, see charge
	most   int64 // bound of made, if above zero

	// What the documents have many of; nil until one comes.
	peers, checks       *object[*PlusPeer]
	tls, verifyFailures *object[*PlusTLS]
	responses           *object[*PlusResponses]

	// Memory of the documents, which it outlives.
	codes           []PlusCode // in use while one object is read
	codeMemory      pieces[PlusCode]
	slots           []PlusSlot // likewise
	slotMemory      pieces[PlusSlot]
	tlsMemory       pieces[PlusTLS]
	peerMemory      pieces[PlusPeer]
	histogramMemory pieces[PlusHistogram]
	bounds          [][]float64 // see PlusHistogram
	counts          pieces[float64]
	err             error // the first thing that was wrong
}

const (
	windowSize = 32 << 10
	maxDepth   = 64
	maxText    = 1 << 20 // of one string or number, in bytes
	maxMade    = 16 << 20
)

var (
	errSyntax = errors.New("the answer is not JSON")
	errDeep   = fmt.Errorf("the answer is nested deeper than %d", maxDepth)
	errMany   = errors.New("the answer has more objects than its length explains")
	errLong   = fmt.Errorf("the answer has a string of more than %d bytes", maxText)
)

func newScanner(source io.Reader) *scanner {
	return &scanner{source: source, window: make([]byte, windowSize)}
}

// finish tells what was wrong with the document, more text after its value
// included.
func (s *scanner) finish() error {
	if s.peek() != 0 || s.next < s.end {
		s.fail(errSyntax)
	}
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// fail ends the document: nothing can be read any more.
func (s *scanner) fail(err error) {
	if s.err == nil || errors.Is(s.err, io.EOF) {
		s.err = err
	}
	s.next, s.end = 0, 0
}

// charge notes memory that the objects take. What a server tells of an object
// is longer than the memory for it; a document of which that is not true, and
// which is not small, is made to fill the memory. Nor may the objects of any
// document take more than its bound.
func (s *scanner) charge(bytes int) {
	switch s.made += bytes; {
	case s.made > maxMade+s.used:
		s.fail(errMany)
	case s.most > 0 && int64(s.made) > s.most:
		s.fail(&Error{Reason: ReasonTooLarge, Err: fmt.Errorf("the objects of the answer take more than %d bytes of memory", s.most)})
	}
}

// cut is a document that ends too early.
func (s *scanner) cut() {
	if errors.Is(s.err, io.EOF) {
		s.fail(fmt.Errorf("the answer breaks off: %w", io.ErrUnexpectedEOF))
	}
}

// fill reads more into the window, all of which has been used.
func (s *scanner) fill() bool {
	if s.err != nil {
		return false
	}
	s.next, s.end = 0, 0
	for s.end == 0 && s.err == nil {
		s.end, s.err = s.source.Read(s.window)
	}
	s.used += s.end
	if s.end > 0 && s.err != nil && !errors.Is(s.err, io.EOF) {
		s.end = 0 // what came with an error is of no use
	}
	return s.end > 0
}

// peek returns the next byte that is no white space, 0 if there is none.
func (s *scanner) peek() byte {
	if s.next < s.end && s.window[s.next] > ' ' {
		return s.window[s.next] // the usual case, which callers inline
	}
	return s.look()
}

// look is peek where white space may have to be passed, or more be read.
func (s *scanner) look() byte {
	for {
		for ; s.next < s.end; s.next++ {
			switch c := s.window[s.next]; c {
			case ' ', '\n', '\t', '\r':
			default:
				return c
			}
		}
		if !s.more() {
			return 0
		}
	}
}

// more makes sure that there is a byte to use.
func (s *scanner) more() bool {
	if s.next < s.end {
		return true
	}
	if s.err != nil {
		return false
	}
	return s.fill()
}

// take uses the next byte that is no white space, which has to be c.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		if s.next < s.end {
			s.fail(errSyntax)
		} else {
			s.cut()
		}
		return false
	}
	s.next++
	return true
}

// members reads an object and yields the name of each member. The caller reads
// the member's value before it goes on; the name is gone by then. Anything
// else than an object has no members.
func (s *scanner) members() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !s.opens() {
			return
		}
		for first := true; s.another('}', first); first = false {
			name, ok := s.memberName()
			if !ok || !yield(name) {
				return
			}
		}
	}
}

// opens uses the brace that begins an object. Anything else it reads over.
func (s *scanner) opens() bool {
	if s.peek() != '{' {
		s.misfit()
		return false
	}
	return s.enter()
}

// memberName reads the name of a member and the colon after it.
func (s *scanner) memberName() ([]byte, bool) {
	if s.peek() != '"' {
		s.take('"') // which fails, and tells how
		return nil, false
	}
	name := s.rawString()
	broken := s.err != nil && !errors.Is(s.err, io.EOF)
	return name, !broken && s.colon(&name)
}

// colon uses the colon after a name. Finding it may move the window, so the
// name is put aside if it lies there.
func (s *scanner) colon(name *[]byte) bool {
	if s.next < s.end && s.window[s.next] == ':' {
		s.next++
		return true
	}
	s.text = append(s.text[:0], *name...)
	*name = s.text
	return s.take(':')
}

// elements reads an array and yields once for each element, which the caller
// reads. Anything else than an array has none.
func (s *scanner) elements() iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		if s.peek() != '[' {
			s.misfit()
			return
		}
		if !s.enter() {
			return
		}
		for first := true; s.another(']', first); first = false {
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

// enter uses the bracket that begins an object or array.
func (s *scanner) enter() bool {
	s.next++
	if s.depth++; s.depth > maxDepth {
		s.fail(errDeep)
		return false
	}
	return true
}

// another reports whether a further member or element follows, and uses what
// parts it from the one before or ends them all.
func (s *scanner) another(closing byte, first bool) bool {
	switch c := s.peek(); {
	case c == ',' && !first:
		s.next++
		return true
	case c == closing:
		s.next++
		s.depth--
		return false
	case first && s.next < s.end:
		return true
	case first:
		s.cut()
		return false
	default:
		return s.take(',')
	}
}

// skip reads over a value of any kind.
func (s *scanner) skip() {
	switch c := s.peek(); c {
	case '{':
		for range s.members() {
			s.skip()
		}
	case '[':
		for range s.elements() {
			s.skip()
		}
	case '"':
		s.rawString()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		if _, ok := s.whole(); ok {
			return
		}
		if c == '-' || isDigit(c) {
			s.rawNumber()
		} else {
			s.take('"') // which fails, and tells how
		}
	}
}

func (s *scanner) literal(word string) {
	for i := range len(word) {
		if !s.more() {
			s.cut()
			return
		}
		if s.window[s.next] != word[i] {
			s.fail(errSyntax)
			return
		}
		s.next++
	}
}
