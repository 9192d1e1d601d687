package plus

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func serverZonesDocument(o *Options) *document {
	type doc = *plus.ServerZone
	table := metric.NewTable("/http/server_zones/", "nginxplus_server_zone_", slices.Concat(
		[]metric.Row[doc]{
			metric.Gauge("processing", "Client requests that are being processed.",
				func(z doc) value.Value { return z.Processing }),
		},
		zoneRows(o),
		metric.Prefixed("ssl_", metric.Nested(func(z doc) *plus.TLS { return z.TLS }, tlsRows()...)),
	), metric.LabelFrom("server_zone", func(z doc) string { return z.Name })).SinceStart()
	return newDocument(on("http_server_zones", "traffic per status_zone of servers"), "http/server_zones", addZones(table), table)
}

func locationZonesDocument(o *Options) *document {
	table := metric.NewTable("/http/location_zones/", "nginxplus_location_zone_", zoneRows(o),
		metric.LabelFrom("location_zone", func(z *plus.ServerZone) string { return z.Name })).SinceStart()
	return newDocument(on("http_location_zones", "traffic per status_zone of locations"), "http/location_zones", addZones(table), table)
}

func addZones(table *metric.Table[*plus.ServerZone]) func(*request, *metric.Batch, *plus.ServerZones) {
	return func(r *request, b *metric.Batch, zones *plus.ServerZones) {
		metric.Add(b, table, source.Select(&r.selection.Zones, zones.All, func(z *plus.ServerZone) []string { return []string{z.Name} })...)
	}
}

// zoneRows are the metrics that zones of servers and of locations share.
func zoneRows(o *Options) []metric.Row[*plus.ServerZone] {
	type doc = *plus.ServerZone
	return append([]metric.Row[doc]{
		metric.Counter("discarded", "Client requests completed without sending a response.",
			func(z doc) value.Value { return z.Discarded }),
		metric.Counter("received", "Bytes received from clients.",
			func(z doc) value.Value { return z.Received }),
		metric.Counter("requests", "Client requests.",
			func(z doc) value.Value { return z.Requests }),
		metric.Counter("sent", "Bytes sent to clients.",
			func(z doc) value.Value { return z.Sent }),
	}, metric.Nested(func(z doc) *plus.Responses { return &z.Responses }, responseRows(o)...)...)
}
