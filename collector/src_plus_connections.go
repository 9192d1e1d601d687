package collector

import (
	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

func plusConnectionsSource() []source {
	figures := &table[*client.PlusConnections]{
		tableHead: tableHead{sinceStart: true},
		source:    "/connections",
		prefix:    "nginxplus_connections_",
		rows:      connectionRows(),
	}
	return []source{plusSource("connections", "connections", "client connections",
		func(_ asker, bind *binder, c *client.PlusConnections) { addTo(bind, figures, c) }, figures)}
}

func connectionRows() []row[*client.PlusConnections] {
	return []row[*client.PlusConnections]{
		counter("accepted", "Client connections accepted.",
			func(c *client.PlusConnections) value.Value { return c.Accepted }),
		gauge("active", "Client connections in use now, idle ones left out.",
			func(c *client.PlusConnections) value.Value { return c.Active }),
		counter("dropped", "Client connections dropped.",
			func(c *client.PlusConnections) value.Value { return c.Dropped }),
		gauge("idle", "Client connections that wait for a request now.",
			func(c *client.PlusConnections) value.Value { return c.Idle }),
	}
}
