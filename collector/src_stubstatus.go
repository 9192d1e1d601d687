package collector

import (
	"context"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

// stubStatusName is the name of the one source that is no part of the NGINX
// Plus API.
const stubStatusName = "stub_status"

// stubStatusSource reads ngx_http_stub_status_module.
func stubStatusSource() []source {
	figures, server := stubStatusTable(), serverInfoTable()
	return []source{{
		name:   stubStatusName,
		about:  "connections and requests of open-source nginx",
		tables: []anyTable{figures, server},
		fetch: func(ctx context.Context, ask asker, bind *binder) error {
			status, err := ask.client.StubStatus(ctx)
			if err != nil {
				return err
			}
			bind.dropped.Invalid += float64(status.Invalid())
			bind.requests = status.Requests
			addTo(bind, figures, status)
			if status.Version != "" {
				addTo(bind, server, &serverInfo{version: status.Version})
			}
			return nil
		},
	}}
}

func stubStatusTable() *table[*client.StubStatus] {
	type doc = *client.StubStatus
	return &table[doc]{
		source: stubStatusName,
		prefix: "nginx_",
		rows: []row[doc]{
			counter("connections_accepted", "Client connections that nginx accepted.",
				func(s doc) value.Value { return s.Accepted }),
			gauge("connections_active", "Client connections open now, idle ones included.",
				func(s doc) value.Value { return s.Active }),
			counter("connections_handled", "Client connections that nginx handled; fewer than accepted if a limit was hit.",
				func(s doc) value.Value { return s.Handled }),
			gauge("connections_reading", "Connections on which nginx is reading a request header now.",
				func(s doc) value.Value { return s.Reading }),
			gauge("connections_waiting", "Idle connections that wait for a request now.",
				func(s doc) value.Value { return s.Waiting }),
			gauge("connections_writing", "Connections to which nginx is writing an answer now.",
				func(s doc) value.Value { return s.Writing }),
			counter("http_requests_total", "Requests that clients made to nginx, those of this exporter included.",
				func(s doc) value.Value { return s.Requests }),
		},
	}
}

// serverInfo is what the Server header tells.
type serverInfo struct{ version string }

func serverInfoTable() *table[*serverInfo] {
	return &table[*serverInfo]{
		source: stubStatusName,
		prefix: "nginx_",
		rows: []row[*serverInfo]{
			info[*serverInfo]("server_info", "Version of nginx, as its Server header tells it."),
		},
		labels: []string{"version"},
		values: func(values []string, s *serverInfo) []string { return append(values, s.version) },
	}
}
