package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusZoneSyncSource() []source {
	node, zones := plusSyncTable(), plusSyncZoneTable()
	return []source{plusSource("stream_zone_sync", "stream/zone_sync", "synchronisation of zones in a cluster",
		func(_ asker, bind *binder, sync *plus.ZoneSync) {
			addTo(bind, node, sync)
			addTo(bind, zones, keep(&bind.choice.zones, sync.Zones.All, func(z *plus.SyncZone) string { return z.Name })...)
		}, node, zones)}
}

func plusSyncTable() *table[*plus.ZoneSync] {
	type doc = *plus.ZoneSync
	return &table[doc]{
		source: "/stream/zone_sync/",
		prefix: "nginxplus_stream_zone_sync_status_",
		rows: []row[doc]{
			counter("bytes_in", "Bytes that this node received from other nodes.",
				func(z doc) value.Value { return z.BytesIn }),
			counter("bytes_out", "Bytes that this node sent to other nodes.",
				func(z doc) value.Value { return z.BytesOut }),
			counter("msgs_in", "Messages that this node received from other nodes.",
				func(z doc) value.Value { return z.MessagesIn }),
			counter("msgs_out", "Messages that this node sent to other nodes.",
				func(z doc) value.Value { return z.MessagesOut }),
			gauge("nodes_online", "Other nodes that this node is connected to now.",
				func(z doc) value.Value { return z.NodesOnline }),
		},
	}
}

func plusSyncZoneTable() *table[*plus.SyncZone] {
	type doc = *plus.SyncZone
	return &table[doc]{
		source: "/stream/zone_sync/",
		prefix: "nginxplus_stream_zone_sync_zone_",
		rows: []row[doc]{
			gauge("records_pending", "Records of the zone that are still to be sent.",
				func(z doc) value.Value { return z.RecordsPending }),
			gauge("records_total", "Records in the zone now.",
				func(z doc) value.Value { return z.RecordsTotal }),
		},
		labels: []string{"zone"},
		values: func(values []string, z doc) []string { return append(values, z.Name) },
	}
}
