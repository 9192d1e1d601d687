package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusKeyvalsSource() []source {
	http := plusKeyvalTable("/http/keyvals/", "nginxplus_keyval_")
	stream := plusKeyvalTable("/stream/keyvals/", "nginxplus_stream_keyval_")
	bindTo := func(t *table[*plus.Keyval]) func(asker, *binder, *plus.Keyvals) {
		return func(_ asker, bind *binder, zones *plus.Keyvals) {
			addTo(bind, t, keep(&bind.choice.zones, zones.All, func(k *plus.Keyval) string { return k.Name })...)
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

func plusKeyvalTable(source, prefix string) *table[*plus.Keyval] {
	return &table[*plus.Keyval]{
		source: source,
		prefix: prefix,
		rows: []row[*plus.Keyval]{
			gauge("pairs", "Pairs in the key-value zone now.",
				func(k *plus.Keyval) value.Value { return k.Pairs }),
		},
		labels: []string{"zone"},
		values: func(values []string, k *plus.Keyval) []string { return append(values, k.Name) },
	}
}
