// Package api has what the API of NGINX Plus and the status of Angie have in common:
// lists of named objects, and the objects with the same members in both, which come
// from the same module.
//
// It owns the types of these objects and their bounds. It knows nothing of metrics.
package api

import (
	"errors"
	"net/http"
	"unsafe"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
)

// List is a document with named objects of one kind, in the order of the document.
type List[T any, P listed[T]] struct {
	All []P
}

// listed is an object of a List.
type listed[T any] interface {
	*T
	SetName(name string)
	Decode(d *document.Reader)
}

// Decode reads the list, which is the next value of d.
func (l *List[T, P]) Decode(d *document.Reader) {
	for name := range d.Members() {
		object := P(new(T))
		d.Charge(int(unsafe.Sizeof(*object)))
		object.SetName(d.Keep(name))
		object.Decode(d)
		l.All = append(l.All, object)
	}
}

// IsNotFound reports whether the error is a status 404.
func IsNotFound(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// IsNotFoundOrMoved reports whether the error is a status 404 or a redirect, as for a
// path without its trailing slash, or with one too many.
func IsNotFoundOrMoved(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status/100 == 3)
}
