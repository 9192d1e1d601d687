package client

import (
	"reflect"
	"strings"
	"testing"
)

// plusRules say what the members of the documents mean, by the type that holds
// them: the path of a member, its kind and its field. The oracle reads
// documents by them, the generator writes such documents.
//
//	count   a number that cannot be below zero
//	gauge   any number of 64 bits
//	each    an object that fills a struct; its members may come in parts
//	fresh   an object that fills a struct of its own; the last one stays
//
// The other kinds are what their names say; see [oracle].
func plusRules() map[string]string {
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
	rules := map[string]string{
		"PlusNginx": `
			version text Version
			build text Build
			generation count Generation
			load_timestamp time LoadTimestamp
			timestamp time Timestamp
			ppid count MasterPID`,
		"PlusProcesses": `respawned count Respawned`,
		"PlusConnections": `
			accepted count Accepted
			dropped count Dropped
			active gauge Active
			idle gauge Idle`,
		"PlusRequests": `
			total count Total
			current gauge Current`,
		"PlusTLS": tls,
		"PlusLicense": `
			eval flag Evaluation
			active_till gauge ActiveUntil
			reporting.healthy flag ReportingHealthy
			reporting.fails count ReportingFails
			reporting.grace gauge ReportingGrace`,
		"PlusWorker": `
			id id ID
			pid id PID
			connections each Connections
			http.requests each Requests`,
	}
	for _, more := range []map[string]string{zoneRules(), upstreamRules()} {
		for name, text := range more {
			rules[name] = text
		}
	}
	return rules
}

// zoneRules are those of documents with names.
func zoneRules() map[string]string {
	var cache strings.Builder
	for name, field := range map[string]string{
		"hit": "Hit", "stale": "Stale", "updating": "Updating", "revalidated": "Revalidated",
		"miss": "Miss", "expired": "Expired", "bypass": "Bypass",
	} {
		cache.WriteString(name + " each " + field + "\n")
	}
	return map[string]string{
		"PlusServerZone": `
			processing gauge Processing
			requests count Requests
			responses each Responses
			discarded count Discarded
			received count Received
			sent count Sent
			ssl fresh TLS`,
		"PlusStreamZone": `
			processing gauge Processing
			connections count Connections
			sessions.2xx count Success
			sessions.4xx count ClientError
			sessions.5xx count ServerError
			discarded count Discarded
			received count Received
			sent count Sent
			ssl fresh TLS`,
		"PlusResponses": `
			1xx count Informational
			2xx count Success
			3xx count Redirection
			4xx count ClientError
			5xx count ServerError
			codes codes Codes`,
		"PlusCache": cache.String() + `
			size count Size
			max_size count MaxSize
			cold flag Cold`,
		"PlusCacheUse": `
			responses count Responses
			bytes count Bytes
			responses_written count ResponsesWritten
			bytes_written count BytesWritten`,
		"PlusLimit": `
			passed count Passed
			delayed count Delayed
			rejected count Rejected
			delayed_dry_run count DelayedDryRun
			rejected_dry_run count RejectedDryRun`,
		"PlusSlab": `
			pages.used gauge PagesUsed
			pages.free gauge PagesFree
			slots slots Slots`,
		"PlusSlot": `
			used gauge Used
			free gauge Free
			reqs count Requests
			fails count Failures`,
		"PlusResolver": `
			requests.name count ByName
			requests.srv count Services
			requests.addr count ByAddress
			responses.noerror count NoError
			responses.formerr count FormErr
			responses.servfail count ServFail
			responses.nxdomain count NXDomain
			responses.notimp count NotImp
			responses.refused count Refused
			responses.timedout count TimedOut
			responses.unknown count Unknown`,
		"PlusZoneSync": `
			status.bytes_in count BytesIn
			status.bytes_out count BytesOut
			status.msgs_in count MessagesIn
			status.msgs_out count MessagesOut
			status.nodes_online gauge NodesOnline
			zones zones Zones`,
		"PlusSyncZone": `
			records_pending gauge RecordsPending
			records_total gauge RecordsTotal`,
		"PlusKeyval": ``,
	}
}

func upstreamRules() map[string]string {
	return map[string]string{
		"PlusUpstream": `
			peers peers Listed
			keepalive gauge Keepalive
			zombies gauge Zombies
			zone text Zone
			queue.size gauge QueueSize
			queue.max_size gauge QueueMaxSize
			queue.overflows count QueueOverflows`,
		"PlusPeer": `
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
		"PlusHistogram": `
			sum count Sum
			buckets buckets Bounds`,
	}
}

// plusKind is a document that can be read.
type plusKind struct {
	path string
	make func() PlusDocument
}

// plusKinds are all of them, in a fixed order.
func plusKinds() []plusKind {
	return []plusKind{
		{"nginx", func() PlusDocument { return &PlusNginx{} }},
		{"processes", func() PlusDocument { return &PlusProcesses{} }},
		{"connections", func() PlusDocument { return &PlusConnections{} }},
		{"ssl", func() PlusDocument { return &PlusTLS{} }},
		{"license", func() PlusDocument { return &PlusLicense{} }},
		{"workers", func() PlusDocument { return &PlusWorkers{} }},
		{"slabs", func() PlusDocument { return &PlusSlabs{} }},
		{"resolvers", func() PlusDocument { return &PlusResolvers{} }},
		{"http/requests", func() PlusDocument { return &PlusRequests{} }},
		{"http/server_zones", func() PlusDocument { return &PlusServerZones{} }},
		{"http/location_zones", func() PlusDocument { return &PlusServerZones{} }},
		{"http/caches", func() PlusDocument { return &PlusCaches{} }},
		{"http/limit_conns", func() PlusDocument { return &PlusLimits{} }},
		{"http/limit_reqs", func() PlusDocument { return &PlusLimits{} }},
		{"http/keyvals", func() PlusDocument { return &PlusKeyvals{} }},
		{"http/upstreams", func() PlusDocument { return &PlusUpstreams{} }},
		{"stream/server_zones", func() PlusDocument { return &PlusStreamZones{} }},
		{"stream/limit_conns", func() PlusDocument { return &PlusLimits{} }},
		{"stream/keyvals", func() PlusDocument { return &PlusKeyvals{} }},
		{"stream/upstreams", func() PlusDocument { return &PlusUpstreams{} }},
		{"stream/zone_sync", func() PlusDocument { return &PlusZoneSync{} }},
	}
}

// rule is a member and what it means, or members that are known in it.
type rule struct {
	kind  string
	field string
	names []string // of within, in the order of the rules
	known map[string]*rule
}

// schema is plusRules, ready for use: by the name of a type.
type schema map[string]*rule

func newSchema() schema {
	all := schema{}
	for name, text := range plusRules() {
		root := &rule{}
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) > 0 {
				root.add(strings.Split(words[0], "."), words[1], words[2])
			}
		}
		all[name] = root
	}
	return all
}

func (r *rule) add(path []string, kind, field string) {
	within := r.known[path[0]]
	if within == nil {
		if r.known == nil {
			r.known = map[string]*rule{}
		}
		within = &rule{}
		r.known[path[0]] = within
		r.names = append(r.names, path[0])
	}
	if len(path) > 1 {
		within.add(path[1:], kind, field)
		return
	}
	within.kind, within.field = kind, field
}

// fields lists the fields that rules fill in.
func (r *rule) fields() []string {
	fields := []string{r.field}
	for _, within := range r.known {
		fields = append(fields, within.fields()...)
	}
	return fields
}

// A field that no rule fills in would never be compared.
func TestPlusRulesAreWhole(t *testing.T) {
	t.Parallel()
	// Filled in by what stands around the object.
	other := "Name Upstream States Pairs Size Counts mixed"
	for _, example := range []any{
		PlusNginx{},
		PlusProcesses{},
		PlusConnections{},
		PlusRequests{},
		PlusTLS{},
		PlusLicense{},
		PlusWorker{},
		PlusServerZone{},
		PlusStreamZone{},
		PlusResponses{},
		PlusCache{},
		PlusCacheUse{},
		PlusLimit{},
		PlusSlab{},
		PlusSlot{},
		PlusResolver{},
		PlusZoneSync{},
		PlusSyncZone{},
		PlusKeyval{},
		PlusUpstream{},
		PlusPeer{},
		PlusHistogram{},
	} {
		kind := reflect.TypeOf(example)
		root := newSchema()[kind.Name()]
		if root == nil {
			t.Errorf("there are no rules for %s", kind.Name())
			continue
		}
		filled := strings.Fields(strings.Join(root.fields(), " ") + " " + other)
		for i := range kind.NumField() {
			found := 0
			for _, field := range filled {
				if field == kind.Field(i).Name {
					found++
				}
			}
			if found == 0 {
				t.Errorf("no rule fills %s.%s", kind.Name(), kind.Field(i).Name)
			}
		}
	}
}
