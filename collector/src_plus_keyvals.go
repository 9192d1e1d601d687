package collector

import (
	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

func plusKeyvalsSource() []source {
	http := plusKeyvalTable("/http/keyvals/", "nginxplus_keyval_")
	stream := plusKeyvalTable("/stream/keyvals/", "nginxplus_stream_keyval_")
	bindTo := func(t *table[*client.PlusKeyval]) func(asker, *binder, *client.PlusKeyvals) {
		return func(_ asker, bind *binder, zones *client.PlusKeyvals) {
			addTo(bind, t, keep(&bind.choice.zones, zones.All, func(k *client.PlusKeyval) string { return k.Name })...)
		}
	}
	sources := []source{
		plusSource("http_keyvals", "http/keyvals", "pairs in key-value zones; nginx sends all of them each time", bindTo(http), http),
		plusSource("stream_keyvals", "stream/keyvals", "pairs in key-value zones of stream; nginx sends all of them each time",
			bindTo(stream), stream),
	}
	for i := range sources {
		sources[i].optIn = true
	}
	return sources
}

func plusKeyvalTable(source, prefix string) *table[*client.PlusKeyval] {
	return &table[*client.PlusKeyval]{
		source: source,
		prefix: prefix,
		rows: []row[*client.PlusKeyval]{
			gauge("pairs", "Pairs in the key-value zone now.",
				func(k *client.PlusKeyval) value.Value { return k.Pairs }),
		},
		labels: []string{"zone"},
		values: func(values []string, k *client.PlusKeyval) []string { return append(values, k.Name) },
	}
}
