package vts

import (
	"slices"

	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func upstreamsPart() *part {
	type doc = *vts.Peer
	rows := append(metric.Nested(counters[doc], trafficRows("The upstream requests counter")...),
		metric.NewHistogram("request_duration_seconds", "The histogram of request processing time including upstream",
			func(to *metric.Histogram, p doc) { fill(to, &p.RequestDuration, p.RequestTime) }),
		metric.Gauge("request_seconds", "The average of request processing times including upstream in seconds",
			func(p doc) value.Value { return seconds(p.AverageRequest) }),
		metric.Counter("request_seconds_total", "The request Processing time including upstream in seconds",
			func(p doc) value.Value { return seconds(p.RequestTime) }),
		metric.NewHistogram("response_duration_seconds", "The histogram of only upstream response processing time",
			func(to *metric.Histogram, p doc) { fill(to, &p.ResponseDuration, p.ResponseTime) }),
		metric.Gauge("response_seconds", "The average of only upstream response processing times in seconds",
			func(p doc) value.Value { return seconds(p.AverageResponse) }),
		metric.Counter("response_seconds_total", "The only upstream response processing time in seconds",
			func(p doc) value.Value { return seconds(p.ResponseTime) }))
	// The module's own format does not have these two.
	rows = append(rows,
		metric.Gauge("backup", "Whether the server is a backup server (1) or not (0).", func(p doc) value.Value { return p.Backup }),
		metric.Gauge("down", "Whether the server is marked as down (1) or not (0).", func(p doc) value.Value { return p.Down }))
	table := metric.NewTable(origin, "nginx_vts_upstream_", rows,
		metric.LabelFrom("upstream", func(p doc) string { return p.Upstream }),
		metric.LabelFrom("backend", func(p doc) string { return p.Server }))
	about := source.Info{Name: "vts_upstreams", About: "upstream servers of nginx-module-vts", Default: true, FromDiscovery: true}
	return newPart(about, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, selectPeers(s, selection)...)
	}, table)
}

// selectPeers returns the selected servers. Servers of an upstream with the same
// address share their counters in the module, which lists them for each: all but
// the first are left out.
func selectPeers(s *vts.Status, selection *source.Selection) []*vts.Peer {
	peers := source.Select(&selection.Upstreams, s.Upstreams, func(p *vts.Peer) []string { return []string{p.Upstream} })
	peers = source.Select(&selection.Servers, peers, func(p *vts.Peer) []string { return []string{p.Server} })
	upstream, known := "", map[string]bool{}
	return slices.DeleteFunc(peers, func(p *vts.Peer) bool {
		if p.Upstream != upstream {
			upstream = p.Upstream
			clear(known)
		}
		twice := known[p.Server]
		known[p.Server] = true
		return twice
	})
}

func cachesPart() *part {
	type doc = *vts.Cache
	rows := []metric.Row[doc]{
		gaugeVec("usage_bytes", "The cache zones info", "cache_size",
			metric.Labelled("max", func(c doc) value.Value { return c.MaxSize }),
			metric.Labelled("used", func(c doc) value.Value { return c.UsedSize })),
	}
	rows = append(rows, metric.Nested(counters[doc], bytesRow("bytes_total", "The cache zones request/response bytes"),
		cacheRow("requests_total", "The cache requests counter"))...)
	table := metric.NewTable(origin, "nginx_vts_cache_", rows,
		metric.LabelFrom("cache_zone", func(c doc) string { return c.Name }))
	about := source.Info{Name: "vts_caches", About: "caches of nginx-module-vts", Default: true, FromDiscovery: true}
	return newPart(about, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, source.Select(&selection.Zones, s.Caches, func(c doc) []string { return []string{c.Name} })...)
	}, table)
}
