package vts

import (
	"math"
	"slices"

	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// serversPart has the server zones. The zone * is left out when the document is
// read: it is the sum of the others, so that a query over all zones would count
// each request twice.
func serversPart() *part {
	type doc = *vts.Zone
	rows := slices.Concat(
		metric.Nested(counters[doc], trafficRows("The requests counter")...),
		metric.Nested(counters[doc], cacheRow("cache_total", "The requests cache counter")),
		zoneTimeRows("The request processing time in seconds"))
	table := metric.NewTable(origin, "nginx_vts_", append(metric.Prefixed("server_", rows),
		metric.DynamicVec(metric.KindCounter, "status_code_requests_total", "The requests counter by status code", "code", statusCodes)),
		metric.LabelFrom("host", func(z doc) string { return z.Name }))
	about := source.Info{Name: "vts_servers", About: "server zones of nginx-module-vts", Default: true, FromDiscovery: true}
	return newPart(about, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, source.Select(&selection.Zones, s.Servers, func(z doc) []string { return []string{z.Name} })...)
	}, table)
}

// filtersPart has the filter zones.
func filtersPart() *part {
	type doc = *vts.Zone
	rows := slices.Concat(
		metric.Nested(counters[doc], trafficRows("The requests counter")...),
		metric.Nested(counters[doc], cacheRow("cache_total", "The requests cache counter")),
		zoneTimeRows("The request processing time in seconds counter"))
	table := metric.NewTable(origin, "nginx_vts_filter_", rows,
		metric.LabelFrom("filter", func(z doc) string { return z.Filter }),
		metric.LabelFrom("filter_name", func(z doc) string { return z.Name }))
	about := source.Info{Name: "vts_filters", About: "filter zones of nginx-module-vts", Default: true, FromDiscovery: true}
	return newPart(about, func(b *metric.Batch, s *vts.Status, selection *source.Selection) {
		metric.Add(b, table, source.Select(&selection.Zones, s.Filters, func(z doc) []string { return []string{z.Filter, z.Name} })...)
	}, table)
}

// counted is an object with counters.
type counted interface{ All() *vts.Counters }

func counters[T counted](object T) *vts.Counters { return object.All() }

// trafficRows are the metrics of bytes and requests of all objects but caches.
func trafficRows(requests string) []metric.Row[*vts.Counters] {
	return []metric.Row[*vts.Counters]{
		bytesRow("bytes_total", "The request/response bytes"),
		metric.CounterVec("requests_total", requests, "code", classes()...),
	}
}

// classes are the responses by class.
func classes() []metric.LabelledValue[*vts.Counters] {
	type doc = *vts.Counters
	return []metric.LabelledValue[doc]{
		metric.Labelled("1xx", func(c doc) value.Value { return c.Responses.Informational }),
		metric.Labelled("2xx", func(c doc) value.Value { return c.Responses.Success }),
		metric.Labelled("3xx", func(c doc) value.Value { return c.Responses.Redirection }),
		metric.Labelled("4xx", func(c doc) value.Value { return c.Responses.ClientError }),
		metric.Labelled("5xx", func(c doc) value.Value { return c.Responses.ServerError }),
	}
}

func bytesRow(name, help string) metric.Row[*vts.Counters] {
	return metric.CounterVec(name, help, "direction",
		metric.Labelled("in", func(c *vts.Counters) value.Value { return c.InBytes }),
		metric.Labelled("out", func(c *vts.Counters) value.Value { return c.OutBytes }))
}

// cacheRow has the requests by cache status.
func cacheRow(name, help string) metric.Row[*vts.Counters] {
	type doc = *vts.Counters
	return metric.CounterVec(name, help, "status",
		metric.Labelled("miss", func(c doc) value.Value { return c.Cached.Miss }),
		metric.Labelled("bypass", func(c doc) value.Value { return c.Cached.Bypass }),
		metric.Labelled("expired", func(c doc) value.Value { return c.Cached.Expired }),
		metric.Labelled("stale", func(c doc) value.Value { return c.Cached.Stale }),
		metric.Labelled("updating", func(c doc) value.Value { return c.Cached.Updating }),
		metric.Labelled("revalidated", func(c doc) value.Value { return c.Cached.Revalidated }),
		metric.Labelled("hit", func(c doc) value.Value { return c.Cached.Hit }),
		metric.Labelled("scarce", func(c doc) value.Value { return c.Cached.Scarce }))
}

// zoneTimeRows are the metrics of the time of requests of a zone.
func zoneTimeRows(total string) []metric.Row[*vts.Zone] {
	type doc = *vts.Zone
	return []metric.Row[doc]{
		metric.NewHistogram("request_duration_seconds", "The histogram of request processing time",
			func(to *metric.Histogram, z doc) { fill(to, &z.RequestDuration, z.RequestTime) }),
		metric.Gauge("request_seconds", "The average of request processing times in seconds",
			func(z doc) value.Value { return seconds(z.AverageRequest) }),
		metric.Counter("request_seconds_total", total,
			func(z doc) value.Value { return seconds(z.RequestTime) }),
	}
}

func statusCodes(to []metric.Series, z *vts.Zone) []metric.Series {
	for i := range z.Codes {
		to = append(to, metric.Series{Label: z.Codes[i].Code, Value: z.Codes[i].Count})
	}
	return to
}

// fill converts a histogram to seconds.
func fill(to *metric.Histogram, h *vts.Histogram, sum value.Value) {
	if len(h.Counts) == 0 {
		return
	}
	to.Sum = seconds(sum).Float()
	for _, bound := range h.Bounds {
		to.Bounds = append(to.Bounds, bound/millisecondsPerSecond)
	}
	to.Bounds = append(to.Bounds, math.Inf(1))
	to.Counts = append(to.Counts, h.Counts...)
}
