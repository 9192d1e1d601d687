package angie

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"nginx-exporter/client/document"
	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

// allocated returns how many bytes a function allocated. Nothing else may run.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A tree takes the memory of its objects, and none for its text: eight times the
// objects take eight times the memory.
func TestTreeMemory(t *testing.T) {
	const mostPerObject = 1100 // bytes: a server has 10 strings and 7 status codes
	measure := func(size standin.Size) (perObject uint64) {
		text := angietest.Status(size)
		tree := &Tree{Parts: map[string]Part{}}
		for path, empty := range parts() {
			tree.Parts[path] = empty()
		}
		d := document.NewReader(nil, 0)
		took := allocated(func() {
			d.Reset(strings.NewReader(text), 0)
			tree.decode(d)
			if err := d.Finish(); err != nil || d.Invalid() != 0 {
				t.Errorf("got %v and %d invalid members", err, d.Invalid())
			}
		})
		objects := uint64(size.Upstreams*size.Peers + size.Zones + size.Keys)
		t.Logf("%d objects: %d bytes each, %d of text", objects, took/objects, uint64(len(text))/objects)
		return took / objects
	}
	small := measure(standin.Size{Upstreams: 10, Peers: 25, Zones: 250, Keys: 250})
	large := measure(standin.Size{Upstreams: 80, Peers: 25, Zones: 2000, Keys: 2000})
	if large > mostPerObject || large > small+small/4 {
		t.Errorf("an object takes %d bytes of many, %d of few", large, small)
	}
}

// A document of the shortest possible objects does not fill the memory.
func TestManyObjects(t *testing.T) {
	const objects, most = 300_000, 4 * 16 << 20
	var members strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&members, `"%d":1,`, i)
	}
	keys := `{"z":{"metrics":{"":{` + members.String() + `"a":{}}`
	for name, text := range map[string]string{
		"http/upstreams":    `{"u":{"peers":{"":{}` + strings.Repeat(`,"":{}`, objects) + `}}}`,
		"http/server_zones": `{"":{}` + strings.Repeat(`,"":{}`, objects) + `}`,
		"http/caches":       `{"c":{"shards":{"":{}` + strings.Repeat(`,"":{}`, objects) + `}}}`,
		"http/metric_zones": keys + strings.Repeat(`,"":0`, objects) + `}}}`,
		"slabs":             `{"":{}` + strings.Repeat(`,"":{"slots":{"1":{},"2":{},"3":{}}}`, objects) + `}`,
	} {
		var err error
		took := allocated(func() { _, err = oracle.Decode(strings.NewReader(text), parts()[name]()) })
		if took > most+2*uint64(len(text)) {
			t.Errorf("%s: took %d bytes for %d, %v", name, took, len(text), err)
		}
	}
}
