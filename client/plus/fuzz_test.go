package plus

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/internal/standin/plustest"
)

// samples are all sample documents by path.
func samples(tb testing.TB) map[string][][]byte {
	tb.Helper()
	all := map[string][][]byte{}
	add := func(documents map[string][]byte) {
		for path, document := range documents {
			all[path] = append(all[path], document)
		}
	}
	add(plustest.Sample())
	for _, name := range plustest.Odds() {
		odd, err := plustest.Odd(name)
		if err != nil {
			tb.Fatal(err)
		}
		add(odd)
	}
	return all
}

// Bounds of the reader.
const (
	maxDepth = 10_000   // as deep as encoding/json goes
	window   = 16 << 10 // bytes read at once, unless a text is longer

	maxObjects = 16 << 20 // bytes of memory beyond the length of the document
)

// FuzzDocument reads anything as a document of each kind.
func FuzzDocument(f *testing.F) {
	kinds := kinds()
	for path, documents := range samples(f) {
		kind := slices.IndexFunc(kinds, func(k kind) bool { return k.path == path })
		for _, document := range documents {
			f.Add(byte(max(kind, 0)), document) // few kinds
		}
	}
	all := newSchema()
	f.Fuzz(func(t *testing.T, kind byte, document []byte) {
		all.Agree(t, kinds[int(kind)%len(kinds)].make, document)
	})
}

// FuzzGenerated reads documents that are nearly valid, which FuzzDocument rarely
// finds.
func FuzzGenerated(f *testing.F) {
	kinds := kinds()
	for kind := range kinds {
		f.Add(byte(kind), []byte{byte(kind), 1, 2, 3}) // few kinds
	}
	all := newSchema()
	f.Fuzz(func(t *testing.T, kind byte, tape []byte) {
		chosen := kinds[int(kind)%len(kinds)]
		all.Agree(t, chosen.make, generate(all, chosen.make(), tape))
	})
}

// Some generated documents in every test run.
func TestDecodersAgree(t *testing.T) {
	t.Parallel()
	const rounds = 60
	all := newSchema()
	for number, kind := range kinds() {
		t.Run(strings.ReplaceAll(kind.path, "/", "_"), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, uint64(number))) // not for secrets
			for range rounds {
				tape := make([]byte, random.IntN(64))
				for i := range tape {
					tape[i] = byte(random.Uint32()) // any byte will do
				}
				all.Agree(t, kind.make, generate(all, kind.make(), tape))
			}
		})
	}
}

// Each sample is decoded as its own kind of document and as every other.
func TestSamplesAgree(t *testing.T) {
	t.Parallel()
	all, documents := newSchema(), samples(t)
	for _, kind := range kinds() {
		t.Run(strings.ReplaceAll(kind.path, "/", "_"), func(t *testing.T) {
			t.Parallel()
			if len(documents[kind.path]) == 0 {
				t.Fatal("no sample")
			}
			for path, others := range documents {
				if path != kind.path {
					others = others[:1]
				}
				for _, document := range others {
					all.Agree(t, kind.make, document)
				}
			}
		})
	}
}

// A truncated document is an error, wherever it ends: it may end within a number.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	sample := plustest.Sample()
	for _, kind := range kinds() {
		t.Run(strings.ReplaceAll(kind.path, "/", "_"), func(t *testing.T) {
			t.Parallel()
			document := sample[kind.path]
			for n := range document {
				_, err := oracle.Decode(bytes.NewReader(document[:n]), kind.make())
				if err == nil {
					t.Fatalf("took %s", document[:n])
				}
				if oracle.CheckParse(t, err, document[:n]); n > 0 && !strings.Contains(err.Error(), "the response is incomplete") {
					t.Fatalf("%s: got %q", document[:n], err)
				}
			}
			if invalid, err := oracle.Decode(bytes.NewReader(document), kind.make()); err != nil || invalid != 0 {
				t.Errorf("whole: got %v and %d invalid members", err, invalid)
			}
		})
	}
}

// An error of the source is returned, wherever it occurs.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the cable was pulled")
	sample := plustest.Sample()
	for _, kind := range kinds() {
		document := sample[kind.path]
		for n := 0; n <= len(document); n += 1 + len(document)/40 {
			source := io.MultiReader(bytes.NewReader(document[:n]), iotest.ErrReader(broken))
			if _, err := oracle.Decode(source, kind.make()); !errors.Is(err, broken) {
				t.Fatalf("%s after %d bytes: got %v", kind.path, n, err)
			}
		}
	}
}

// The last of several members with one name is kept, as with encoding/json.
func TestLastMemberStays(t *testing.T) {
	t.Parallel()
	all := newSchema()
	peer := func(members string) string { return `{"u":{"peers":[{` + members + `}]}}` }
	zone := func(codes string) string { return `{"z":{"responses":{"codes":` + codes + `}}}` }
	for path, documents := range map[string][]string{
		"http/requests": {`{"total":1,"total":2}`, `{"total":1,"total":null}`, `{"total":null,"total":1}`, `{"total":1,"total":-1}`},
		"http/upstreams": {
			peer(`"state":"up","state":"down"`), peer(`"state":"up","state":"resting"`), peer(`"state":"up","state":null`),
			peer(`"response_time_hist":{"sum":1,"buckets":{"5":1},"buckets":{"x":1}}`),
			peer(`"response_time_hist":{"sum":1,"buckets":{"5":1},"buckets":{}}`),
			peer(`"response_time_hist":{"sum":1,"buckets":{"5":1},"buckets":null}`),
			peer(`"response_time_hist":{"sum":1,"buckets":{"5":1}},"response_time_hist":{"sum":2}`),
			peer(`"ssl":{"handshakes":1,"handshakes_failed":2},"ssl":{"handshakes":3}`),
		},
		"http/server_zones": {
			zone(`{"200":1,"200":2}`), zone(`{"200":1,"404":3,"200":"x"}`), zone(`{"200":1},"codes":{"404":2}`), zone(`{"200":1},"codes":null`),
		},
		"slabs": {
			`{"z":{"slots":{"8":{"used":1,"free":2},"8":{"used":3}}}}`, `{"z":{"slots":{"8":{"used":1}},"slots":{"16":{"used":2}}}}`,
			`{"z":{"slots":{"8":{"used":1}},"slots":null}}`,
		},
	} {
		for _, kind := range kinds() {
			if kind.path != path {
				continue
			}
			for _, document := range documents {
				t.Run(document, func(t *testing.T) { all.Agree(t, kind.make, []byte(document)) })
			}
		}
	}
}

// Identifiers are labels: rounding must not make two of them equal.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	all := newSchema()
	for _, kind := range kinds() {
		if kind.path != "workers" {
			continue
		}
		for text, want := range map[string]string{
			"0": "0", "-0": "0", "7": "7", "-3": "-3", "1e2": "100", "4.0": "4", "9007199254740992": "9007199254740992",
			"0.5": "", "-7.25": "", "9007199254740994": "", "18446744073709551615": "", "1e300": "", "-1e300": "", `"7"`: "", "null": "",
		} {
			document := []byte(`[{"id":` + text + `}]`)
			all.Agree(t, kind.make, document)
			workers := &Workers{}
			if _, err := oracle.Decode(bytes.NewReader(document), workers); err != nil || workers.All[0].ID != want {
				t.Errorf("%s became %q (%v), want %q", text, workers.All[0].ID, err, want)
			}
		}
	}
}
