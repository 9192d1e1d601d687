package api

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Cache is one cache.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_cache and
// https://en.angie.software/angie/docs/configuration/modules/http/http_api/#http-caches.
type Cache struct {
	Name string
	CacheSize

	// Responses from the cache.
	Hit, Stale, Updating, Revalidated CacheUse
	// Responses not from the cache.
	Miss, Expired, Bypass CacheUse
}

// CacheSize is the size of a cache, or of a part of it.
type CacheSize struct {
	Size    value.Value // current size in bytes
	MaxSize value.Value // bytes; absent if not configured
	Cold    value.Value // 1 while the cache loader loads the cache from disk
}

// CacheUse counts the responses with one cache status.
type CacheUse struct {
	Responses        value.Value
	Bytes            value.Value
	ResponsesWritten value.Value // written to the cache
	BytesWritten     value.Value // written to the cache
}

// Caches are all caches.
type Caches = List[Cache, *Cache]

// SetName sets the name of the cache.
func (c *Cache) SetName(name string) { c.Name = name }

// Decode reads the cache, which is the next value of d.
func (c *Cache) Decode(d *document.Reader) {
	for name := range d.Members() {
		if !c.DecodeMember(d, name) {
			d.Skip()
		}
	}
}

// DecodeMember reads a member of the cache, and reports whether it is a known one.
func (c *Cache) DecodeMember(d *document.Reader, name []byte) bool {
	switch string(name) {
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
		return c.CacheSize.DecodeMember(d, name)
	}
	return true
}

// DecodeMember reads a member of the cache, and reports whether it is one of its size.
func (s *CacheSize) DecodeMember(d *document.Reader, name []byte) bool {
	switch string(name) {
	case "size":
		s.Size = d.Gauge()
	case "max_size":
		s.MaxSize = d.Gauge()
	case "cold":
		s.Cold = d.Flag()
	default:
		return false
	}
	return true
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
