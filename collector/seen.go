package collector

import (
	"bytes"
	"hash/maphash"
)

// seen finds objects whose labels are there already. It keeps a hash of the
// labels and no copy of them, since there may be a hundred thousand.
type seen struct {
	seed maphash.Seed
	at   map[uint64]span
}

// span is a piece of a block's text.
type span struct{ start, end uint32 }

// newSeen returns what finds duplicates among n objects, nil if there can be
// none.
func newSeen(n int) *seen {
	if n < 2 {
		return nil
	}
	return &seen{seed: maphash.MakeSeed(), at: make(map[uint64]span, n)}
}

// twice reports whether the labels at the span stood in the text before.
func (s *seen) twice(text []byte, at span) bool {
	if s == nil {
		return false
	}
	labels := text[at.start:at.end]
	hash := maphash.Bytes(s.seed, labels)
	if first, found := s.at[hash]; found {
		return bytes.Equal(text[first.start:first.end], labels)
	}
	s.at[hash] = at
	return false
}
