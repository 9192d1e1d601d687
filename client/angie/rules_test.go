package angie

import (
	"testing"

	"nginx-exporter/client/api"
	"nginx-exporter/client/internal/oracle"
)

// rules are those of the server and of parts with names.
func rules() map[string]string {
	return map[string]string{
		"Server": `version text Version
			build text Build
			build_time when BuildTime
			generation count Generation
			load_time when LoadTime`,
		"Resolver": `queries each Lookups
			sent.a count SentA
			sent.aaaa count SentAAAA
			sent.srv count SentSRV
			sent.ptr count SentPTR
			responses.success count Success
			responses.timedout count TimedOut
			responses.format_error count FormatError
			responses.server_failure count ServerFailure
			responses.not_found count NotFound
			responses.unimplemented count Unimplemented
			responses.refused count Refused
			responses.other count Other`,
		"Cache": oracle.Common()["Cache"] + "\nshards list Shards",
		"Shard": oracle.Common()["CacheSize"],
		"Limit": `passed count Passed
			skipped count Skipped
			delayed count Delayed
			rejected count Rejected
			exhausted count Exhausted`,
		"ACMEClient": `state acme State
			certificate certificate Certificate
			next_run when NextRun`,
		"MetricZone": `discarded count Discarded
			metrics metrics Name`,
	}
}

func zoneRules() map[string]string {
	const tls = "ssl fresh TLS\n"
	return map[string]string{
		"ServerZone": tls + `requests.total count Requests
			requests.processing gauge Processing
			requests.discarded count Discarded
			responses codes Responses
			data each Data`,
		"Data": `received count Received
			sent count Sent`,
		"TLS": `handshaked count Handshaked
			reuses count Reuses
			timedout count TimedOut
			failed count Failed`,
		"StreamZone": tls + `connections.total count Connections
			connections.processing gauge Processing
			connections.discarded count Discarded
			connections.passed count Passed
			sessions.success count Success
			sessions.invalid count Invalid
			sessions.forbidden count Forbidden
			sessions.internal_error count InternalError
			sessions.bad_gateway count BadGateway
			sessions.service_unavailable count ServiceUnavailable
			data each Data`,
	}
}

func upstreamRules() map[string]string {
	return map[string]string{
		"Upstream": `peers peers Listed
			keepalive gauge Keepalive
			zombies gauge Zombies
			queue.queued count Queued
			queue.waiting gauge Waiting
			queue.dropped count Dropped
			queue.timedout count TimedOut
			queue.overflows count Overflows
			backup_switch.active gauge ActiveGroup
			backup_switch.timeout gauge SwitchTimeout`,
		"Peer": `server text Server
			service text Service
			sid text SID
			state state State
			backup flag Backup
			weight gauge Weight
			max_conns gauge MaxConns
			selected.current gauge Current
			selected.total count Selected
			selected.last when LastSelected
			responses codes Responses
			data each Data
			health.fails count Fails
			health.unavailable count Unavailable
			health.downtime count Downtime
			health.downstart when DownSince
			health.header_time gauge HeaderTime
			health.response_time gauge ResponseTime
			health.connect_time gauge ConnectTime
			health.first_byte_time gauge FirstByteTime
			health.last_byte_time gauge LastByteTime
			health.probes.count count Probes
			health.probes.fails count ProbeFails
			health.probes.last when ProbeTime`,
	}
}

// A field without a rule would never be compared.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	const others = "Name Upstream States" // set by the object that contains this one
	all := newSchema()
	missing := all.Missing(others,
		Server{}, api.Connections{}, api.Slab{}, Resolver{}, api.Lookups{}, ServerZone{}, Data{}, TLS{}, StreamZone{}, Cache{}, api.CacheUse{}, Limit{},
		ACMEClient{}, MetricZone{}, Upstream{}, Peer{})
	if missing = append(missing, all.Missing("Path Zone Size", Shard{}, api.Slot{})...); missing != nil {
		t.Errorf("no rule fills %q", missing)
	}
}
