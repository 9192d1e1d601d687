package plus

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"nginx-exporter/client/api"
	"nginx-exporter/client/internal/oracle"
	"nginx-exporter/client/value"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// allocated returns how many bytes a function allocated, and how many pieces.
// Nothing else may run.
func allocated(f func()) (size, pieces uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
}

// unbuffered is a reader that watches how it is read.
type unbuffered struct {
	source  io.Reader
	total   int
	largest int
}

// Read implements [io.Reader].
func (u *unbuffered) Read(p []byte) (int, error) {
	u.largest = max(u.largest, len(p))
	n, err := u.source.Read(p)
	u.total += n
	return n, err
}

// A document of 10,000 servers takes the memory of its objects, in few
// allocations, and none for its text.
func TestUpstreamsMemory(t *testing.T) {
	document := plustest.Documents(standin.L())["http/upstreams"]
	const (
		peers       = 200 * 50
		mostPerPeer = 900 // bytes
		mostPieces  = 14  // the server, its address, name, 8 codes, TLS, histogram and its counts
	)
	source, upstreams := &unbuffered{source: bytes.NewReader(document)}, &Upstreams{}
	size, pieces := allocated(func() {
		if invalid, err := oracle.Decode(source, upstreams); err != nil || invalid != 0 {
			t.Errorf("got %v and %d invalid members", err, invalid)
		}
	})
	if len(upstreams.Peers) != peers || source.total != len(document) {
		t.Fatalf("got %d peers of %d bytes", len(upstreams.Peers), source.total)
	}
	if source.largest > window {
		t.Errorf("read %d bytes at once", source.largest)
	}
	t.Logf("%d bytes and %.2f allocations a peer, %d bytes of document", size/peers, float64(pieces)/peers, len(document)/peers)
	if size > peers*mostPerPeer || pieces > peers*mostPieces {
		t.Errorf("took %d bytes and %.2f allocations a peer", size/peers, float64(pieces)/peers)
	}
}

// Text that is not part of objects takes no memory, however long it is.
func TestDecoderStreams(t *testing.T) {
	const (
		blocks = 300
		most   = 256 << 10
	)
	for name, test := range map[string]struct{ first, block, last string }{
		"unknown members": {`{"x":[0`, strings.Repeat(`,{"a":"b","c":[1,2.5,null,true]}`, 500), `],"u":{"zombies":1,"peers":[]}}`},
		"white space":     {`{"v":[0`, strings.Repeat(" \r\n\t", 1000) + ",0", `],"u":{"zombies":1}}`},
		"wrong kind":      {`{"v":[0`, strings.Repeat(`,"peers"`, 2000), `],"u":{"zombies":1}}`},
	} {
		source, writer := io.Pipe()
		written, sent := make(chan error, 1), 0
		go func() {
			_, err := writer.Write([]byte(test.first))
			for block := []byte(test.block); err == nil && sent < blocks; sent++ {
				_, err = writer.Write(block)
			}
			if err == nil {
				_, err = writer.Write([]byte(test.last))
			}
			written <- writer.CloseWithError(err)
		}()
		upstreams := &Upstreams{}
		size, _ := allocated(func() {
			if _, err := oracle.Decode(source, upstreams); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		_ = source.Close() // ends the writer if the reader ended early
		if err := <-written; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if last := upstreams.All[len(upstreams.All)-1]; last.Name != "u" || last.Zombies != value.Of(1) {
			t.Errorf("%s: got %+v", name, last)
		}
		if size > most {
			t.Errorf("%s: took %d bytes for %d", name, size, blocks*len(test.block))
		}
	}
}

// Keys and values of key-value zones are counted and not stored.
func TestKeyvalsMemory(t *testing.T) {
	document := `{"secrets":{"` + strings.Repeat("k", 1000) + `":"v"` + strings.Repeat(`,"`+strings.Repeat("k", 500)+`":"`+strings.Repeat("v", 500)+`"`, 20_000) + `}}`
	keyvals := &Keyvals{}
	size, _ := allocated(func() {
		if _, err := oracle.Decode(strings.NewReader(document), keyvals); err != nil {
			t.Error(err)
		}
	})
	if len(keyvals.All) != 1 || keyvals.All[0].Pairs != value.Of(20_001) || size > 128<<10 {
		t.Errorf("took %d bytes of %d for %+v", size, len(document), keyvals.All)
	}
}

// A document of the shortest possible objects does not fill the memory.
func TestManyObjects(t *testing.T) {
	const objects = 300_000
	var slots, bounds strings.Builder
	for i := range 64 {
		fmt.Fprintf(&slots, `"%d":{},`, i)
	}
	for i := range 40_000 {
		fmt.Fprintf(&bounds, `{"response_time_hist":{"buckets":{"1":0,"2":0,"3":0,"4":0,"%d":0}}},`, i+5)
	}
	for name, document := range map[string]string{
		"slabs with slots":         `{"":{}` + strings.Repeat(`,"":{"slots":{`+slots.String()+`"0":{}}}`, 10_000) + `}`,
		"http/upstreams histogram": `{"u":{"peers":[` + bounds.String() + `{}]}}`,

		"http/upstreams":    `{"u":{"peers":[{}` + strings.Repeat(",{}", objects) + `]}}`,
		"http/server_zones": `{"":{}` + strings.Repeat(`,"":{}`, objects) + `}`,
		"http/limit_reqs":   `{"":{}` + strings.Repeat(`,"":{}`, objects) + `}`,
		"slabs":             `{"":{}` + strings.Repeat(`,"":{}`, objects) + `}`,
		"workers":           `[{}` + strings.Repeat(",{}", objects) + `]`,
	} {
		path, _, _ := strings.Cut(name, " ")
		for _, kind := range kinds() {
			if kind.path != path {
				continue
			}
			most := uint64(4*maxObjects + 2*len(document)) // with garbage
			var err error
			size, _ := allocated(func() { _, err = oracle.Decode(strings.NewReader(document), kind.make()) })
			if err != nil {
				oracle.CheckParse(t, err, []byte(path))
			}
			if size > most {
				t.Errorf("%s: took %d bytes for %d, %v", name, size, len(document), err)
			}
		}
	}
}

// Objects of one document may share memory: appending to one must not change
// another.
func TestObjectsAreApart(t *testing.T) {
	t.Parallel()
	zones := &ServerZones{}
	document := `{"a":{"responses":{"codes":{"200":1}}},"b":{"responses":{"codes":{"404":2}}}}`
	if _, err := oracle.Decode(strings.NewReader(document), zones); err != nil {
		t.Fatal(err)
	}
	more := append(zones.All[0].Responses.Codes, api.Code{Code: "503", Count: value.Of(3)})
	if got, want := zones.All[1].Responses.Codes[0], (api.Code{Code: "404", Count: value.Of(2)}); got != want || len(more) != 2 {
		t.Errorf("the code of another zone became %+v", got)
	}
}
