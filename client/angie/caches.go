package angie

import (
	"unsafe"

	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Cache is one cache of http/caches.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-caches.
type Cache struct {
	Name    string
	Size    value.Value // current size in bytes
	MaxSize value.Value // bytes; absent if not configured
	Cold    value.Value // 1 while the cache loader loads the cache from disk
	Shards  []*Shard    // of a cache with several paths

	// Responses from the cache.
	Hit, Stale, Updating, Revalidated CacheUse
	// Responses not from the cache.
	Miss, Expired, Bypass CacheUse
}

// CacheUse counts the responses with one cache status.
type CacheUse struct {
	Responses        value.Value
	Bytes            value.Value
	ResponsesWritten value.Value // written to the cache
	BytesWritten     value.Value // written to the cache
}

// Shard is the part of a cache at one path.
type Shard struct {
	Path    string
	Size    value.Value // current size in bytes
	MaxSize value.Value // bytes; absent if not configured
	Cold    value.Value // 1 while the cache loader loads the shard from disk
}

// Caches is the part http/caches.
type Caches = List[Cache, *Cache]

func (c *Cache) named(name string) { c.Name = name }

func (c *Cache) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "size":
			c.Size = d.Gauge()
		case "max_size":
			c.MaxSize = d.Gauge()
		case "cold":
			c.Cold = d.Flag()
		case "shards":
			c.decodeShards(d)
		case "hit":
			c.Hit.decode(d)
		case "stale":
			c.Stale.decode(d)
		case "updating":
			c.Updating.decode(d)
		case "revalidated":
			c.Revalidated.decode(d)
		case "miss":
			c.Miss.decode(d)
		case "expired":
			c.Expired.decode(d)
		case "bypass":
			c.Bypass.decode(d)
		default:
			d.Skip()
		}
	}
}

func (u *CacheUse) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "responses":
			u.Responses = d.Count()
		case "bytes":
			u.Bytes = d.Count()
		case "responses_written":
			u.ResponsesWritten = d.Count()
		case "bytes_written":
			u.BytesWritten = d.Count()
		default:
			d.Skip()
		}
	}
}

func (c *Cache) decodeShards(d *document.Reader) {
	c.Shards = nil
	for path := range d.Members() {
		shard := &Shard{Path: d.Keep(path)}
		d.Charge(int(unsafe.Sizeof(*shard)))
		shard.decode(d)
		c.Shards = append(c.Shards, shard)
	}
}

func (s *Shard) decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "size":
			s.Size = d.Gauge()
		case "max_size":
			s.MaxSize = d.Gauge()
		case "cold":
			s.Cold = d.Flag()
		default:
			d.Skip()
		}
	}
}
