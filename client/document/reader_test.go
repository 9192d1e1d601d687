package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client/value"
)

// anyValue reads any value, as encoding/json reads into an any with
// UseNumber.
func (r *Reader) anyValue() any {
	switch r.Peek() {
	case '{':
		object := map[string]any{}
		for name := range r.Members() {
			key := string(name)
			object[key] = r.anyValue()
		}
		return object
	case '[':
		array := []any{}
		for range r.Elements() {
			array = append(array, r.anyValue())
		}
		return array
	case '"':
		return r.Text()
	case 't', 'f':
		return r.Flag() == value.Of(1)
	case '0':
		return json.Number(r.number())
	default:
		r.Skip()
		return nil
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":[1,2,{"c":null}],"d":"x\n\u00e9\ud83d\ude00\ud83dx\ud83d\n","e":-1.5e+3,"f":true,"g":false}`,
		`[]`, `{}`, ` [ ] `, `"`, `{"a"`, `{"a":`, `{"a":1,}`, `[1,]`, `01`, `-`, `1.`, `.5`, `1e`, `tru`, `nul`, `"\x"`, "\"\x01\"", "\"\xff\"", `1 2`, `{"a":1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		want, wantErr := decodeAny(document)
		for _, source := range []io.Reader{bytes.NewReader(document), iotest.OneByteReader(bytes.NewReader(document))} {
			r := NewReader(source, 0)
			got := r.anyValue()
			err := r.Finish()
			if errors.Is(err, errLong) {
				return
			}
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%q: got %v, encoding/json %v", document, err, wantErr)
			}
			if err == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: got %#v, want %#v", document, got, want)
			}
		}
	})
}

// decodeAny is what encoding/json makes of a document.
func decodeAny(document []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errSyntax
	}
	return value, nil
}

func BenchmarkReader(b *testing.B) {
	doc := []byte("[" + strings.TrimSuffix(strings.Repeat(`{"id":0,"server":"10.0.0.1:80","name":"10.0.0.1:80","backup":false,"weight":5,"state":"up","active":4,"requests":610234,"responses":{"1xx":0,"2xx":600100,"codes":{"200":600100}},"sent":402345678},`, 20000), ",") + "]")
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(doc), 0)
		r.Skip()
		if err := r.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

// Skipping whole numbers finds each mistake at each place of an array, wherever the
// buffer ends.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	for _, middle := range []string{
		"1", "0", "10", "0,0", "0,1", "1,0,2", "12345678901234567890", "01", "00", "1,01", "0,00", "1,,2", ",", "1,", "1,,", "-1", "-", "1.5", "1e3", "1 ,2", "1, 2",
		" ", "x", "1x", "/", ":", "\xff", "\xb1", "\xac", "1]", "1,]", "1,[2]", "1,{}", `1,"2"`, "null",
	} {
		for before := range 18 {
			for after := range 18 {
				text := "[" + strings.Repeat("7", before) + strings.Repeat(",8", before%3) + "," + middle + strings.Repeat(",9", after/2) + strings.Repeat("6", after%2) + "]"
				if before == 0 {
					text = "[" + middle + strings.Repeat(",9", after) + "]"
				}
				for _, source := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.HalfReader(strings.NewReader(text))} {
					r := NewReader(source, 0)
					r.Skip()
					if err := r.Finish(); (err == nil) != json.Valid([]byte(text)) {
						t.Errorf("%q: got %v", text, err)
					}
				}
			}
		}
	}
}
