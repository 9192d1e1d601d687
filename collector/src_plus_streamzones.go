package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusStreamZonesSource() []source {
	figures := plusStreamZoneTable()
	return []source{plusSource("stream_server_zones", "stream/server_zones", "traffic of each status_zone of stream servers",
		func(_ asker, bind *binder, zones *plus.StreamZones) {
			addTo(bind, figures, keep(&bind.choice.zones, zones.All, func(z *plus.StreamZone) string { return z.Name })...)
		}, figures)}
}

func plusStreamZoneTable() *table[*plus.StreamZone] {
	type doc = *plus.StreamZone
	rows := []row[doc]{
		counter("connections", "Client connections.",
			func(z doc) value.Value { return z.Connections }),
		counter("discarded", "Client connections that ended without a session.",
			func(z doc) value.Value { return z.Discarded }),
		gauge("processing", "Client connections in progress now.",
			func(z doc) value.Value { return z.Processing }),
		counter("received", "Bytes received from clients.",
			func(z doc) value.Value { return z.Received }),
		counter("sent", "Bytes sent to clients.",
			func(z doc) value.Value { return z.Sent }),
		by(Counter, "sessions", "Sessions that ended, by class of their status.", "code",
			one("2xx", func(z doc) value.Value { return z.Success }),
			one("4xx", func(z doc) value.Value { return z.ClientError }),
			one("5xx", func(z doc) value.Value { return z.ServerError })),
	}
	return &table[doc]{
		source: "/stream/server_zones/",
		prefix: "nginxplus_stream_server_zone_",
		rows:   slices.Concat(rows, prefixed("ssl_", lift(func(z doc) *plus.TLS { return z.TLS }, tlsRows("hostname_mismatch")...))),
		labels: []string{"server_zone"},
		values: func(values []string, z doc) []string { return append(values, z.Name) },
	}
}
