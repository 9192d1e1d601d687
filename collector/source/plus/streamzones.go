package plus

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func streamZonesDocument() *document {
	table := streamZoneTable()
	return newDocument(on("stream_server_zones", "traffic per status_zone of stream servers"), "stream/server_zones",
		func(r *request, b *metric.Batch, zones *plus.StreamZones) {
			metric.Add(b, table, source.Select(&r.selection.Zones, zones.All, func(z *plus.StreamZone) []string { return []string{z.Name} })...)
		}, table)
}

func streamZoneTable() *metric.Table[*plus.StreamZone] {
	type doc = *plus.StreamZone
	rows := []metric.Row[doc]{
		metric.Counter("connections", "Connections accepted from clients.",
			func(z doc) value.Value { return z.Connections }),
		metric.Counter("discarded", "Connections completed without creating a session.",
			func(z doc) value.Value { return z.Discarded }),
		metric.Gauge("processing", "Client connections that are being processed.",
			func(z doc) value.Value { return z.Processing }),
		metric.Counter("received", "Bytes received from clients.",
			func(z doc) value.Value { return z.Received }),
		metric.Counter("sent", "Bytes sent to clients.",
			func(z doc) value.Value { return z.Sent }),
		metric.CounterVec("sessions", "Completed sessions by status code class.", "code",
			metric.Labelled("2xx", func(z doc) value.Value { return z.Success }),
			metric.Labelled("4xx", func(z doc) value.Value { return z.ClientError }),
			metric.Labelled("5xx", func(z doc) value.Value { return z.ServerError })),
	}
	tls := metric.Nested(func(z doc) *plus.TLS { return z.TLS }, tlsRows("hostname_mismatch")...)
	return metric.NewTable("/stream/server_zones/", "nginxplus_stream_server_zone_", slices.Concat(rows, metric.Prefixed("ssl_", tls)),
		metric.LabelFrom("server_zone", func(z doc) string { return z.Name })).SinceStart()
}
