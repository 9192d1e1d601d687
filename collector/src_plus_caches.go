package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusCachesSource() []source {
	figures := plusCacheTable()
	return []source{plusSource("http_caches", "http/caches", "caches of answers",
		func(_ asker, bind *binder, caches *plus.Caches) {
			addTo(bind, figures, keep(&bind.choice.zones, caches.All, func(c *plus.Cache) string { return c.Name })...)
		}, figures)}
}

func plusCacheTable() *table[*plus.Cache] {
	type doc = *plus.Cache
	rows := []row[doc]{
		gauge("cold", "Whether the cache is still read from disk (1) or not (0).",
			func(c doc) value.Value { return c.Cold }),
		gauge("max_size", "Limit of the cache in bytes.",
			func(c doc) value.Value { return c.MaxSize }),
		gauge("size", "Bytes in the cache now.",
			func(c doc) value.Value { return c.Size }),
	}
	served := func(name, what string, of func(doc) *plus.CacheUse) []row[doc] {
		return prefixed(name+"_", lift(of,
			counter("bytes", "Bytes of "+what+".", func(u *plus.CacheUse) value.Value { return u.Bytes }),
			counter("responses", "Count of "+what+".", func(u *plus.CacheUse) value.Value { return u.Responses })))
	}
	written := func(name, what string, of func(doc) *plus.CacheUse) []row[doc] {
		return slices.Concat(served(name, what, of), prefixed(name+"_", lift(of,
			counter("bytes_written", "Bytes written to the cache of "+what+".",
				func(u *plus.CacheUse) value.Value { return u.BytesWritten }),
			counter("responses_written", "Count of "+what+" that were written to the cache.",
				func(u *plus.CacheUse) value.Value { return u.ResponsesWritten }))))
	}
	return &table[doc]{
		source: "/http/caches/",
		prefix: "nginxplus_cache_",
		rows: slices.Concat(rows,
			served("hit", "valid answers from the cache", func(c doc) *plus.CacheUse { return &c.Hit }),
			served("stale", "expired answers from the cache", func(c doc) *plus.CacheUse { return &c.Stale }),
			served("updating", "expired answers from the cache while new ones were fetched",
				func(c doc) *plus.CacheUse { return &c.Updating }),
			served("revalidated", "expired answers from the cache that were found to be still right",
				func(c doc) *plus.CacheUse { return &c.Revalidated }),
			written("expired", "answers that were expired in the cache", func(c doc) *plus.CacheUse { return &c.Expired }),
			written("bypass", "answers that bypassed the cache", func(c doc) *plus.CacheUse { return &c.Bypass }),
			missRows()),
		labels: []string{"zone"},
		values: func(values []string, c doc) []string { return append(values, c.Name) },
	}
}

// missRows differ in their names: nginx-prometheus-exporter has only the first
// two, so that the others could be given better ones.
func missRows() []row[*plus.Cache] {
	type doc = *plus.Cache
	return []row[doc]{
		counter("miss_bytes", "Bytes of answers that were not in the cache.",
			func(c doc) value.Value { return c.Miss.Bytes }),
		counter("miss_responses", "Count of answers that were not in the cache.",
			func(c doc) value.Value { return c.Miss.Responses }),
		counter("miss_responses_written_total", "Count of answers that were not in the cache and were written to it.",
			func(c doc) value.Value { return c.Miss.ResponsesWritten }),
		counter("miss_written_bytes_total", "Bytes written to the cache of answers that were not in it.",
			func(c doc) value.Value { return c.Miss.BytesWritten }),
	}
}
