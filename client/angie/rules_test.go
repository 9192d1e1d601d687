package angie

import (
	"maps"
	"strings"
)

// ruleText returns the rules of all types: the path of a member, its kind and its
// field. The oracle decodes documents by them.
//
//	count   a number that cannot be below zero
//	gauge   a number that cannot be below zero, or from 2^63 on
//	when    a time, or a number that cannot be below zero
//	each    an object that sets a struct
//	fresh   an object that sets a new struct
//
// The other kinds are what their names say; see [oracle].
func ruleText() map[string]string {
	var cache strings.Builder
	for _, name := range []string{"Hit", "Stale", "Updating", "Revalidated", "Miss", "Expired", "Bypass"} {
		cache.WriteString(strings.ToLower(name) + " each " + name + "\n")
	}
	rules := map[string]string{
		"Server": `version text Version
			build text Build
			build_time when BuildTime
			generation count Generation
			load_time when LoadTime`,
		"Connections": `accepted count Accepted
			dropped count Dropped
			active gauge Active
			idle gauge Idle`,
		"Slab": `pages.used gauge PagesUsed
			pages.free gauge PagesFree
			slots slots Slots`,
		"Slot": `used gauge Used
			free gauge Free
			reqs count Requests
			fails count Failures`,
		"Resolver": `queries.name count ByName
			queries.srv count Services
			queries.addr count ByAddress
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
		"Cache": cache.String() + `size gauge Size
			max_size gauge MaxSize
			cold flag Cold
			shards shards Shards`,
		"CacheUse": `responses count Responses
			bytes count Bytes
			responses_written count ResponsesWritten
			bytes_written count BytesWritten`,
		"Shard": `size gauge Size
			max_size gauge MaxSize
			cold flag Cold`,
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
	maps.Copy(rules, zoneRules())
	maps.Copy(rules, upstreamRules())
	return rules
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

// rule is a member of an object: one with a field, or an object with members.
type rule struct {
	kind, field string
	members     map[string]*rule
}

// newRules parses the rules, by the name of the type.
func newRules() map[string]*rule {
	all := map[string]*rule{}
	for name, text := range ruleText() {
		root := &rule{members: map[string]*rule{}}
		for line := range strings.Lines(text) {
			fields := strings.Fields(line)
			at := root
			for step := range strings.SplitSeq(fields[0], ".") {
				if at.members[step] == nil {
					at.members[step] = &rule{members: map[string]*rule{}}
				}
				at = at.members[step]
			}
			at.kind, at.field = fields[1], fields[2]
		}
		all[name] = root
	}
	return all
}
