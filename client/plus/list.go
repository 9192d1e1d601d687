package plus

import (
	"unsafe"

	"nginx-exporter/client/document"
)

// List is a document with named objects of one kind, in the order of the API.
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
