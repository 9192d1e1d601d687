package angie

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/internal/standin/angietest"
)

// parts are empty parts by path.
func parts() map[string]func() Part {
	zones := func() Part { return &ServerZones{} }
	limits := func() Part { return &Limits{} }
	upstreams := func() Part { return &Upstreams{} }
	metrics := func() Part { return &MetricZones{} }
	return map[string]func() Part{
		"angie": func() Part { return &Server{} }, "connections": func() Part { return &api.Connections{} },
		"slabs": func() Part { return &api.Slabs{} }, "resolvers": func() Part { return &Resolvers{} },
		"http/server_zones": zones, "http/location_zones": zones, "http/caches": func() Part { return &Caches{} },
		"http/limit_reqs": limits, "http/limit_conns": limits, "stream/limit_conns": limits,
		"http/acme_clients": func() Part { return &ACMEClients{} }, "http/metric_zones": metrics, "stream/metric_zones": metrics,
		"http/upstreams": upstreams, "stream/upstreams": upstreams, "stream/server_zones": func() Part { return &StreamZones{} },
	}
}

// samples are the parts of the sample documents by path, each of the full one
// first.
func samples(tb testing.TB) map[string][][]byte {
	tb.Helper()
	all := map[string][][]byte{}
	for _, text := range []string{angietest.Full(), angietest.Recorded()} {
		var branches map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &branches); err != nil {
			tb.Fatal(err)
		}
		for branch, text := range branches {
			if branch != "http" && branch != "stream" {
				all[branch] = append(all[branch], text)
				continue
			}
			var names map[string]json.RawMessage
			if err := json.Unmarshal(text, &names); err != nil {
				tb.Fatal(err)
			}
			for name, text := range names {
				all[branch+"/"+name] = append(all[branch+"/"+name], text)
			}
		}
	}
	return all
}

func decodeFrom(source io.Reader, into Part) (invalid int, err error) {
	d := document.NewReader(source, 0)
	into.Decode(d)
	return d.Invalid(), d.Finish()
}

// agree checks that a decoder and the oracle return the same values, or both an
// error.
func agree(t *testing.T, rules map[string]*rule, empty func() Part, text []byte) {
	t.Helper()
	tree, valid := parse(text)
	valid = valid && tree.kind == '{'
	want, wantInvalid := empty(), 0
	if valid {
		wantInvalid = expect(rules, want, tree)
	}
	sources := []io.Reader{bytes.NewReader(text)}
	if len(text) < 4<<10 {
		sources = append(sources, iotest.OneByteReader(bytes.NewReader(text)))
	}
	for _, source := range sources {
		got := empty()
		invalid, err := decodeFrom(source, got)
		if (err == nil) != valid {
			t.Fatalf("%T: %.500s\ngot error %v, encoding/json takes it: %v", got, text, err, valid)
		}
		if err != nil {
			if reason := client.ReasonOf(client.DecodeError(err)); reason != client.ReasonParse {
				t.Errorf("%T: %.500s\ngot reason %s for %v", got, text, reason, err)
			}
			continue
		}
		if invalid != wantInvalid || !reflect.DeepEqual(got, want) {
			a, b := asJSON(t, got), asJSON(t, want)
			t.Fatalf("%T: %.500s\ngot  %.2000s and %d invalid members\nwant %.2000s and %d", got, text, a, invalid, b, wantInvalid)
		}
	}
}

// asJSON shows a part in the message of a test.
func asJSON(t *testing.T, part Part) string {
	t.Helper()
	return strings.ReplaceAll(strings.TrimSpace(dump(reflect.ValueOf(part))), "\n", " ")
}

// dump prints a value without following the pointers from parts to their owners.
func dump(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "nil"
		}
		if name := v.Type().Elem().Name(); (name == "Upstream" || name == "MetricZone") && v.Elem().FieldByName("Name").IsValid() {
			return v.Elem().FieldByName("Name").String()
		}
		return dump(v.Elem())
	case reflect.Struct:
		if number := v.MethodByName("Float"); number.IsValid() {
			return dump(number.Call(nil)[0])
		}
		var fields []string
		for i := range v.NumField() {
			fields = append(fields, v.Type().Field(i).Name+":"+dump(v.Field(i)))
		}
		return "{" + strings.Join(fields, " ") + "}"
	case reflect.Slice, reflect.Array:
		var elements []string
		for i := range v.Len() {
			elements = append(elements, dump(v.Index(i)))
		}
		return "[" + strings.Join(elements, " ") + "]"
	default:
		text, err := json.Marshal(v.Interface())
		if err != nil {
			return "NaN"
		}
		return string(text)
	}
}

// Each sample is decoded as its own part and as every other.
func TestSamplesAgree(t *testing.T) {
	t.Parallel()
	rules, documents := newRules(), samples(t)
	for path, empty := range parts() {
		if len(documents[path]) == 0 {
			t.Errorf("no sample of %s", path)
		}
		for _, texts := range documents {
			for _, text := range texts {
				agree(t, rules, empty, text)
			}
		}
		if invalid, err := decodeFrom(bytes.NewReader(documents[path][0]), empty()); invalid != 0 || err != nil {
			t.Errorf("%s: %d invalid members, %v", path, invalid, err)
		}
	}
}

// FuzzPart reads anything as each part.
func FuzzPart(f *testing.F) {
	all := parts()
	paths := slices.Sorted(maps.Keys(all))
	for path, texts := range samples(f) {
		for _, text := range texts {
			f.Add(byte(max(0, slices.Index(paths, path))), text) // 16 parts
		}
	}
	rules := newRules()
	f.Fuzz(func(t *testing.T, part byte, text []byte) {
		agree(t, rules, all[paths[int(part)%len(paths)]], text)
	})
}

// Samples with values of other kinds, and with members of other names.
func TestChangedSamplesAgree(t *testing.T) {
	t.Parallel()
	rules, all := newRules(), parts()
	for path, texts := range samples(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(len(path)))) // not for secrets
			for range 300 {
				agree(t, rules, all[path], changed(t, random, texts[0]))
			}
		})
	}
}

// changed replaces some values of a document.
func changed(t *testing.T, random *rand.Rand, text []byte) []byte {
	t.Helper()
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(replace(random, tree))
	if err != nil {
		t.Fatal(err)
	}
	if random.IntN(20) == 0 {
		return text[:random.IntN(len(text))]
	}
	return text
}

func replace(random *rand.Rand, tree any) any {
	const one, other = 12, 40
	if random.IntN(one) == 0 {
		values := []any{
			nil, true, false, "", "up", "busy", "\u00e9\x00", "2026-11-28T12:39:38.127Z", "1969-12-31T23:59:59Z", -1, 0, 0.5, int64(1) << 53, json.Number("9223372036854775808"),
			json.Number("18446744073709551616"), json.Number("1e400"), json.Number("1e3"),
			[]any{1, "x"},
			map[string]any{},
			map[string]any{"5": 1, "inf": 2},
			map[string]any{"5": 3, "7": 2},
			map[string]any{"a": map[string]any{"1": 1, "0": 1, "-3": 0}, "b": map[string]any{"x": 1}},
		}
		return values[random.IntN(len(values))]
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return tree
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := replace(random, object[name])
		if random.IntN(other) == 0 {
			delete(object, name)
			name = []string{"x", "", strings.Repeat("n", 70), "nan", "1e400", "0x10", "-5"}[random.IntN(7)]
		}
		object[name] = value
	}
	return object
}

// The parts of a tree are what they are alone.
func TestTreeAgrees(t *testing.T) {
	t.Parallel()
	for _, text := range []string{angietest.Full(), angietest.Recorded()} {
		tree := &Tree{Parts: map[string]Part{}}
		for path, empty := range parts() {
			tree.Parts[path] = empty()
		}
		d := document.NewReader(iotest.OneByteReader(strings.NewReader(text)), 0)
		tree.decode(d)
		if err := d.Finish(); err != nil {
			t.Fatal(err)
		}
		for path, texts := range samples(t) {
			alone := parts()[path]()
			if _, err := decodeFrom(bytes.NewReader(texts[0]), alone); err != nil {
				t.Fatal(err)
			}
			if invalid, found := tree.Found[path]; text == angietest.Full() && (!found || invalid != 0 || !reflect.DeepEqual(tree.Parts[path], alone)) {
				t.Errorf("%s: found %t, %d invalid members", path, found, invalid)
			}
		}
	}
}

// FuzzTree reads anything as a tree. One without a server is an error, and so is
// what is not JSON.
func FuzzTree(f *testing.F) {
	f.Add([]byte(angietest.Full()))
	f.Add([]byte(`{"angie":{},"http":{"server_zones":null},"stream":7,"connections":[],"connections":{}}`))
	f.Add([]byte(`{"angie":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tree := &Tree{Parts: map[string]Part{}}
		for path, empty := range parts() {
			tree.Parts[path] = empty()
		}
		d := document.NewReader(bytes.NewReader(text), 0)
		tree.decode(d)
		root, valid := parse(text)
		known := false
		for i, name := range root.names {
			known = known || name == ServerPath && root.within[i].kind == '{'
		}
		if err := d.Finish(); (err == nil) != (valid && root.kind == '{' && known) {
			t.Fatalf("%q: got %v", text, err)
		}
	})
}
