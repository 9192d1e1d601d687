package angie

import (
	"unsafe"

	"nginx-exporter/client/api"
	"nginx-exporter/client/document"
)

// Cache is one cache of http/caches.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-caches.
type Cache struct {
	api.Cache
	Shards []*Shard // of a cache with several paths
}

// Shard is the part of a cache at one path.
type Shard struct {
	Path string
	api.CacheSize
}

// Caches is the part http/caches.
type Caches = api.List[Cache, *Cache]

// Decode implements [Part].
func (c *Cache) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch {
		case string(name) == "shards":
			c.decodeShards(d)
		case !c.DecodeMember(d, name):
			d.Skip()
		}
	}
}

func (c *Cache) decodeShards(d *document.Reader) {
	c.Shards = nil
	for path := range d.Members() {
		shard := &Shard{Path: d.Keep(path)}
		d.Charge(int(unsafe.Sizeof(*shard)))
		for name := range d.Members() {
			if !shard.DecodeMember(d, name) {
				d.Skip()
			}
		}
		c.Shards = append(c.Shards, shard)
	}
}
