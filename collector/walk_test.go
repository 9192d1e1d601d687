package collector

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// walker looks into a table of whatever type.
type walker interface {
	// document names the type of its objects.
	document() string
	// known returns the further label of row i, and those of its values that
	// do not depend on the document.
	known(i int) (label string, values []string)
	// fields returns the fields of package client in the table's objects, and
	// whether changing each changes what the table makes of them. It does not
	// go into the given documents where there are many of them: they have
	// tables of their own.
	fields(documents map[string]bool) map[string]bool
	// filled returns a page of one object in which everything has a value.
	filled(documents map[string]bool, target []Label) *Page
	// empty returns a page of one object in which nothing has a value, nil if
	// the object is not as the client makes it.
	empty(target []Label) *Page
}

func walk(tb testing.TB, table anyTable) walker {
	tb.Helper()
	w, ok := table.(walker)
	if !ok {
		tb.Fatalf("%T is no table[T]", table)
	}
	return w
}

func (t *table[T]) document() string { return reflect.TypeFor[T]().Elem().String() }

func (t *table[T]) known(i int) (label string, values []string) {
	r := &t.rows[i]
	for _, p := range r.parts {
		values = append(values, p.label)
	}
	return r.label, values
}

func (t *table[T]) filled(documents map[string]bool, target []Label) *Page {
	object := newObject[T]()
	fill(reflect.ValueOf(object).Elem(), documents)
	return pageOf(t, target, object)
}

func (t *table[T]) empty(target []Label) *Page {
	if !isClients(reflect.TypeFor[T]().Elem()) {
		return nil
	}
	object := newObject[T]()
	if server, ok := any(object).(*plus.Peer); ok {
		server.Upstream = &plus.Upstream{} // each has one
	}
	return pageOf(t, target, object)
}

// newObject returns an empty object.
func newObject[T any]() T {
	object, _ := reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T)
	return object
}

func isClients(t reflect.Type) bool { return strings.HasSuffix(t.PkgPath(), "/client") }

func (t *table[T]) fields(documents map[string]bool) map[string]bool {
	object := newObject[T]()
	f := &fieldWalk{documents: documents, used: map[string]bool{}}
	f.render = func() []byte {
		var (
			text    []byte
			dropped Dropped
		)
		b := t.bind(t.layouts(nil), &dropped, object)
		for i := range t.rows {
			text, _, _ = b.appendText(text, t.rows[i].name, i, 0)
			text = append(text, '\n')
		}
		return text
	}
	fill(reflect.ValueOf(object).Elem(), documents)
	f.visit(reflect.ValueOf(object).Elem(), "")
	return f.used
}

// fieldWalk changes one field after another and looks whether that shows.
type fieldWalk struct {
	documents map[string]bool
	render    func() []byte
	used      map[string]bool
}

func (f *fieldWalk) visit(v reflect.Value, name string) {
	v = settable(v)
	switch {
	case v.Type() == reflect.TypeFor[value.Value]():
		f.try(v, name, reflect.ValueOf(value.Of(4711)))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f.visit(v.Field(i), fieldName(v.Type(), i))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		f.visit(v.Elem(), name)
	case isMany(v) && f.documents[element(v.Type()).String()]:
		// Each of them has its own place in a table.
	case v.Kind() == reflect.Slice && v.Len() > 0, v.Kind() == reflect.Array:
		for i := range v.Len() {
			f.visit(v.Index(i), name)
		}
	case v.Kind() == reflect.Map || v.Kind() == reflect.Slice:
		f.try(v, name, reflect.Zero(v.Type()))
	case v.CanFloat():
		f.try(v, name, reflect.ValueOf(4711.0).Convert(v.Type()))
	case v.CanInt(), v.CanUint():
		f.try(v, name, reflect.ValueOf(99).Convert(v.Type()))
	case v.Kind() == reflect.String:
		f.try(v, name, reflect.ValueOf("changed").Convert(v.Type()))
	case v.Kind() == reflect.Bool:
		f.try(v, name, reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	}
}

// try changes a field and changes it back.
func (f *fieldWalk) try(v reflect.Value, name string, to reflect.Value) {
	if name == "" {
		return
	}
	before, was := f.render(), reflect.ValueOf(v.Interface())
	v.Set(to)
	f.used[name] = f.used[name] || !bytes.Equal(f.render(), before)
	v.Set(was)
}

// fieldName names a field of package client; others have no name here.
func fieldName(of reflect.Type, i int) string {
	if !isClients(of) || !of.Field(i).IsExported() || strings.HasPrefix(of.Name(), "PlusZones[") {
		return "" // what the zones of a document hold has a table of its own
	}
	return of.Name() + "." + of.Field(i).Name
}

// fill gives a value to everything in an object, so that no field is hidden by
// another one that is absent.
func fill(v reflect.Value, documents map[string]bool) {
	v = settable(v)
	switch {
	case v.Type() == reflect.TypeFor[value.Value]():
		v.Set(reflect.ValueOf(value.Of(1)))
	case v.Kind() == reflect.Struct && !isOurs(v.Type()):
		// It is of one piece, such as a time.
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), documents)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), documents)
	case v.Kind() == reflect.Slice && !documents[element(v.Type()).String()]:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), documents)
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), documents)
		}
	case v.Kind() == reflect.Map && !documents[element(v.Type()).String()]:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, documents)
		fill(value, documents)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case v.CanFloat():
		v.SetFloat(1)
	case v.CanInt():
		v.SetInt(1)
	case v.CanUint():
		v.SetUint(1)
	case v.Kind() == reflect.String:
		v.SetString("filled")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	}
}

func isMany(v reflect.Value) bool { return v.Kind() == reflect.Slice || v.Kind() == reflect.Map }

func isOurs(t reflect.Type) bool { return strings.HasPrefix(t.PkgPath(), "nginx-exporter/") }

func element(t reflect.Type) reflect.Type {
	t = t.Elem()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// settable returns the same place without the protection of unexported fields.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
