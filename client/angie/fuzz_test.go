package angie

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/internal/standin/angietest"
)

// parts are empty parts by path.
func parts() map[string]func() oracle.Document {
	zones := func() oracle.Document { return &ServerZones{} }
	limits := func() oracle.Document { return &Limits{} }
	upstreams := func() oracle.Document { return &Upstreams{} }
	metrics := func() oracle.Document { return &MetricZones{} }
	return map[string]func() oracle.Document{
		"angie": func() oracle.Document { return &Server{} }, "connections": func() oracle.Document { return &api.Connections{} },
		"slabs": func() oracle.Document { return &api.Slabs{} }, "resolvers": func() oracle.Document { return &Resolvers{} },
		"http/server_zones": zones, "http/location_zones": zones, "http/caches": func() oracle.Document { return &Caches{} },
		"http/limit_reqs": limits, "http/limit_conns": limits, "stream/limit_conns": limits,
		"http/acme_clients": func() oracle.Document { return &ACMEClients{} }, "http/metric_zones": metrics, "stream/metric_zones": metrics,
		"http/upstreams": upstreams, "stream/upstreams": upstreams, "stream/server_zones": func() oracle.Document { return &StreamZones{} },
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

// Each sample is decoded as its own part and as every other.
func TestSamplesAgree(t *testing.T) {
	t.Parallel()
	schema, documents := newSchema(), samples(t)
	for path, empty := range parts() {
		if len(documents[path]) == 0 {
			t.Errorf("no sample of %s", path)
		}
		for _, texts := range documents {
			for _, text := range texts {
				schema.Agree(t, empty, text)
			}
		}
		if invalid, err := oracle.Decode(bytes.NewReader(documents[path][0]), empty()); invalid != 0 || err != nil {
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
	schema := newSchema()
	f.Fuzz(func(t *testing.T, part byte, text []byte) {
		schema.Agree(t, all[paths[int(part)%len(paths)]], text)
	})
}

// Samples with values of other kinds, and with members of other names.
func TestChangedSamplesAgree(t *testing.T) {
	t.Parallel()
	schema, all := newSchema(), parts()
	for path, texts := range samples(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(len(path)))) // not for secrets
			for range 300 {
				schema.Agree(t, all[path], changed(t, random, texts[0]))
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
			if _, err := oracle.Decode(bytes.NewReader(texts[0]), alone); err != nil {
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
		root, valid := oracle.Parse(text)
		known := false
		for i, name := range root.Names {
			known = known || name == ServerPath && root.Within[i].Kind == '{'
		}
		if err := d.Finish(); (err == nil) != (valid && root.Kind == '{' && known) {
			t.Fatalf("%q: got %v", text, err)
		}
	})
}
