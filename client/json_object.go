package client

import "nginx-exporter/client/value"

// member is one member of an object of the API, and what is done with its
// value: it is a count, or read has it read, or it is of no use if both are nil.
//
// T is always a pointer, so that there is one copy of the code for all of them.
type member[T any] struct {
	key   string // the name as it stands in a document, with the colon; it needs no escaping
	count func(T) *value.Value
	read  func(s *scanner, into T)
}

// name is the key without quotation marks and colon.
func (m *member[T]) name() string { return m.key[1 : len(m.key)-len(`":`)] }

// object reads objects of one kind, of which a document can have a hundred
// thousand. nginx writes the members of all of them in the same order, so it
// looks whether the next member is the one that came next the last time, and
// need not find out which one it is.
type object[T any] struct {
	members []member[T]
	after   []uint8 // after[i] is what follows member i-1; after[0] comes first
}

func newObject[T any](members []member[T]) *object[T] {
	o := &object[T]{members, make([]uint8, len(members)+1)}
	for i := range members {
		o.after[i] = uint8(i) // the tables are short
	}
	return o
}

// decode reads an object; anything else has no members.
func (o *object[T]) decode(s *scanner, into T) {
	if !s.opens() {
		return
	}
	for before, first := 0, true; ; first = false {
		i := int(o.after[before])
		if !s.passes(o.members[i].key, first) {
			if !s.another('}', first) {
				return
			}
			name, ok := s.memberName()
			if !ok {
				return
			}
			if i = o.find(name, i); i < 0 {
				s.skip()
				continue
			}
			o.after[before] = uint8(i)
		}
		before = i + 1
		switch m := &o.members[i]; {
		case m.count != nil:
			*m.count(into) = s.count()
		case m.read != nil:
			m.read(s, into)
		default:
			s.skip()
		}
	}
}

// find returns the number of the member of that name, -1 if there is none. It
// begins where it most likely is.
func (o *object[T]) find(name []byte, likely int) int {
	for range o.members {
		if o.members[likely].name() == string(name) {
			return likely
		}
		if likely++; likely == len(o.members) {
			likely = 0
		}
	}
	return -1
}

// passes uses the beginning of a member, up to the colon, if it is the one of
// that key, with the comma before it and without white space, and lies in one
// piece in the window.
func (s *scanner) passes(key string, first bool) bool {
	rest := s.window[s.next:s.end]
	at := 0
	if !first {
		if at = 1; len(rest) == 0 || rest[0] != ',' {
			return false
		}
	}
	end := at + len(key)
	if len(rest) < end || string(rest[at:end]) != key {
		return false
	}
	s.next += end
	return true
}
