package client

// member is one member of an object of the API, and what is done with its
// value: it is a count, or read has it read, or it is of no use if both are nil.
//
// T is always a pointer, so that there is one copy of the code for all of them.
type member[T any] struct {
	name  string
	count func(T) *Number
	read  func(s *scanner, into T)
}

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
		i, more := o.next(s, before, first)
		switch {
		case !more:
			return
		case i < 0:
			s.skip()
			continue
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

// next reads the name of the next member, if there is one, and returns which
// it is, -1 for one that is in no table. It comes after member before-1.
func (o *object[T]) next(s *scanner, before int, first bool) (i int, more bool) {
	expected := int(o.after[before])
	if s.passes(o.members[expected].name, first) {
		return expected, true
	}
	if !s.another('}', first) {
		return 0, false
	}
	name, ok := s.memberName()
	if !ok {
		return 0, false
	}
	for range o.members { // beginning where it most likely is
		if o.members[expected].name == string(name) {
			o.after[before] = uint8(expected)
			return expected, true
		}
		if expected++; expected == len(o.members) {
			expected = 0
		}
	}
	return -1, true
}

// passes uses the beginning of a member, up to the colon, if it is the one of
// that name, written without white space and in one piece in the window. The
// name is one that needs no escaping.
func (s *scanner) passes(name string, first bool) bool {
	rest := s.window[s.next:s.end]
	if !first {
		if len(rest) == 0 || rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	end := len(name) + 1 // of the name, where its quotation mark is
	if len(rest) < end+2 || rest[0] != '"' || string(rest[1:end]) != name || rest[end] != '"' || rest[end+1] != ':' {
		return false
	}
	s.next = s.end - len(rest) + end + 2
	return true
}
