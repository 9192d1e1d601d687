package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func serverPart() *part {
	type doc = *angie.Server
	const origin = "/status/" + angie.ServerPath
	config := metric.NewTable(origin, "angie_", []metric.Row[doc]{
		metric.Gauge("build_timestamp_seconds", "Time of the build of Angie, in Unix time.",
			func(s doc) value.Value { return s.BuildTime }),
		metric.Gauge("config_last_load_timestamp_seconds", "Time of the last configuration load, in Unix time.",
			func(s doc) value.Value { return s.LoadTime }),
		metric.Counter("config_reloads_total", "Configuration loads, including the first one.",
			func(s doc) value.Value { return s.Generation }),
	})
	build := metric.NewTable(origin, "angie_", []metric.Row[doc]{
		metric.Info[doc]("build_info", "Version of Angie, and the name of its build."),
	},
		metric.LabelFrom("build", func(s doc) string { return s.Build }),
		metric.LabelFrom("version", func(s doc) string { return s.Version }))
	return newPart(single("server", "version and configuration reloads of Angie"), angie.ServerPath,
		func(_ *source.Selection, b *metric.Batch, s doc) {
			if s.Generation.Float() == 1 && s.LoadTime.IsSet() {
				b.Start = s.LoadTime.Float()
			}
			metric.Add(b, config, s)
			if s.Version != "" || s.Build != "" {
				metric.Add(b, build, s)
			}
		}, config, build)
}

func connectionsPart() *part {
	type doc = *api.Connections
	table := metric.NewTable("/status/connections", "angie_connections_", []metric.Row[doc]{
		metric.Counter("accepted", "Accepted client connections.",
			func(c doc) value.Value { return c.Accepted }),
		metric.Gauge("active", "Active client connections, without idle ones.",
			func(c doc) value.Value { return c.Active }),
		metric.Counter("dropped", "Dropped client connections.",
			func(c doc) value.Value { return c.Dropped }),
		metric.Gauge("idle", "Idle client connections.",
			func(c doc) value.Value { return c.Idle }),
	}).SinceStart()
	return newPart(single("connections", "client connection statistics of Angie"), "connections",
		func(_ *source.Selection, b *metric.Batch, c doc) { metric.Add(b, table, c) }, table)
}
