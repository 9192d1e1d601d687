package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusServerZonesSource(o *Options) []source {
	figures := plusServerZoneTable(o)
	return []source{plusSource("http_server_zones", "http/server_zones", "traffic of each status_zone of servers",
		func(_ asker, bind *binder, zones *plus.ServerZones) {
			addTo(bind, figures, keep(&bind.choice.zones, zones.All, serverZoneName)...)
		}, figures)}
}

func serverZoneName(z *plus.ServerZone) string { return z.Name }

func plusServerZoneTable(o *Options) *table[*plus.ServerZone] {
	type doc = *plus.ServerZone
	return &table[doc]{
		source: "/http/server_zones/",
		prefix: "nginxplus_server_zone_",
		rows: slices.Concat(
			[]row[doc]{gauge("processing", "Client requests in progress now.",
				func(z doc) value.Value { return z.Processing })},
			zoneRows(o),
			prefixed("ssl_", lift(func(z doc) *plus.TLS { return z.TLS }, tlsRows()...)),
		),
		labels: []string{"server_zone"},
		values: func(values []string, z doc) []string { return append(values, z.Name) },
	}
}

// zoneRows are the metrics that zones of servers and of locations share.
func zoneRows(o *Options) []row[*plus.ServerZone] {
	type doc = *plus.ServerZone
	return append([]row[doc]{
		counter("discarded", "Client requests that ended without an answer.",
			func(z doc) value.Value { return z.Discarded }),
		counter("received", "Bytes received from clients.",
			func(z doc) value.Value { return z.Received }),
		counter("requests", "Client requests.",
			func(z doc) value.Value { return z.Requests }),
		counter("sent", "Bytes sent to clients.",
			func(z doc) value.Value { return z.Sent }),
	}, lift(func(z doc) *plus.Responses { return &z.Responses }, responseRows(o)...)...)
}
