package angie

import (
	"slices"

	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func upstreamsPart() *part {
	type (
		doc  = *angie.Upstream
		peer = *angie.Peer
	)
	upstreams := append(upstreamRows(), metric.Gauge("keepalive", "Idle keepalive connections to the servers of the upstream.",
		func(u doc) value.Value { return u.Keepalive }))
	peers := []metric.Row[peer]{
		metric.Gauge("health_header_time_seconds", "Average time to get the response header from the server.",
			func(p peer) value.Value { return seconds(p.HeaderTime) }),
		metric.Gauge("health_response_time_seconds", "Average time to get the full response from the server.",
			func(p peer) value.Value { return seconds(p.ResponseTime) }),
		metric.DynamicVec(metric.KindCounter, "responses", "Responses from the server by status code.", "code",
			func(to []metric.Series, p peer) []metric.Series { return appendCodes(to, p.Responses) }),
	}
	return newUpstreams(on("http_upstreams", "upstreams and their servers of Angie"), "http/upstreams", "angie_http_upstreams_",
		slices.Concat(upstreams, queueRows()), peers)
}

func streamUpstreamsPart() *part {
	type peer = *angie.Peer
	return newUpstreams(on("stream_upstreams", "stream upstreams and their servers of Angie"), "stream/upstreams", "angie_stream_upstreams_",
		upstreamRows(), []metric.Row[peer]{
			metric.Gauge("health_connect_time_seconds", "Average time to connect to the server.",
				func(p peer) value.Value { return seconds(p.ConnectTime) }),
			metric.Gauge("health_first_byte_time_seconds", "Average time to receive the first byte from the server.",
				func(p peer) value.Value { return seconds(p.FirstByteTime) }),
			metric.Gauge("health_last_byte_time_seconds", "Average time to receive the last byte from the server.",
				func(p peer) value.Value { return seconds(p.LastByteTime) }),
		})
}

func newUpstreams(info source.Info, path, prefix string, upstreamRows []metric.Row[*angie.Upstream], more []metric.Row[*angie.Peer]) *part {
	type peer = *angie.Peer
	origin := "/status/" + path + "/"
	labels := []metric.ObjectLabel[peer]{
		metric.LabelFrom("peer", func(p peer) string { return p.Name }),
		metric.LabelFrom("upstream", func(p peer) string { return p.Upstream.Name }),
	}
	upstreams := metric.NewTable(origin, prefix, upstreamRows,
		metric.LabelFrom("upstream", func(u *angie.Upstream) string { return u.Name })).SinceStart()
	peers := metric.NewTable(origin, prefix+"peers_", slices.Concat(peerRows(), healthRows(), more), labels...)
	infos := metric.NewTable(origin, prefix+"peers_", []metric.Row[peer]{
		metric.Info[peer]("info", "Name of a server in the configuration, and its identifier for sticky sessions."),
	}, append(slices.Clone(labels),
		metric.LabelFrom("server", func(p peer) string { return p.Server }),
		metric.LabelFrom("service", func(p peer) string { return p.Service }),
		metric.LabelFrom("sid", func(p peer) string { return p.SID }))...)
	return newPart(info, path, func(s *source.Selection, b *metric.Batch, document *angie.Upstreams) {
		metric.Add(b, upstreams, source.Select(&s.Upstreams, document.All, func(u *angie.Upstream) []string { return []string{u.Name} })...)
		selected := source.Select(&s.Upstreams, document.Peers, func(p peer) []string { return []string{p.Upstream.Name} })
		selected = source.Select(&s.Servers, selected, func(p peer) []string { return []string{p.Name, p.Server} })
		metric.Add(b, infos, named(selected)...)
		metric.Add(b, peers, selected...)
	}, upstreams, peers, infos)
}

// named returns the servers that have what their info metric is about.
func named(peers []*angie.Peer) []*angie.Peer {
	return slices.DeleteFunc(slices.Clone(peers), func(p *angie.Peer) bool { return p.Server == "" && p.Service == "" && p.SID == "" })
}

func upstreamRows() []metric.Row[*angie.Upstream] {
	type doc = *angie.Upstream
	states := angie.States() // which allocates
	return []metric.Row[doc]{
		metric.Gauge("backup_switch_active", "Level of the group of servers in use, 0 for the primary one; absent without backup_switch.",
			func(u doc) value.Value { return u.ActiveGroup }),
		metric.Gauge("backup_switch_timeout_seconds", "Time until servers of a lower level are checked again; absent without backup_switch.",
			func(u doc) value.Value { return seconds(u.SwitchTimeout) }),
		metric.DynamicVec(metric.KindGauge, "peers", "Servers of the upstream by state.", "state",
			func(to []metric.Series, u doc) []metric.Series {
				for state, count := range u.States {
					if u.Listed && (count > 0 || state != int(angie.StateUnknown)) {
						to = append(to, metric.Series{Label: states[state], Value: value.Of(float64(count))})
					}
				}
				return to
			}),
		metric.Gauge("zombies", "Servers that were removed but still process client requests; only builds for debugging have it.",
			func(u doc) value.Value { return u.Zombies }),
	}
}

func queueRows() []metric.Row[*angie.Upstream] {
	type doc = *angie.Upstream
	return metric.Prefixed("queue_", []metric.Row[doc]{
		metric.Counter("dropped_total", "Requests removed from the queue since the client closed the connection.",
			func(u doc) value.Value { return u.Dropped }),
		metric.Counter("overflows_total", "Requests rejected since the queue was full.",
			func(u doc) value.Value { return u.Overflows }),
		metric.Counter("queued_total", "Requests that entered the queue; absent without the queue directive.",
			func(u doc) value.Value { return u.Queued }),
		metric.Counter("timedout_total", "Requests removed from the queue since their timeout expired.",
			func(u doc) value.Value { return u.TimedOut }),
		metric.Gauge("waiting", "Requests in the queue.",
			func(u doc) value.Value { return u.Waiting }),
	})
}

// peerRows are the metrics that servers of http and stream upstreams share.
func peerRows() []metric.Row[*angie.Peer] {
	type doc = *angie.Peer
	return slices.Concat([]metric.Row[doc]{
		metric.Gauge("backup", "Whether the server is a backup server (1) or not (0).",
			func(p doc) value.Value { return p.Backup }),
		metric.Gauge("last_selected_timestamp_seconds", "Time when the server was last selected, in Unix time; absent if it never was.",
			func(p doc) value.Value { return p.LastSelected }),
		metric.Gauge("max_conns", "Limit of connections to the server; absent without one.",
			func(p doc) value.Value { return p.MaxConns }),
		metric.Gauge("selected_current", "Requests or sessions that the server is processing.",
			func(p doc) value.Value { return p.Current }),
		metric.Counter("selected_total", "Times the server was selected.",
			func(p doc) value.Value { return p.Selected }),
		metric.Gauge("state", "State of the server: up (1), down (2), unavailable (3), recovering (4), unhealthy (5), checking (6), draining (7), busy (8) or unknown (0).",
			func(p doc) value.Value { return value.Of(float64(p.State)) }),
		metric.Gauge("weight", "Weight of the server.",
			func(p doc) value.Value { return p.Weight }),
	}, dataRows(func(p doc) *angie.Data { return &p.Data }, "the server"))
}

func healthRows() []metric.Row[*angie.Peer] {
	type doc = *angie.Peer
	return metric.Prefixed("health_", []metric.Row[doc]{
		metric.Gauge("down_since_timestamp_seconds", "Time when the server became unavailable, in Unix time; absent while it is available.",
			func(p doc) value.Value { return p.DownSince }),
		metric.Counter("downtime", "Time the server was unavailable, in milliseconds.",
			func(p doc) value.Value { return p.Downtime }),
		metric.Counter("downtime_seconds_total", "Time the server was unavailable.",
			func(p doc) value.Value { return seconds(p.Downtime) }),
		metric.Counter("fails", "Unsuccessful attempts to communicate with the server.",
			func(p doc) value.Value { return p.Fails }),
		metric.Counter("probes_failed_total", "Failed health probes of the server (Angie PRO).",
			func(p doc) value.Value { return p.ProbeFails }),
		metric.Gauge("probes_last_timestamp_seconds", "Time of the last health probe of the server, in Unix time (Angie PRO).",
			func(p doc) value.Value { return p.ProbeTime }),
		metric.Counter("probes_total", "Health probes of the server (Angie PRO).",
			func(p doc) value.Value { return p.Probes }),
		metric.Counter("unavailable", "Times the server became unavailable because of unsuccessful attempts (max_fails).",
			func(p doc) value.Value { return p.Unavailable }),
	})
}

// millisecondsPerSecond converts the times of the status.
const millisecondsPerSecond = 1000

func seconds(milliseconds value.Value) value.Value {
	return value.Of(milliseconds.Float() / millisecondsPerSecond) // absent stays absent
}
