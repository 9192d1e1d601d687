package document

import (
	"errors"
	"strings"
	"testing"

	"nginx-exporter/client/value"
)

// read lets a function read a document.
func read(text string, maxMemory int64, decode func(r *Reader)) (invalid int, err error) {
	r := NewReader(strings.NewReader(text), maxMemory)
	decode(r)
	return r.Invalid(), r.Finish()
}

// Each kind of value, by each method: what is of another kind is absent.
func TestReaderValues(t *testing.T) {
	t.Parallel()
	methods := map[string]func(r *Reader) any{
		"Count":  func(r *Reader) any { return r.Count() },
		"Number": func(r *Reader) any { return r.Number() },
		"Gauge":  func(r *Reader) any { return r.Gauge() },
		"Flag":   func(r *Reader) any { return r.Flag() },
		"Time":   func(r *Reader) any { return r.Time() },
		"Text":   func(r *Reader) any { return r.Text() },
	}
	for text, want := range map[string]map[string]any{
		`7`:                              {"Count": value.Of(7), "Number": value.Of(7), "Gauge": value.Of(7)},
		`0`:                              {"Count": value.Of(0), "Number": value.Of(0), "Gauge": value.Of(0)},
		`9007199254740991`:               {"Count": value.Of(1<<53 - 1), "Number": value.Of(1<<53 - 1), "Gauge": value.Of(1<<53 - 1)},
		`9223372036854775808`:            {"Count": value.Of(1 << 63), "Number": value.Of(1 << 63)},
		`-1`:                             {"Number": value.Of(-1)},
		`"1969-12-31T23:59:59Z"`:         {"Text": "1969-12-31T23:59:59Z"},
		`-7.5e1`:                         {"Number": value.Of(-75)},
		`18446744073709551615`:           {"Count": value.Of(18446744073709551615), "Number": value.Of(18446744073709551615)},
		`18446744073709551616`:           {},
		`1e999`:                          {},
		`true`:                           {"Flag": value.Of(1)},
		`false`:                          {"Flag": value.Of(0)},
		`null`:                           {},
		`{"a":[1,"x"]}`:                  {},
		`[{"a":1}]`:                      {},
		`"a\u00e9\ud83d\ude00\n\ud83d"`:  {"Text": "aé😀\n\ufffd"},
		"\"\xff\"":                       {"Text": "\ufffd"},
		`"2026-07-02T09:16:31Z"`:         {"Text": "2026-07-02T09:16:31Z", "Time": value.Of(1782983791)},
		`"2026-07-02T09:16:31.25+02:00"`: {"Text": "2026-07-02T09:16:31.25+02:00", "Time": value.Of(1782976591.25)},
	} {
		for name, method := range methods {
			expected, known := want[name]
			wantInvalid := 0
			if !known {
				wantInvalid = 1
				if expected = any(value.Value{}); name == "Text" {
					expected = ""
				}
			}
			var got any
			invalid, err := read("["+text+"]", 0, func(r *Reader) {
				for range r.Elements() {
					got = method(r)
				}
			})
			if got != expected || invalid != wantInvalid || err != nil {
				t.Errorf("%s of %s: got %v, %d invalid, %v; want %v", name, text, got, invalid, err, expected)
			}
		}
	}
}

// Objects that take more memory than their text explains end the document, and
// so do those above the bound.
func TestReaderCharge(t *testing.T) {
	t.Parallel()
	charge := func(bytes int) func(r *Reader) {
		return func(r *Reader) {
			for range r.Elements() {
				r.Charge(bytes)
				r.Skip()
			}
		}
	}
	for name, test := range map[string]struct {
		bytes, bound int
		want         error
	}{
		"within":          {100, 300, nil},
		"above the bound": {101, 300, ErrTooLarge},
		"without a bound": {5 << 20, 0, nil},
		"unexplained":     {6 << 20, 0, errMany},
	} {
		if _, err := read("[1,2,3]", int64(test.bound), charge(test.bytes)); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Strings of objects take memory too.
func TestReaderKeep(t *testing.T) {
	t.Parallel()
	for bound, want := range map[int64]error{8: nil, 7: ErrTooLarge} {
		if _, err := read(`{"name":"text"}`, bound, func(r *Reader) {
			for name := range r.Members() {
				if got := r.Keep(name) + r.Text(); got != "nametext" {
					t.Errorf("got %q", got)
				}
			}
		}); !errors.Is(err, want) {
			t.Errorf("bound of %d bytes: got %v", bound, err)
		}
	}
}

func TestReaderMarkInvalid(t *testing.T) {
	t.Parallel()
	invalid, err := read(`{"a":1}`, 0, func(r *Reader) {
		for name := range r.Members() {
			if string(name) != "a" || r.Peek() != '0' {
				t.Errorf("got %q", name)
			}
			r.Skip()
			r.MarkInvalid()
		}
	})
	if invalid != 1 || err != nil {
		t.Errorf("got %d invalid values and %v", invalid, err)
	}
}

// What is not JSON ends the document, wherever it is.
func TestReaderBroken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":           "the response is incomplete",
		" ":          "the response is incomplete",
		"[":          "the response is incomplete",
		"[1":         "the response is incomplete",
		"[1,":        "the response is incomplete",
		`{"a`:        "the response is incomplete",
		`{"a"`:       "the response is incomplete",
		`{"a":`:      "the response is incomplete",
		`["\`:        "the response is incomplete",
		`["\u00`:     "the response is incomplete",
		`[tru`:       "the response is incomplete",
		"[1,]":       "not valid JSON",
		"[1 2]":      "not valid JSON",
		"{1:2}":      "not valid JSON",
		`{"a" 1}`:    "not valid JSON",
		`{"a":1,}`:   "not valid JSON",
		"[01]":       "not valid JSON",
		"[1.]":       "not valid JSON",
		"[1e]":       "not valid JSON",
		"[1e+x]":     "not valid JSON",
		"[-]":        "not valid JSON",
		"[trye]":     "not valid JSON",
		`["\x"]`:     "not valid JSON",
		`["\u00xx"]`: "not valid JSON",
		"[\"\n\"]":   "not valid JSON",
		"[] []":      "not valid JSON",
		"[]]":        "not valid JSON",
		"true":       "a JSON boolean instead of a JSON array",
		`["` + strings.Repeat("x", maxText+1) + `"]`: "longer than 1048576 bytes",
		`["\n` + strings.Repeat("x", maxText) + `"]`: "longer than 1048576 bytes",
		`[1` + strings.Repeat("0", maxText) + `]`:    "longer than 1048576 bytes",
	} {
		_, err := read(text, 0, func(r *Reader) {
			switch r.Peek() {
			case '{':
				r.Skip()
			default:
				for range r.Elements() {
					r.Skip()
				}
			}
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: got %v, want %q in it", text, err, want)
		}
	}
}
