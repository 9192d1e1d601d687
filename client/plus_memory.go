package client

import "unsafe"

// pieces hands out values that lie side by side in memory, a piece of them at
// a time: a document can hold a hundred thousand, and each allocation of its
// own would cost more than its decoding.
//
// Pieces grow with the document, so that a small one costs little.
type pieces[T any] struct {
	free   []T
	length int // of the last piece
}

const (
	firstPiece   = 4
	longestPiece = 256
)

// grow makes a piece of n values for the document, or more.
func (p *pieces[T]) grow(s *scanner, n int) {
	var value T
	p.length = max(n, min(max(2*p.length, firstPiece), longestPiece))
	s.charge(p.length * int(unsafe.Sizeof(value)))
	p.free = make([]T, p.length)
}

// next returns a value that nobody else has.
func (p *pieces[T]) next(s *scanner) *T {
	if len(p.free) == 0 {
		p.grow(s, 1)
	}
	value := &p.free[0]
	p.free = p.free[1:]
	return value
}

// keep returns a copy of the values.
func (p *pieces[T]) keep(s *scanner, values []T) []T {
	if len(values) == 0 {
		return nil
	}
	if len(p.free) < len(values) {
		p.grow(s, len(values))
	}
	n := copy(p.free, values)
	kept := p.free[:n:n]
	p.free = p.free[n:]
	return kept
}

// PlusZones are objects of one kind by their names, in the order of the API.
type PlusZones[T any, P plusZone[T]] struct {
	All []P
}

// plusZone is a document that has a name.
type plusZone[T any] interface {
	*T
	named(name string)
	decode(s *scanner)
}

func (z *PlusZones[T, P]) decode(s *scanner) {
	var memory pieces[T]
	for name := range s.members() {
		zone := P(memory.next(s))
		zone.named(string(name))
		zone.decode(s)
		z.All = append(z.All, zone)
	}
}
