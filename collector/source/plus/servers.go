package plus

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// serverRows are the metrics that servers of http and stream upstreams share.
func serverRows() []metric.Row[*plus.Peer] {
	type doc = *plus.Peer
	rows := []metric.Row[doc]{
		metric.Gauge("active", "Active connections to the server.",
			func(p doc) value.Value { return p.Active }),
		metric.Gauge("backup", "Whether the server is a backup server (1) or not (0).",
			func(p doc) value.Value { return p.Backup }),
		metric.Gauge("down_since_timestamp_seconds", "Time when the server became unavailable, in Unix time; absent while it is up.",
			func(p doc) value.Value { return p.DownSince }),
		metric.Counter("downtime_seconds_total", "Time the server was in the states unavail, checking and unhealthy.",
			func(p doc) value.Value { return seconds(p.Downtime) }),
		metric.Counter("fails", "Unsuccessful attempts to communicate with the server.",
			func(p doc) value.Value { return p.Fails }),
		metric.Gauge("last_selected_timestamp_seconds", "Time when the server was last selected, in Unix time; absent if it never was.",
			func(p doc) value.Value { return p.LastSelected }),
		metric.Gauge("limit", "Limit of connections to the server (max_conns); absent without one.",
			func(p doc) value.Value { return p.MaxConns }),
		metric.Counter("received", "Bytes received from the server.",
			func(p doc) value.Value { return p.Received }),
		metric.Gauge("response_time", "Average time to get the full response from the server, in milliseconds.",
			func(p doc) value.Value { return p.ResponseTime }),
		metric.Counter("sent", "Bytes sent to the server.",
			func(p doc) value.Value { return p.Sent }),
		metric.Counter("unavail", "Times the server became unavailable because of unsuccessful attempts (max_fails).",
			func(p doc) value.Value { return p.Unavail }),
		metric.Gauge("weight", "Weight of the server.",
			func(p doc) value.Value { return p.Weight }),
	}
	tls := metric.Nested(func(p doc) *plus.TLS { return p.TLS }, tlsRows("no_common_cipher", "no_cert")...)
	return slices.Concat(rows, stateRows(), checkRows(), metric.Prefixed("ssl_", tls))
}

// stateRows have the state of a server in two forms: as a number, as in
// nginx-prometheus-exporter, and as one series per state.
func stateRows() []metric.Row[*plus.Peer] {
	type doc = *plus.Peer
	states := plus.States() // which allocates
	return []metric.Row[doc]{
		metric.Gauge("state", "State of the server: up (1), draining (2), down (3), unavail (4), checking (5), unhealthy (6) or unknown (0).",
			func(p doc) value.Value { return value.Of(float64(p.State)) }),
		metric.DynamicVec(metric.KindGauge, "status", "Whether the server is in the state (1) or not (0).", "state",
			func(to []metric.Series, p doc) []metric.Series {
				for state, name := range states {
					current := state == int(p.State)
					if current || state != int(plus.StateUnknown) {
						to = append(to, metric.Series{Label: name, Value: value.OfBool(current)})
					}
				}
				return to
			}),
	}
}

func checkRows() []metric.Row[*plus.Peer] {
	type doc = *plus.Peer
	return []metric.Row[doc]{
		metric.Gauge("health_check_last_passed", "Whether the last health check passed (1) or not (0); absent before the first one.",
			func(p doc) value.Value { return p.LastPassed }),
		metric.Counter("health_checks_checks", "Health checks of the server.",
			func(p doc) value.Value { return p.Checks }),
		metric.Counter("health_checks_fails", "Failed health checks of the server.",
			func(p doc) value.Value { return p.CheckFails }),
		metric.Counter("health_checks_unhealthy", "Times the server became unhealthy because of health checks.",
			func(p doc) value.Value { return p.Unhealthy }),
	}
}

// millisecondsPerSecond converts the times of the API.
const millisecondsPerSecond = 1000

func seconds(milliseconds value.Value) value.Value {
	return value.Of(milliseconds.Float() / millisecondsPerSecond) // absent stays absent
}

// fillHistogram converts the response times of a server to seconds.
func fillHistogram(to *metric.Histogram, p *plus.Peer) {
	h := p.ResponseTimes
	if !h.IsSet() {
		return
	}
	to.Sum = h.Sum.Float() / millisecondsPerSecond
	for _, bound := range h.Bounds {
		to.Bounds = append(to.Bounds, bound/millisecondsPerSecond)
	}
	to.Counts = append(to.Counts, h.Counts...)
}
