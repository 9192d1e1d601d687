package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusConnectionsSource() []source {
	figures := &table[*plus.Connections]{
		tableHead: tableHead{sinceStart: true},
		source:    "/connections",
		prefix:    "nginxplus_connections_",
		rows:      connectionRows(),
	}
	return []source{plusSource("connections", "connections", "client connections",
		func(_ asker, bind *binder, c *plus.Connections) { addTo(bind, figures, c) }, figures)}
}

func connectionRows() []row[*plus.Connections] {
	return []row[*plus.Connections]{
		counter("accepted", "Client connections accepted.",
			func(c *plus.Connections) value.Value { return c.Accepted }),
		gauge("active", "Client connections in use now, idle ones left out.",
			func(c *plus.Connections) value.Value { return c.Active }),
		counter("dropped", "Client connections dropped.",
			func(c *plus.Connections) value.Value { return c.Dropped }),
		gauge("idle", "Client connections that wait for a request now.",
			func(c *plus.Connections) value.Value { return c.Idle }),
	}
}
