package plus

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Cache is one cache of /http/caches.
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#def_nginx_http_cache.
type Cache struct {
	Name    string
	Size    value.Value // current size in bytes
	MaxSize value.Value // bytes; absent if not configured
	Cold    value.Value // 1 while the cache loader loads the cache from disk

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

// Caches is the document /http/caches.
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
