package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func zoneSyncDocument() *document {
	node, zones := syncTable(), syncZoneTable()
	return newDocument(on("stream_zone_sync", "zone synchronization between the nodes of a cluster"), "stream/zone_sync",
		func(r *request, b *metric.Batch, sync *plus.ZoneSync) {
			metric.Add(b, node, sync)
			metric.Add(b, zones, source.Select(&r.selection.Zones, sync.Zones.All, func(z *plus.SyncZone) []string { return []string{z.Name} })...)
		}, node, zones)
}

func syncTable() *metric.Table[*plus.ZoneSync] {
	type doc = *plus.ZoneSync
	return metric.NewTable("/stream/zone_sync/", "nginxplus_stream_zone_sync_status_", []metric.Row[doc]{
		metric.Counter("bytes_in", "Bytes received by this node.",
			func(z doc) value.Value { return z.BytesIn }),
		metric.Counter("bytes_out", "Bytes sent by this node.",
			func(z doc) value.Value { return z.BytesOut }),
		metric.Counter("msgs_in", "Messages received by this node.",
			func(z doc) value.Value { return z.MessagesIn }),
		metric.Counter("msgs_out", "Messages sent by this node.",
			func(z doc) value.Value { return z.MessagesOut }),
		metric.Gauge("nodes_online", "Peers this node is connected to.",
			func(z doc) value.Value { return z.NodesOnline }),
	}).SinceStart()
}

func syncZoneTable() *metric.Table[*plus.SyncZone] {
	type doc = *plus.SyncZone
	return metric.NewTable("/stream/zone_sync/", "nginxplus_stream_zone_sync_zone_", []metric.Row[doc]{
		metric.Gauge("records_pending", "Records that need to be sent to the cluster.",
			func(z doc) value.Value { return z.RecordsPending }),
		metric.Gauge("records_total", "Records in the zone.",
			func(z doc) value.Value { return z.RecordsTotal }),
	}, metric.LabelFrom("zone", func(z doc) string { return z.Name }))
}
