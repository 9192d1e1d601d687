package collector

import (
	"bytes"
	"hash/maphash"
)

// seen finds objects whose labels are there already, among a hundred thousand
// maybe: it is a hash table that holds nothing but the numbers of the objects.
type seen struct {
	seed  maphash.Seed
	slots []uint32 // numbers of objects, from 1 on; a power of two of them
}

// newSeen returns what finds duplicates among n objects, nil if there can be
// none.
func newSeen(n int) *seen {
	if n < 2 {
		return nil
	}
	slots := 4
	for slots < 2*n { // so that half of them stay empty
		slots *= 2
	}
	return &seen{seed: maphash.MakeSeed(), slots: make([]uint32, slots)}
}

// twice reports whether the labels are those of an object before, whose labels
// the function returns by their number. If not, they are noted under number,
// the next one.
func (s *seen) twice(labels []byte, number int, before func(number int) []byte) bool {
	if s == nil {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for at := maphash.Bytes(s.seed, labels) & mask; ; at = (at + 1) & mask {
		other := s.slots[at]
		if other == 0 {
			s.slots[at] = uint32(number) + 1 // documents are bounded far below
			return false
		}
		if bytes.Equal(before(int(other)-1), labels) {
			return true
		}
	}
}
