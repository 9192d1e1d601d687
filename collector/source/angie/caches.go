package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func cachesPart() *part {
	caches, shards := cacheTable(), shardTable()
	return newPart(on("http_caches", "cache statistics of Angie"), "http/caches",
		func(s *source.Selection, b *metric.Batch, document *angie.Caches) {
			selected := source.Select(&s.Zones, document.All, func(c *angie.Cache) []string { return []string{c.Name} })
			metric.Add(b, caches, selected...)
			metric.Add(b, shards, shardsOf(selected)...)
		}, caches, shards)
}

func cacheTable() *metric.Table[*angie.Cache] {
	type doc = *angie.Cache
	served := func(of func(*api.CacheUse) value.Value) []metric.LabelledValue[doc] {
		return []metric.LabelledValue[doc]{
			metric.Labelled("hit", func(c doc) value.Value { return of(&c.Hit) }),
			metric.Labelled("stale", func(c doc) value.Value { return of(&c.Stale) }),
			metric.Labelled("updating", func(c doc) value.Value { return of(&c.Updating) }),
			metric.Labelled("revalidated", func(c doc) value.Value { return of(&c.Revalidated) }),
			metric.Labelled("miss", func(c doc) value.Value { return of(&c.Miss) }),
			metric.Labelled("expired", func(c doc) value.Value { return of(&c.Expired) }),
			metric.Labelled("bypass", func(c doc) value.Value { return of(&c.Bypass) }),
		}
	}
	return metric.NewTable("/status/http/caches/", "angie_http_caches_", []metric.Row[doc]{
		metric.CounterVec("bytes", "Bytes of responses by cache status.", "status",
			served(func(u *api.CacheUse) value.Value { return u.Bytes })...),
		metric.CounterVec("bytes_written", "Bytes of responses that were written to the cache, by cache status.", "status",
			served(func(u *api.CacheUse) value.Value { return u.BytesWritten })...),
		metric.Gauge("cold", "Whether the cache loader is still loading the cache from disk (1) or not (0).",
			func(c doc) value.Value { return c.Cold }),
		metric.Gauge("max_size_bytes", "Limit on the size of the cache in bytes; absent without one.",
			func(c doc) value.Value { return c.MaxSize }),
		metric.CounterVec("responses", "Responses by cache status.", "status",
			served(func(u *api.CacheUse) value.Value { return u.Responses })...),
		metric.CounterVec("responses_written", "Responses that were written to the cache, by cache status.", "status",
			served(func(u *api.CacheUse) value.Value { return u.ResponsesWritten })...),
		metric.Gauge("size", "Size of the cache in bytes.",
			func(c doc) value.Value { return c.Size }),
	}, metric.LabelFrom("zone", func(c doc) string { return c.Name })).SinceStart()
}

// shard is one path of one cache.
type shard struct {
	zone string
	*angie.Shard
}

func shardsOf(caches []*angie.Cache) []*shard {
	var shards []*shard
	for _, c := range caches {
		for _, s := range c.Shards {
			shards = append(shards, &shard{c.Name, s})
		}
	}
	return shards
}

func shardTable() *metric.Table[*shard] {
	return metric.NewTable("/status/http/caches/", "angie_http_caches_shards_", []metric.Row[*shard]{
		metric.Gauge("cold", "Whether the cache loader is still loading the shard from disk (1) or not (0).",
			func(s *shard) value.Value { return s.Cold }),
		metric.Gauge("max_size_bytes", "Limit on the size of the shard in bytes; absent without one.",
			func(s *shard) value.Value { return s.MaxSize }),
		metric.Gauge("size", "Size of the shard of the cache in bytes.",
			func(s *shard) value.Value { return s.Size }),
	},
		metric.LabelFrom("path", func(s *shard) string { return s.Path }),
		metric.LabelFrom("zone", func(s *shard) string { return s.zone }))
}
