package plus

import (
	"nginx-exporter/client/api"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

func connectionsDocument() *document {
	table := metric.NewTable("/connections", "nginxplus_connections_", connectionRows()).SinceStart()
	return newDocument(single("connections", "client connection statistics"), "connections",
		func(_ *request, b *metric.Batch, c *api.Connections) { metric.Add(b, table, c) }, table)
}

func connectionRows() []metric.Row[*api.Connections] {
	type doc = *api.Connections
	return []metric.Row[doc]{
		metric.Counter("accepted", "Accepted client connections.",
			func(c doc) value.Value { return c.Accepted }),
		metric.Gauge("active", "Active client connections, without idle ones.",
			func(c doc) value.Value { return c.Active }),
		metric.Counter("dropped", "Dropped client connections.",
			func(c doc) value.Value { return c.Dropped }),
		metric.Gauge("idle", "Idle client connections.",
			func(c doc) value.Value { return c.Idle }),
	}
}
