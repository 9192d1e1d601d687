package plus

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func upstreamsDocument(o *Options) *document {
	type doc = *plus.Peer
	servers := slices.Concat(serverRows(), []metric.Row[doc]{
		metric.Gauge("header_time", "Average time to get the response header from the server, in milliseconds.",
			func(p doc) value.Value { return p.HeaderTime }),
		metric.Counter("requests", "Client requests forwarded to the server.",
			func(p doc) value.Value { return p.Requests }),
		metric.NewHistogram("response_duration_seconds", "Time to get the full response from the server.", fillHistogram),
	}, metric.Nested(func(p doc) *plus.Responses { return &p.Responses }, responseRows(o)...))
	upstreams := append(upstreamRows(),
		metric.Gauge("keepalive", "Idle keepalive connections to the servers of the upstream.",
			func(u *plus.Upstream) value.Value { return u.Keepalive }),
		metric.Gauge("queue_max_size", "Maximum number of requests in the queue.",
			func(u *plus.Upstream) value.Value { return u.QueueMaxSize }),
		metric.Counter("queue_overflows_total", "Requests rejected because of an overflow of the queue.",
			func(u *plus.Upstream) value.Value { return u.QueueOverflows }),
		metric.Gauge("queue_size", "Requests in the queue.",
			func(u *plus.Upstream) value.Value { return u.QueueSize }))
	t := newUpstreamTables(o, "/http/upstreams/", "nginxplus_upstream_", upstreams, servers)
	t.zonesDetail = "upstream_zones"
	return newDocument(on("http_upstreams", "upstream and upstream server statistics"), "http/upstreams", t.add,
		t.upstreams, t.zones, t.servers, t.info).withDetail(t.zonesDetail, "shared memory zone of each upstream")
}

func streamUpstreamsDocument(o *Options) *document {
	type doc = *plus.Peer
	servers := append(serverRows(),
		metric.Gauge("connect_time", "Average time to connect to the server, in milliseconds.",
			func(p doc) value.Value { return p.ConnectTime }),
		metric.Counter("connections", "Client connections forwarded to the server.",
			func(p doc) value.Value { return p.Connections }),
		metric.Gauge("first_byte_time", "Average time to receive the first byte of data from the server, in milliseconds.",
			func(p doc) value.Value { return p.FirstByteTime }))
	t := newUpstreamTables(o, "/stream/upstreams/", "nginxplus_stream_upstream_", upstreamRows(), servers)
	t.zonesDetail = "stream_upstream_zones"
	return newDocument(on("stream_upstreams", "stream upstream and upstream server statistics"), "stream/upstreams", t.add,
		t.upstreams, t.zones, t.servers, t.info).withDetail(t.zonesDetail, "shared memory zone of each stream upstream")
}

// upstreamTables are the metrics of http or stream upstreams.
type upstreamTables struct {
	upstreams, zones *metric.Table[*plus.Upstream]
	servers, info    *metric.Table[*plus.Peer]
	zonesDetail      string
	byID             bool
}

func newUpstreamTables(o *Options, origin, prefix string, upstreams []metric.Row[*plus.Upstream], servers []metric.Row[*plus.Peer]) *upstreamTables {
	name := metric.LabelFrom("upstream", func(u *plus.Upstream) string { return u.Name })
	serverLabels := []metric.ObjectLabel[*plus.Peer]{
		metric.LabelFrom("server", func(p *plus.Peer) string { return p.Server }),
		metric.LabelFrom("upstream", func(p *plus.Peer) string { return p.Upstream.Name }),
	}
	id := metric.LabelFrom("id", func(p *plus.Peer) string { return p.ID })
	infoLabels := append(slices.Clone(serverLabels), id,
		metric.LabelFrom("name", func(p *plus.Peer) string { return p.Name }),
		metric.LabelFrom("service", func(p *plus.Peer) string { return p.Service }))
	if o.ServerID {
		serverLabels = append(serverLabels, id)
	}
	return &upstreamTables{
		upstreams: metric.NewTable(origin, prefix, upstreams, name).SinceStart(),
		zones: metric.NewTable(origin, prefix, []metric.Row[*plus.Upstream]{
			metric.Info[*plus.Upstream]("info", "Shared memory zone of an upstream."),
		}, name, metric.LabelFrom("zone", func(u *plus.Upstream) string { return u.Zone })),
		servers: metric.NewTable(origin, prefix+"server_", servers, serverLabels...),
		info: metric.NewTable(origin, prefix+"server_", []metric.Row[*plus.Peer]{
			metric.Info[*plus.Peer]("info", "Name of a server in the configuration."),
		}, infoLabels...),
		byID: o.ServerID,
	}
}

// add adds the selected upstreams and servers of the document.
func (t *upstreamTables) add(r *request, b *metric.Batch, document *plus.Upstreams) {
	upstreams := source.Select(&r.selection.Upstreams, document.All, func(u *plus.Upstream) []string { return []string{u.Name} })
	servers := source.Select(&r.selection.Upstreams, document.Peers, func(p *plus.Peer) []string { return []string{p.Upstream.Name} })
	servers = source.Select(&r.selection.Servers, servers, func(p *plus.Peer) []string { return []string{p.Server, p.Name} })
	metric.Add(b, t.upstreams, upstreams...)
	if r.selection.Enabled(t.zonesDetail) {
		metric.Add(b, t.zones, keep(upstreams, func(u *plus.Upstream) bool { return u.Zone != "" })...)
	}
	metric.Add(b, t.info, keep(servers, func(p *plus.Peer) bool { return p.Server != "" || p.Name != "" })...)
	if !t.byID {
		servers = merge(servers)
	}
	metric.Add(b, t.servers, servers...)
}

// keep returns the objects that have what their info metric is about.
func keep[T any](objects []T, has func(T) bool) []T {
	if !slices.ContainsFunc(objects, func(o T) bool { return !has(o) }) {
		return objects
	}
	return slices.DeleteFunc(slices.Clone(objects), func(o T) bool { return !has(o) })
}

// merge merges servers with the same address in one upstream, which nginx allows.
// The servers of an upstream are next to each other in the list.
func merge(servers []*plus.Peer) []*plus.Peer {
	merged := servers[:0]
	var upstream *plus.Upstream
	known := map[string]*plus.Peer{}
	for _, p := range servers {
		if p.Upstream != upstream {
			upstream = p.Upstream
			clear(known)
		}
		if first, duplicate := known[p.Server]; duplicate {
			first.Merge(p)
			continue
		}
		known[p.Server] = p
		merged = append(merged, p)
	}
	return merged
}

func upstreamRows() []metric.Row[*plus.Upstream] {
	type doc = *plus.Upstream
	return []metric.Row[doc]{
		metric.DynamicVec(metric.KindGauge, "servers", "Servers of the upstream by state.", "state",
			func(to []metric.Series, u doc) []metric.Series {
				for state, count := range u.States {
					if u.Listed && (count > 0 || state != int(plus.StateUnknown)) {
						to = append(to, metric.Series{Label: plus.State(state).String(), Value: value.Of(float64(count))})
					}
				}
				return to
			}),
		metric.Gauge("zombies", "Servers that were removed but still process client requests.",
			func(u doc) value.Value { return u.Zombies }),
	}
}
