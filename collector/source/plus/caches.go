package plus

import (
	"slices"

	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func cachesDocument() *document {
	table := cacheTable()
	return newDocument(on("http_caches", "proxy cache statistics"), "http/caches",
		func(r *request, b *metric.Batch, caches *api.Caches) {
			metric.Add(b, table, source.Select(&r.selection.Zones, caches.All, func(c *api.Cache) []string { return []string{c.Name} })...)
		}, table)
}

func cacheTable() *metric.Table[*api.Cache] {
	type doc = *api.Cache
	rows := []metric.Row[doc]{
		metric.Gauge("cold", "Whether the cache loader is still loading the cache from disk (1) or not (0).",
			func(c doc) value.Value { return c.Cold }),
		metric.Gauge("max_size", "Limit on the size of the cache in bytes.",
			func(c doc) value.Value { return c.MaxSize }),
		metric.Gauge("size", "Size of the cache in bytes.",
			func(c doc) value.Value { return c.Size }),
	}
	served := func(name, what string, of func(doc) *api.CacheUse) []metric.Row[doc] {
		return metric.Prefixed(name+"_", metric.Nested(of,
			metric.Counter("bytes", "Bytes of "+what+".", func(u *api.CacheUse) value.Value { return u.Bytes }),
			metric.Counter("responses", "Number of "+what+".", func(u *api.CacheUse) value.Value { return u.Responses })))
	}
	written := func(name, what string, of func(doc) *api.CacheUse) []metric.Row[doc] {
		return slices.Concat(served(name, what, of), metric.Prefixed(name+"_", metric.Nested(of,
			metric.Counter("bytes_written", "Bytes of "+what+" that were written to the cache.",
				func(u *api.CacheUse) value.Value { return u.BytesWritten }),
			metric.Counter("responses_written", "Number of "+what+" that were written to the cache.",
				func(u *api.CacheUse) value.Value { return u.ResponsesWritten }))))
	}
	return metric.NewTable("/http/caches/", "nginxplus_cache_", slices.Concat(rows,
		served("hit", "valid responses served from the cache", func(c doc) *api.CacheUse { return &c.Hit }),
		served("stale", "expired responses served from the cache", func(c doc) *api.CacheUse { return &c.Stale }),
		served("updating", "expired responses served from the cache while it was being updated",
			func(c doc) *api.CacheUse { return &c.Updating }),
		served("revalidated", "expired and revalidated responses served from the cache",
			func(c doc) *api.CacheUse { return &c.Revalidated }),
		written("expired", "responses not served from the cache because they had expired",
			func(c doc) *api.CacheUse { return &c.Expired }),
		written("bypass", "responses not looked up in the cache because of a bypass directive",
			func(c doc) *api.CacheUse { return &c.Bypass }),
		missRows(),
	), metric.LabelFrom("zone", func(c doc) string { return c.Name })).SinceStart()
}

// missRows differ in their names: nginx-prometheus-exporter has only the first
// two, and the others follow the naming conventions of Prometheus.
func missRows() []metric.Row[*api.Cache] {
	type doc = *api.Cache
	return []metric.Row[doc]{
		metric.Counter("miss_bytes", "Bytes of responses not found in the cache.",
			func(c doc) value.Value { return c.Miss.Bytes }),
		metric.Counter("miss_responses", "Number of responses not found in the cache.",
			func(c doc) value.Value { return c.Miss.Responses }),
		metric.Counter("miss_responses_written_total", "Number of responses not found in the cache that were written to it.",
			func(c doc) value.Value { return c.Miss.ResponsesWritten }),
		metric.Counter("miss_written_bytes_total", "Bytes of responses not found in the cache that were written to it.",
			func(c doc) value.Value { return c.Miss.BytesWritten }),
	}
}
