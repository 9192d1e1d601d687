package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func keyvalsDocument() *document {
	table := keyvalTable("/http/keyvals/", "nginxplus_keyval_")
	return newDocument(off("http_keyvals", "pair counts of key-value zones; nginx sends all pairs in each scrape"),
		"http/keyvals", addKeyvals(table), table)
}

func streamKeyvalsDocument() *document {
	table := keyvalTable("/stream/keyvals/", "nginxplus_stream_keyval_")
	return newDocument(off("stream_keyvals", "pair counts of stream key-value zones; nginx sends all pairs in each scrape"),
		"stream/keyvals", addKeyvals(table), table)
}

func addKeyvals(table *metric.Table[*plus.Keyval]) func(*request, *metric.Batch, *plus.Keyvals) {
	return func(r *request, b *metric.Batch, zones *plus.Keyvals) {
		metric.Add(b, table, source.Select(&r.selection.Zones, zones.All, func(k *plus.Keyval) []string { return []string{k.Name} })...)
	}
}

func keyvalTable(origin, prefix string) *metric.Table[*plus.Keyval] {
	return metric.NewTable(origin, prefix, []metric.Row[*plus.Keyval]{
		metric.Gauge("pairs", "Key-value pairs in the zone.",
			func(k *plus.Keyval) value.Value { return k.Pairs }),
	}, metric.LabelFrom("zone", func(k *plus.Keyval) string { return k.Name }))
}
