package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// upstreamTables are the metrics of upstreams of one module.
type upstreamTables struct {
	upstreams, zones *table[*plus.Upstream]
	servers          *table[*plus.Peer]
	about            *table[*plus.Peer]
	byID             bool
}

func plusUpstreamsSource(o *Options) []source {
	t := newUpstreamTables(o, "/http/upstreams/", "nginxplus_upstream_", slices.Concat(
		serverRows(),
		[]row[*plus.Peer]{
			gauge("header_time", "Average time until the header of an answer, in milliseconds.",
				func(p *plus.Peer) value.Value { return p.HeaderTime }),
			counter("requests", "Client requests sent to this server.",
				func(p *plus.Peer) value.Value { return p.Requests }),
			{
				name: "response_duration_seconds", help: "Time until the end of an answer.", kind: Histogram,
				histogram: func(p *plus.Peer) *plus.Histogram { return p.ResponseTimes },
			},
		},
		lift(func(p *plus.Peer) *plus.Responses { return &p.Responses }, responseRows(o)...)))
	t.upstreams.rows = append(t.upstreams.rows,
		gauge("keepalive", "Idle connections to the servers of the upstream now.",
			func(u *plus.Upstream) value.Value { return u.Keepalive }),
		gauge("queue_max_size", "Limit of the queue of requests.",
			func(u *plus.Upstream) value.Value { return u.QueueMaxSize }),
		counter("queue_overflows_total", "Requests refused since the queue was full.",
			func(u *plus.Upstream) value.Value { return u.QueueOverflows }),
		gauge("queue_size", "Requests that wait for a server now.",
			func(u *plus.Upstream) value.Value { return u.QueueSize }))
	return []source{
		plusSource("http_upstreams", "http/upstreams", "upstreams and their servers", t.bind("upstream_zones"),
			t.upstreams, t.servers, t.about),
		detail("upstream_zones", "the shared memory zone of each upstream", t.zones),
	}
}

func plusStreamUpstreamsSource(o *Options) []source {
	t := newUpstreamTables(o, "/stream/upstreams/", "nginxplus_stream_upstream_", append(
		serverRows(),
		gauge("connect_time", "Average time to connect to the server, in milliseconds.",
			func(p *plus.Peer) value.Value { return p.ConnectTime }),
		counter("connections", "Client connections sent to this server.",
			func(p *plus.Peer) value.Value { return p.Connections }),
		gauge("first_byte_time", "Average time until the first byte from the server, in milliseconds.",
			func(p *plus.Peer) value.Value { return p.FirstByteTime }),
	))
	return []source{
		plusSource("stream_upstreams", "stream/upstreams", "stream upstreams and their servers", t.bind("stream_upstream_zones"),
			t.upstreams, t.servers, t.about),
		detail("stream_upstream_zones", "the shared memory zone of each stream upstream", t.zones),
	}
}

func newUpstreamTables(o *Options, source, prefix string, servers []row[*plus.Peer]) *upstreamTables {
	upstream := func(values []string, u *plus.Upstream) []string { return append(values, u.Name) }
	t := &upstreamTables{
		byID: o.ServerID,
		upstreams: &table[*plus.Upstream]{
			source: source, prefix: prefix, rows: upstreamRows(),
			labels: []string{"upstream"}, values: upstream,
		},
		zones: &table[*plus.Upstream]{
			source: source, prefix: prefix,
			rows:   []row[*plus.Upstream]{info[*plus.Upstream]("info", "The shared memory zone of an upstream.")},
			labels: []string{"upstream", "zone"},
			values: func(values []string, u *plus.Upstream) []string { return append(values, u.Name, u.Zone) },
		},
		servers: &table[*plus.Peer]{
			source: source, prefix: prefix + "server_", rows: servers,
			labels: []string{"server", "upstream"},
			values: func(values []string, p *plus.Peer) []string { return append(values, p.Server, p.Upstream.Name) },
		},
		about: &table[*plus.Peer]{
			source: source, prefix: prefix + "server_",
			rows:   []row[*plus.Peer]{info[*plus.Peer]("info", "How the configuration names a server.")},
			labels: []string{"id", "name", "server", "service", "upstream"},
			values: func(values []string, p *plus.Peer) []string {
				return append(values, p.ID, p.Name, p.Server, p.Service, p.Upstream.Name)
			},
		},
	}
	if t.byID {
		t.servers.labels = []string{"id", "server", "upstream"}
		t.servers.values = func(values []string, p *plus.Peer) []string {
			return append(values, p.ID, p.Server, p.Upstream.Name)
		}
	}
	return t
}

// bind binds what the choice keeps of the document.
func (t *upstreamTables) bind(zones string) func(asker, *binder, *plus.Upstreams) {
	return func(_ asker, bind *binder, document *plus.Upstreams) {
		upstreams := keep(&bind.choice.upstreams, document.All, func(u *plus.Upstream) string { return u.Name })
		servers := keepServers(bind.choice, document.Peers)
		addTo(bind, t.upstreams, upstreams...)
		if bind.choice.wants(zones) {
			addTo(bind, t.zones, upstreams...)
		}
		addTo(bind, t.about, servers...)
		if !t.byID {
			servers = merge(servers)
		}
		addTo(bind, t.servers, servers...)
	}
}

func keepServers(c *choice, servers []*plus.Peer) []*plus.Peer {
	servers = keep(&c.upstreams, servers, func(p *plus.Peer) string { return p.Upstream.Name })
	if c.servers.include == nil && c.servers.exclude == nil {
		return servers
	}
	return slices.DeleteFunc(servers, func(p *plus.Peer) bool { return !c.servers.keeps(p.Server, p.Name) })
}

// merge makes one of servers with the same address in one upstream, which
// nginx allows. The API lists the servers of an upstream one after another.
func merge(servers []*plus.Peer) []*plus.Peer {
	merged := servers[:0]
	var upstream *plus.Upstream
	known := map[string]*plus.Peer{}
	for _, p := range servers {
		if p.Upstream != upstream {
			upstream = p.Upstream
			clear(known)
		}
		if first, twice := known[p.Server]; twice {
			first.Merge(p)
			continue
		}
		known[p.Server] = p
		merged = append(merged, p)
	}
	return merged
}

func upstreamRows() []row[*plus.Upstream] {
	return []row[*plus.Upstream]{
		each(Gauge, "servers", "Servers of the upstream by their state.", "state",
			func(to []series, u *plus.Upstream) []series {
				for state, count := range u.States {
					if u.Listed && (count > 0 || state != int(plus.StateUnknown)) {
						to = append(to, series{plus.State(state).String(), value.Of(float64(count)), true})
					}
				}
				return to
			}),
		gauge("zombies", "Servers that were removed and still answer requests.",
			func(u *plus.Upstream) value.Value { return u.Zombies }),
	}
}
