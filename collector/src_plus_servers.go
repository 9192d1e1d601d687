package collector

import (
	"slices"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// serverRows are the metrics that servers of http and stream upstreams share.
func serverRows() []row[*plus.Peer] {
	type doc = *plus.Peer
	rows := []row[doc]{
		gauge("active", "Connections to this server now.",
			func(p doc) value.Value { return p.Active }),
		gauge("backup", "Whether this is a backup server (1) or not (0).",
			func(p doc) value.Value { return p.Backup }),
		gauge("down_since_timestamp_seconds", "When the server became unavailable, in Unix time; absent while it is up.",
			func(p doc) value.Value { return p.DownSince }),
		counter("downtime_seconds_total", "Time the server was unavailable, checking or unhealthy.",
			func(p doc) value.Value { return seconds(p.Downtime) }),
		counter("fails", "Attempts to talk to this server that failed.",
			func(p doc) value.Value { return p.Fails }),
		gauge("last_selected_timestamp_seconds", "When the server was last chosen, in Unix time; absent if it never was.",
			func(p doc) value.Value { return p.LastSelected }),
		gauge("limit", "Limit of connections to this server; absent without one.",
			func(p doc) value.Value { return p.MaxConns }),
		counter("received", "Bytes received from this server.",
			func(p doc) value.Value { return p.Received }),
		gauge("response_time", "Average time until the end of an answer, in milliseconds.",
			func(p doc) value.Value { return p.ResponseTime }),
		counter("sent", "Bytes sent to this server.",
			func(p doc) value.Value { return p.Sent }),
		counter("unavail", "Times this server became unavailable for too many failures.",
			func(p doc) value.Value { return p.Unavail }),
		gauge("weight", "Weight of this server.",
			func(p doc) value.Value { return p.Weight }),
	}
	return slices.Concat(rows, stateRows(), checkRows(),
		prefixed("ssl_", lift(func(p doc) *plus.TLS { return p.TLS }, tlsRows("no_common_cipher", "no_cert")...)))
}

// stateRows tell the state of a server twice: as the number that
// nginx-prometheus-exporter gives it, and so that nobody has to know numbers.
func stateRows() []row[*plus.Peer] {
	type doc = *plus.Peer
	states := plus.States() // which makes them each time
	return []row[doc]{
		gauge("state", "State of this server: up (1), draining (2), down (3), unavail (4), checking (5), unhealthy (6) or unknown (0).",
			func(p doc) value.Value { return value.Of(float64(p.State)) }),
		each(Gauge, "status", "Whether this server is in the state (1) or not (0).", "state",
			func(to []series, p doc) []series {
				for state, name := range states {
					current := plus.State(state) == p.State // seven states
					if current || state != int(plus.StateUnknown) {
						to = append(to, series{name, boolean(current), true})
					}
				}
				return to
			}),
	}
}

func checkRows() []row[*plus.Peer] {
	type doc = *plus.Peer
	return []row[doc]{
		gauge("health_check_last_passed", "Whether the last health check passed (1) or not (0); absent before the first.",
			func(p doc) value.Value { return p.LastPassed }),
		counter("health_checks_checks", "Health checks of this server.",
			func(p doc) value.Value { return p.Checks }),
		counter("health_checks_fails", "Health checks of this server that failed.",
			func(p doc) value.Value { return p.CheckFails }),
		counter("health_checks_unhealthy", "Times health checks made this server unhealthy.",
			func(p doc) value.Value { return p.Unhealthy }),
	}
}

// seconds turns milliseconds into seconds.
func seconds(milliseconds value.Value) value.Value {
	if !milliseconds.IsSet() {
		return milliseconds
	}
	return value.Of(milliseconds.Float() / millisecondsPerSecond)
}
