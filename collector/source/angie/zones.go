package angie

import (
	"slices"

	"nginx-exporter/client/angie"
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func serverZonesPart() *part {
	type doc = *angie.ServerZone
	table := metric.NewTable("/status/http/server_zones/", "angie_http_server_zones_", slices.Concat(
		[]metric.Row[doc]{
			metric.Gauge("requests_processing", "Client requests that are being processed.",
				func(z doc) value.Value { return z.Processing }),
		},
		zoneRows(),
		tlsRows(func(z doc) *angie.TLS { return z.TLS }),
	), metric.LabelFrom("zone", func(z doc) string { return z.Name })).SinceStart()
	return newPart(on("http_server_zones", "traffic per status_zone of servers of Angie"), "http/server_zones", addZones(table), table)
}

func locationZonesPart() *part {
	table := metric.NewTable("/status/http/location_zones/", "angie_http_location_zones_", zoneRows(),
		metric.LabelFrom("zone", func(z *angie.ServerZone) string { return z.Name })).SinceStart()
	return newPart(on("http_location_zones", "traffic per status_zone of locations of Angie"), "http/location_zones", addZones(table), table)
}

func addZones(table *metric.Table[*angie.ServerZone]) func(*source.Selection, *metric.Batch, *angie.ServerZones) {
	return func(s *source.Selection, b *metric.Batch, zones *angie.ServerZones) {
		metric.Add(b, table, source.Select(&s.Zones, zones.All, func(z *angie.ServerZone) []string { return []string{z.Name} })...)
	}
}

// zoneRows are the metrics that zones of servers and of locations share.
func zoneRows() []metric.Row[*angie.ServerZone] {
	type doc = *angie.ServerZone
	return slices.Concat([]metric.Row[doc]{
		metric.Counter("requests_discarded", "Client requests completed without sending a response.",
			func(z doc) value.Value { return z.Discarded }),
		metric.Counter("requests_total", "Client requests.",
			func(z doc) value.Value { return z.Requests }),
		metric.DynamicVec(metric.KindCounter, "responses", "Responses by status code.", "code",
			func(to []metric.Series, z doc) []metric.Series { return appendCodes(to, z.Responses) }),
	}, dataRows(func(z doc) *angie.Data { return &z.Data }, "clients"))
}

func appendCodes(to []metric.Series, codes []api.Code) []metric.Series {
	for i := range codes {
		to = append(to, metric.Series{Label: codes[i].Code, Value: codes[i].Count})
	}
	return to
}

// dataRows count the bytes exchanged with clients or servers.
func dataRows[T any](data func(T) *angie.Data, peer string) []metric.Row[T] {
	return metric.Nested(data,
		metric.Counter("data_received", "Bytes received from "+peer+".", func(d *angie.Data) value.Value { return d.Received }),
		metric.Counter("data_sent", "Bytes sent to "+peer+".", func(d *angie.Data) value.Value { return d.Sent }))
}

// tlsRows are the metrics of zones that count TLS handshakes.
func tlsRows[T any](tls func(T) *angie.TLS) []metric.Row[T] {
	type doc = *angie.TLS
	return metric.Nested(tls,
		metric.Counter("ssl_failed", "Failed TLS handshakes.", func(t doc) value.Value { return t.Failed }),
		metric.Counter("ssl_handshaked", "Successful TLS handshakes.", func(t doc) value.Value { return t.Handshaked }),
		metric.Counter("ssl_reuses", "Session reuses during TLS handshakes.", func(t doc) value.Value { return t.Reuses }),
		metric.Counter("ssl_timedout", "TLS handshakes that timed out.", func(t doc) value.Value { return t.TimedOut }))
}

func streamZonesPart() *part {
	type doc = *angie.StreamZone
	table := metric.NewTable("/status/stream/server_zones/", "angie_stream_server_zones_", slices.Concat([]metric.Row[doc]{
		metric.Counter("connections_discarded", "Connections completed without creating a session.",
			func(z doc) value.Value { return z.Discarded }),
		metric.Counter("connections_passed", "Connections passed to another listening socket.",
			func(z doc) value.Value { return z.Passed }),
		metric.Gauge("connections_processing", "Client connections that are being processed.",
			func(z doc) value.Value { return z.Processing }),
		metric.Counter("connections_total", "Connections accepted from clients.",
			func(z doc) value.Value { return z.Connections }),
		metric.CounterVec("sessions", "Completed sessions by result.", "status",
			metric.Labelled("success", func(z doc) value.Value { return z.Success }),
			metric.Labelled("invalid", func(z doc) value.Value { return z.Invalid }),
			metric.Labelled("forbidden", func(z doc) value.Value { return z.Forbidden }),
			metric.Labelled("internal_error", func(z doc) value.Value { return z.InternalError }),
			metric.Labelled("bad_gateway", func(z doc) value.Value { return z.BadGateway }),
			metric.Labelled("service_unavailable", func(z doc) value.Value { return z.ServiceUnavailable })),
	},
		dataRows(func(z doc) *angie.Data { return &z.Data }, "clients"),
		tlsRows(func(z doc) *angie.TLS { return z.TLS }),
	), metric.LabelFrom("zone", func(z doc) string { return z.Name })).SinceStart()
	return newPart(on("stream_server_zones", "traffic per status_zone of stream servers of Angie"), "stream/server_zones",
		func(s *source.Selection, b *metric.Batch, zones *angie.StreamZones) {
			metric.Add(b, table, source.Select(&s.Zones, zones.All, func(z doc) []string { return []string{z.Name} })...)
		}, table)
}
