package angie

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// List is a part with named objects of one kind, in the order of the tree.
type List[T any, P listed[T]] struct {
	All []P
}

// listed is an object of a List.
type listed[T any] interface {
	*T
	named(name string)
	decode(d *document.Reader)
}

func (l *List[T, P]) decode(d *document.Reader) {
	for name := range d.Members() {
		object := P(new(T))
		d.Charge(int(unsafe.Sizeof(*object)))
		object.named(d.Keep(name))
		object.decode(d)
		l.All = append(l.All, object)
	}
}

// when reads a time as Unix seconds: in ISO 8601, or a number with the argument
// date=epoch.
func when(d *document.Reader) value.Value {
	if d.Peek() == '0' {
		return d.Count()
	}
	return d.Time()
}
