package plus

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/client/api"
)

// ruleText returns the rules of all document types. A rule is the path of a
// member, its kind and its field. The oracle decodes documents by the rules, and
// the generator writes documents by them.
//
//	count   a number that cannot be below zero
//	gauge   a number that cannot be below zero, or from 2^63 on
//	end     a gauge that is absent if it is 0
//	each    an object that sets a struct; duplicates are merged
//	fresh   an object that sets a new struct; the last duplicate is kept
//
// The other kinds are what their names say; see [oracle].
func ruleText() map[string]string {
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
		"Nginx": `
			version text Version
			build text Build
			generation count Generation
			load_timestamp time LoadTimestamp
			timestamp time Timestamp
			ppid gauge MasterPID`,
		"Processes": `respawned count Respawned`,
		"Connections": `
			accepted count Accepted
			dropped count Dropped
			active gauge Active
			idle gauge Idle`,
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
		"Cache": cache.String() + `
			size gauge Size
			max_size gauge MaxSize
			cold flag Cold`,
		"CacheUse": `
			responses count Responses
			bytes count Bytes
			responses_written count ResponsesWritten
			bytes_written count BytesWritten`,
		"Limit": `
			passed count Passed
			delayed count Delayed
			rejected count Rejected
			delayed_dry_run count DelayedDryRun
			rejected_dry_run count RejectedDryRun`,
		"Slab": `
			pages.used gauge PagesUsed
			pages.free gauge PagesFree
			slots slots Slots`,
		"Slot": `
			used gauge Used
			free gauge Free
			reqs count Requests
			fails count Failures`,
		"Resolver": `
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
		"Keyval": ``,
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
	make func() Document
}

// kinds are all of them, in a fixed order.
func kinds() []kind {
	return []kind{
		{"nginx", func() Document { return &Nginx{} }},
		{"processes", func() Document { return &Processes{} }},
		{"connections", func() Document { return &api.Connections{} }},
		{"ssl", func() Document { return &TLS{} }},
		{"license", func() Document { return &License{} }},
		{"workers", func() Document { return &Workers{} }},
		{"slabs", func() Document { return &api.Slabs{} }},
		{"resolvers", func() Document { return &Resolvers{} }},
		{"http/requests", func() Document { return &Requests{} }},
		{"http/server_zones", func() Document { return &ServerZones{} }},
		{"http/location_zones", func() Document { return &ServerZones{} }},
		{"http/caches", func() Document { return &api.Caches{} }},
		{"http/limit_conns", func() Document { return &Limits{} }},
		{"http/limit_reqs", func() Document { return &Limits{} }},
		{"http/keyvals", func() Document { return &Keyvals{} }},
		{"http/upstreams", func() Document { return &Upstreams{} }},
		{"stream/server_zones", func() Document { return &StreamZones{} }},
		{"stream/limit_conns", func() Document { return &Limits{} }},
		{"stream/keyvals", func() Document { return &Keyvals{} }},
		{"stream/upstreams", func() Document { return &Upstreams{} }},
		{"stream/zone_sync", func() Document { return &ZoneSync{} }},
	}
}

// rule is a member and what it means, or members that are known in it.
type rule struct {
	kind  string
	field string
	names []string // of within, in the order of the rules
	known map[string]*rule
}

// schema is ruleText, ready for use: by the name of a type.
type schema map[string]*rule

func newSchema() schema {
	all := schema{}
	for name, text := range ruleText() {
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

// A field without a rule would never be compared.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	// Set by the object that contains this one.
	other := "Name Zone Upstream States Pairs Size Counts mixed"
	for _, example := range []any{
		Nginx{},
		Processes{},
		api.Connections{},
		Requests{},
		TLS{},
		License{},
		Worker{},
		ServerZone{},
		StreamZone{},
		Responses{},
		api.Cache{},
		api.CacheUse{},
		Limit{},
		api.Slab{},
		api.Slot{},
		Resolver{},
		ZoneSync{},
		SyncZone{},
		Keyval{},
		Upstream{},
		Peer{},
		Histogram{},
	} {
		kind := reflect.TypeOf(example)
		root := newSchema()[kind.Name()]
		if root == nil {
			t.Errorf("there are no rules for %s", kind.Name())
			continue
		}
		filled := strings.Fields(strings.Join(root.fields(), " ") + " " + other)
		for _, field := range reflect.VisibleFields(kind) {
			if !field.Anonymous && !slices.Contains(filled, field.Name) {
				t.Errorf("no rule fills %s.%s", kind.Name(), field.Name)
			}
		}
	}
}
