package plus

import (
	"testing"

	"nginx-exporter/client/api"
	"nginx-exporter/client/internal/oracle"
)

// rules are those of documents without names.
func rules() map[string]string {
	const tls = `
		handshakes count Handshakes
		handshakes_failed count HandshakesFailed
		session_reuses count SessionReuses
		no_common_protocol count NoCommonProtocol
		no_common_cipher count NoCommonCipher
		handshake_timeout count HandshakeTimeout
		peer_rejected_cert count PeerRejectedCert
		verify_failures.no_cert count NoCert
		verify_failures.expired_cert count ExpiredCert
		verify_failures.revoked_cert count RevokedCert
		verify_failures.hostname_mismatch count HostnameMismatch
		verify_failures.other count OtherFailure`
	return map[string]string{
		"Nginx": `
			version text Version
			build text Build
			generation count Generation
			load_timestamp time LoadTimestamp
			timestamp time Timestamp
			ppid gauge MasterPID`,
		"Processes": `respawned count Respawned`,
		"Requests": `
			total count Total
			current gauge Current`,
		"TLS": tls,
		"License": `
			eval flag Evaluation
			active_till end ActiveUntil
			reporting.healthy flag ReportingHealthy
			reporting.fails gauge ReportingFails
			reporting.grace gauge ReportingGrace`,
		"Worker": `
			id id ID
			pid id PID
			connections each Connections
			http.requests each Requests`,
	}
}

// zoneRules are those of documents with names.
func zoneRules() map[string]string {
	return map[string]string{
		"ServerZone": `
			processing gauge Processing
			requests count Requests
			responses each Responses
			discarded count Discarded
			received count Received
			sent count Sent
			ssl fresh TLS`,
		"StreamZone": `
			processing gauge Processing
			connections count Connections
			sessions.2xx count Success
			sessions.4xx count ClientError
			sessions.5xx count ServerError
			discarded count Discarded
			received count Received
			sent count Sent
			ssl fresh TLS`,
		"Responses": `
			1xx count Informational
			2xx count Success
			3xx count Redirection
			4xx count ClientError
			5xx count ServerError
			codes codes Codes`,
		"Limit": `
			passed count Passed
			delayed count Delayed
			rejected count Rejected
			delayed_dry_run count DelayedDryRun
			rejected_dry_run count RejectedDryRun`,
		"Resolver": `
			requests each Lookups
			responses.noerror count NoError
			responses.formerr count FormErr
			responses.servfail count ServFail
			responses.nxdomain count NXDomain
			responses.notimp count NotImp
			responses.refused count Refused
			responses.timedout count TimedOut
			responses.unknown count Unknown`,
		"ZoneSync": `
			status.bytes_in count BytesIn
			status.bytes_out count BytesOut
			status.msgs_in count MessagesIn
			status.msgs_out count MessagesOut
			status.nodes_online gauge NodesOnline
			zones zones Zones`,
		"SyncZone": `
			records_pending gauge RecordsPending
			records_total gauge RecordsTotal`,
	}
}

func upstreamRules() map[string]string {
	return map[string]string{
		"Upstream": `
			peers peers Listed
			keepalive gauge Keepalive
			zombies gauge Zombies
			zone text Zone
			queue.size gauge QueueSize
			queue.max_size gauge QueueMaxSize
			queue.overflows count QueueOverflows`,
		"Peer": `
			id id ID
			server text Server
			name text Name
			service text Service
			state state State
			backup flag Backup
			weight gauge Weight
			max_conns gauge MaxConns
			active gauge Active
			requests count Requests
			connections count Connections
			responses each Responses
			sent count Sent
			received count Received
			fails count Fails
			unavail count Unavail
			header_time gauge HeaderTime
			connect_time gauge ConnectTime
			first_byte_time gauge FirstByteTime
			response_time gauge ResponseTime
			response_time_hist fresh ResponseTimes
			health_checks.checks count Checks
			health_checks.fails count CheckFails
			health_checks.unhealthy count Unhealthy
			health_checks.last_passed flag LastPassed
			downtime count Downtime
			downstart time DownSince
			selected time LastSelected
			ssl fresh TLS`,
		"Histogram": `
			sum count Sum
			buckets buckets Bounds`,
	}
}

// kind is a document that can be read.
type kind struct {
	path string
	make func() oracle.Document
}

// kinds are all of them, in a fixed order.
func kinds() []kind {
	return []kind{
		{"nginx", func() oracle.Document { return &Nginx{} }},
		{"processes", func() oracle.Document { return &Processes{} }},
		{"connections", func() oracle.Document { return &api.Connections{} }},
		{"ssl", func() oracle.Document { return &TLS{} }},
		{"license", func() oracle.Document { return &License{} }},
		{"workers", func() oracle.Document { return &Workers{} }},
		{"slabs", func() oracle.Document { return &api.Slabs{} }},
		{"resolvers", func() oracle.Document { return &Resolvers{} }},
		{"http/requests", func() oracle.Document { return &Requests{} }},
		{"http/server_zones", func() oracle.Document { return &ServerZones{} }},
		{"http/location_zones", func() oracle.Document { return &ServerZones{} }},
		{"http/caches", func() oracle.Document { return &api.Caches{} }},
		{"http/limit_conns", func() oracle.Document { return &Limits{} }},
		{"http/limit_reqs", func() oracle.Document { return &Limits{} }},
		{"http/keyvals", func() oracle.Document { return &Keyvals{} }},
		{"http/upstreams", func() oracle.Document { return &Upstreams{} }},
		{"stream/server_zones", func() oracle.Document { return &StreamZones{} }},
		{"stream/limit_conns", func() oracle.Document { return &Limits{} }},
		{"stream/keyvals", func() oracle.Document { return &Keyvals{} }},
		{"stream/upstreams", func() oracle.Document { return &Upstreams{} }},
		{"stream/zone_sync", func() oracle.Document { return &ZoneSync{} }},
	}
}

// A field without a rule would never be compared.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	const others = "Name Upstream States Counts mixed" // set by the object that contains this one
	all := newSchema()
	missing := all.Missing(others,
		Nginx{}, Processes{}, api.Connections{}, Requests{}, TLS{}, License{}, Worker{}, ServerZone{}, StreamZone{}, Responses{}, api.Cache{}, api.CacheUse{},
		Limit{}, api.Slab{}, Resolver{}, api.Lookups{}, ZoneSync{}, SyncZone{}, Upstream{}, Peer{}, Histogram{})
	if missing = append(missing, all.Missing("Zone Size", api.Slot{})...); missing != nil {
		t.Errorf("no rule fills %q", missing)
	}
}
