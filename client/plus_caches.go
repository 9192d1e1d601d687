package client

import "nginx-exporter/client/value"

// PlusCache is one cache of /http/caches.
type PlusCache struct {
	Name    string
	Size    value.Value // bytes now
	MaxSize value.Value // bytes; absent where none is configured
	Cold    value.Value // 1 while the cache loader still reads what is on disk

	// Answers from the cache.
	Hit, Stale, Updating, Revalidated PlusCacheUse
	// Answers that the cache did not give.
	Miss, Expired, Bypass PlusCacheUse
}

// PlusCacheUse counts the answers of one kind.
type PlusCacheUse struct {
	Responses        value.Value
	Bytes            value.Value
	ResponsesWritten value.Value // to the cache
	BytesWritten     value.Value // to the cache
}

// PlusCaches is the document /http/caches.
type PlusCaches = PlusZones[PlusCache, *PlusCache]

func (c *PlusCache) named(name string) { c.Name = name }

func (c *PlusCache) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "size":
			c.Size = s.count()
		case "max_size":
			c.MaxSize = s.count()
		case "cold":
			c.Cold = s.flag()
		case "hit":
			c.Hit.decode(s)
		case "stale":
			c.Stale.decode(s)
		case "updating":
			c.Updating.decode(s)
		case "revalidated":
			c.Revalidated.decode(s)
		case "miss":
			c.Miss.decode(s)
		case "expired":
			c.Expired.decode(s)
		case "bypass":
			c.Bypass.decode(s)
		default:
			s.skip()
		}
	}
}

func (u *PlusCacheUse) decode(s *scanner) {
	for name := range s.members() {
		switch string(name) {
		case "responses":
			u.Responses = s.count()
		case "bytes":
			u.Bytes = s.count()
		case "responses_written":
			u.ResponsesWritten = s.count()
		case "bytes_written":
			u.BytesWritten = s.count()
		default:
			s.skip()
		}
	}
}
