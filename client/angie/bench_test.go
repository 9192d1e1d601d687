package angie

import (
	"strings"
	"testing"

	"nginx-exporter/client/document"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
)

// BenchmarkDecodeTree decodes a status with 2,000 servers.
func BenchmarkDecodeTree(b *testing.B) {
	text := angietest.Status(standin.Size{Upstreams: 40, Peers: 50})
	d := document.NewReader(nil, 0) // kept between documents, as Client does
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tree := &Tree{Parts: map[string]Part{"http/upstreams": &Upstreams{}}}
		d.Reset(strings.NewReader(text), 0)
		tree.decode(d)
		if err := d.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}
