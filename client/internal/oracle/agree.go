package oracle

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client"
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Document is what can be decoded.
type Document interface{ Decode(d *document.Reader) }

// Decode decodes a document from any source.
func Decode(source io.Reader, into Document) (invalid int, err error) {
	d := document.NewReader(source, 0)
	into.Decode(d)
	return d.Invalid(), d.Finish()
}

// Agree checks that the decoder of a document and the oracle return the same values,
// or both an error, whatever the size of the pieces in which the text arrives.
func (s *Schema) Agree(t *testing.T, empty func() Document, text []byte) {
	t.Helper()
	want, wantInvalid := empty(), 0
	node, valid := Parse(text)
	array := node.Kind == '[' && slices.Contains(s.Arrays, reflect.TypeOf(want).Elem().Name())
	if valid = valid && (node.Kind == '{' || array); valid {
		wantInvalid = s.expect(want, node)
	}
	for how, source := range readers(text) {
		got := empty()
		invalid, err := Decode(source, got)
		if (err == nil) != valid {
			t.Fatalf("%T %s: %s\ngot error %v, encoding/json takes it: %v", got, how, clipped(string(text)), err, valid)
		}
		if err != nil {
			CheckParse(t, err, text)
			continue
		}
		if invalid != wantInvalid || !reflect.DeepEqual(got, want) {
			t.Fatalf("%T %s: %s\ngot  %s and %d invalid members\nwant %s and %d", got, how, clipped(string(text)),
				clipped(dump(reflect.ValueOf(got))), invalid, clipped(dump(reflect.ValueOf(want))), wantInvalid)
		}
	}
}

// CheckParse checks that an error has the reason parse.
func CheckParse(t *testing.T, err error, text []byte) {
	t.Helper()
	if reason := client.ReasonOf(client.DecodeError(err)); reason != client.ReasonParse {
		t.Errorf("%s: got reason %s for %q", clipped(string(text)), reason, err)
	}
}

// readers return the text in different pieces.
func readers(text []byte) map[string]io.Reader {
	all := map[string]io.Reader{
		"whole":         bytes.NewReader(text),
		"in prime size": &sized{source: bytes.NewReader(text), size: 61},
	}
	const long = 4 << 10
	if len(text) < long {
		all["byte by byte"] = iotest.OneByteReader(bytes.NewReader(text))
		all["with its end"] = iotest.DataErrReader(&pausing{source: bytes.NewReader(text)})
	}
	return all
}

// pausing returns no bytes at every other call, as a reader may.
type pausing struct {
	source io.Reader
	calls  int
}

// Read implements [io.Reader].
func (p *pausing) Read(b []byte) (int, error) {
	if p.calls++; p.calls%2 == 0 {
		return 0, nil
	}
	return p.source.Read(b)
}

// sized returns at most size bytes at once.
type sized struct {
	source io.Reader
	size   int
}

// Read implements [io.Reader].
func (s *sized) Read(b []byte) (int, error) { return s.source.Read(b[:min(len(b), s.size)]) }

// dump formats a document for messages, without the objects that contain others.
func dump(of reflect.Value) string {
	if n, ok := of.Interface().(value.Value); ok {
		return strconv.FormatFloat(n.Float(), 'g', -1, 64)
	}
	var text strings.Builder
	switch of.Kind() {
	case reflect.Pointer:
		if of.IsNil() {
			return "nil"
		}
		return "&" + dump(of.Elem())
	case reflect.Slice:
		for i := range of.Len() {
			text.WriteString(" " + dump(of.Index(i)))
		}
		return "[" + text.String() + " ]"
	case reflect.Struct:
		for i := range of.NumField() {
			field := of.Type().Field(i)
			if owner := field.Type.Kind() == reflect.Pointer && (field.Name == "Upstream" || field.Name == "Zone"); field.IsExported() && !owner && !of.Field(i).IsZero() {
				text.WriteString(" " + field.Name + ":" + dump(of.Field(i)))
			}
		}
		return "{" + text.String() + " }"
	default:
		return fmt.Sprintf("%#v", of.Interface())
	}
}

// clipped shortens a text for messages.
func clipped(text string) string {
	const most = 4000
	if len(text) > most {
		return text[:most] + fmt.Sprintf("... (%d bytes)", len(text))
	}
	return text
}
