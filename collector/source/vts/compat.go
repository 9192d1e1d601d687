package vts

import (
	"math"
	"slices"

	"github.com/prometheus/common/version"

	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	stubsource "nginx-exporter/collector/source/stubstatus"
)

// compatParts have the metrics of nginx-vts-exporter, with its names, types, labels,
// texts and values. They have the same names as sources.
//
// See https://github.com/sysulq/nginx-vts-exporter.
func compatParts(namespace string) []*part {
	begin := prefix(namespace)
	return []*part{compatMain(begin), compatServers(begin), compatFilters(begin), compatUpstreams(begin), compatCaches(begin)}
}

// prefix returns what the names of a namespace begin with.
func prefix(namespace string) string {
	if namespace == "" {
		return ""
	}
	return namespace + "_"
}

func compatMain(prefix string) *part {
	type doc = *vts.Status
	info := metric.NewTable(origin, prefix+"server_", []metric.Row[doc]{metric.Gauge("info", "nginx info", uptime)},
		metric.LabelFrom("hostName", func(s doc) string { return s.HostName }),
		metric.LabelFrom("nginxVersion", func(s doc) string { return s.NginxVersion }))
	connections := metric.NewTable(origin, prefix+"server_", []metric.Row[doc]{
		connectionsRow("connections", "nginx connections"),
	})
	memory := metric.NewTable(origin, prefix+"server_", []metric.Row[doc]{
		gaugeVec("sharedzones", "vts module shared memory metrics", "memstat",
			metric.Labelled("maxsize", func(s doc) value.Value { return s.SharedZone.MaxSize }),
			metric.Labelled("usedsize", func(s doc) value.Value { return s.SharedZone.UsedSize }),
			metric.Labelled("usednode", func(s doc) value.Value { return s.SharedZone.UsedNode })),
	}, metric.LabelFrom("name", func(s doc) string { return s.SharedZone.Name }))
	build := metric.NewTable(origin, "nginx_vts_exporter_", []metric.Row[doc]{
		metric.Info[doc]("build_info", "Version of nginx-exporter, which has the names of nginx-vts-exporter"),
	},
		metric.LabelFrom("branch", func(doc) string { return version.Branch }),
		metric.LabelFrom("goarch", func(doc) string { return version.GoArch }),
		metric.LabelFrom("goos", func(doc) string { return version.GoOS }),
		metric.LabelFrom("goversion", func(doc) string { return version.GoVersion }),
		metric.LabelFrom("revision", func(doc) string { return version.GetRevision() }),
		metric.LabelFrom("tags", func(doc) string { return version.GetTags() }),
		metric.LabelFrom("version", func(doc) string { return version.Version }))
	status := stubsource.StatusTable()
	return newPart(mainPart().info, func(b *metric.Batch, s *vts.Status, _ *source.Selection) {
		b.Invalid += s.Invalid
		metric.Add(b, info, s)
		metric.Add(b, connections, s)
		metric.Add(b, memory, s)
		metric.Add(b, build, s)
		metric.Add(b, status, stubStatus(s))
	}, info, connections, memory, build, status)
}

// uptime is the time since nginx loaded its configuration, in whole seconds.
func uptime(s *vts.Status) value.Value {
	return value.Of(math.Floor(seconds(s.Now).Float() - seconds(s.Load).Float())) // absent stays absent
}

// compatServers has the zone * too: dashboards select it.
func compatServers(prefix string) *part {
	type doc = *vts.Zone
	table := metric.NewTable(origin, prefix+"server_", slices.Concat(compatTraffic[doc](), metric.Nested(counters[doc], cacheRow("cache", "cache counter")),
		[]metric.Row[doc]{metric.Gauge("requestMsec", "average of request processing times in milliseconds", func(z doc) value.Value { return z.AverageRequest })}),
		metric.LabelFrom("host", func(z doc) string { return z.Name }))
	return newPart(serversPart().info, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		zones := source.Select(&selection.Zones, s.Servers, func(z doc) []string { return []string{z.Name} })
		if s.Total != nil {
			zones = append(zones, s.Total)
		}
		metric.Add(b, table, zones...)
	}, table)
}

func compatFilters(prefix string) *part {
	type doc = *vts.Zone
	table := metric.NewTable(origin, prefix+"filter_", append(compatTraffic[doc](),
		metric.Gauge("requestMsec", "average of request processing times in milliseconds", func(z doc) value.Value { return z.AverageRequest }),
		// The module does not have it, and nginx-vts-exporter exposes 0.
		metric.Gauge("responseMsec", "average of only upstream/backend response processing times in milliseconds", func(doc) value.Value { return value.Of(0) })),
		metric.LabelFrom("filter", func(z doc) string { return z.Filter }),
		metric.LabelFrom("filterName", func(z doc) string { return z.Name }))
	return newPart(filtersPart().info, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, source.Select(&selection.Zones, s.Filters, func(z doc) []string { return []string{z.Filter, z.Name} })...)
	}, table)
}

func compatUpstreams(prefix string) *part {
	type doc = *vts.Peer
	table := metric.NewTable(origin, prefix+"upstream_", append(compatTraffic[doc](),
		metric.Gauge("requestMsec", "average of request processing times in milliseconds", func(p doc) value.Value { return p.AverageRequest }),
		metric.Gauge("responseMsec", "average of only upstream/backend response processing times in milliseconds", func(p doc) value.Value { return p.AverageResponse })),
		metric.LabelFrom("upstream", func(p doc) string { return p.Upstream }),
		metric.LabelFrom("backend", func(p doc) string { return p.Server }))
	return newPart(upstreamsPart().info, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, selectPeers(s, selection)...)
	}, table)
}

func compatCaches(prefix string) *part {
	type doc = *vts.Cache
	table := metric.NewTable(origin, prefix+"cache_", metric.Nested(counters[doc],
		bytesRow("bytes", "cache request/response bytes"), cacheRow("requests", "cache requests counter")),
		metric.LabelFrom("zone", func(c doc) string { return c.Name }))
	return newPart(cachesPart().info, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, source.Select(&selection.Zones, s.Caches, func(c doc) []string { return []string{c.Name} })...)
	}, table)
}

// compatTraffic are the metrics of bytes and requests. Those of the code total have
// all requests.
func compatTraffic[T counted]() []metric.Row[T] {
	type doc = *vts.Counters
	return metric.Nested(counters[T],
		bytesRow("bytes", "request/response bytes"),
		metric.CounterVec("requests", "requests counter", "code",
			append([]metric.LabelledValue[doc]{metric.Labelled("total", func(c doc) value.Value { return c.Requests })}, classes()...)...))
}
