package dashboard

// plus shows zones, upstreams, caches and limits of NGINX Plus.
func plus() Board {
	variables := append(targetVariables("nginxplus_up", true), variable{
		name: "upstream", label: "Upstream", metric: `nginxplus_upstream_servers{` + byInstance + `}`, values: "upstream", all: anyValue,
	})
	return Board{
		Name: "plus", Title: "nginx / NGINX Plus", selector: byInstance, variables: variables,
		Description: "Zones, upstreams, caches, limits and TLS of NGINX Plus.",
		annotations: []annotation{alerts(), restarts(byInstance, false), reloads()},
		rows: []row{
			{panels: plusNow()},
			{panels: plusZones()},
			{title: "Upstreams", panels: append(plusUpstreams(), plusServers())},
			{title: "Caches, limits and TLS", panels: plusLimits()},
			{title: "TCP and UDP", panels: plusStream()},
			{title: "nginx itself", panels: plusNginx()},
		},
	}
}

const (
	byUpstream   = byInstance + `,upstream=~"$upstream"`
	needZone     = "needs status_zone in a server block"
	needUpstream = "needs zone in an upstream block"
	needLimit    = "needs limit_req or limit_conn"
	needCache    = "needs proxy_cache"
)

// cacheHits and cacheLookups are rates of responses by cache.
func cacheHits() string {
	return `(` + cacheRate("hit") + ` + ` + cacheRate("stale") + ` + ` + cacheRate("updating") + ` + ` + cacheRate("revalidated") + `)`
}

func cacheLookups() string {
	return `(` + cacheHits() + ` + ` + cacheRate("miss") + ` + ` + cacheRate("expired") + ` + ` + cacheRate("bypass") + `)`
}

func cacheRate(outcome string) string {
	return `rate(nginxplus_cache_` + outcome + `_responses{SELECT}[$__rate_interval])`
}

func plusNow() []*panel {
	const servers = `nginxplus_upstream_servers{` + byUpstream
	return []*panel{
		stat("Servers up", unitRatio, "Share of servers of upstreams that are up, without those that an operator set to down or draining. Red below 70%, as the alert NginxPlusUpstreamDegraded (docs/alerts.md).",
			q(`sum(`+servers+`,state="up"}) / sum(`+servers+`,state!~"down|draining"})`, "up")).
			limits(step{nil, "red"}, step{0.7, "orange"}, step{1, green}).empty(needUpstream),
		stat("Requests", unitRate, "Requests per second, including those of the exporter.",
			q(`sum(rate(nginxplus_http_requests_total{SELECT}[$__rate_interval]))`, "requests")).empty("no requests yet"),
		stat("Errors", unitRatio, "Share of responses of server zones with a 5xx status code. Red from 5%, as the alert NginxPlusServerErrors (docs/alerts.md).",
			q(ratio(`sum(rate(nginxplus_server_zone_responses{SELECT,code="5xx"}[$__rate_interval]))`, `sum(rate(nginxplus_server_zone_responses{SELECT}[$__rate_interval]))`), "errors")).
			limits(step{nil, green}, step{0.05, "red"}).empty(needZone),
		stat("Cache hits", unitRatio, "Share of responses served from caches: hit, stale, updating or revalidated. What is a good share depends on the content.",
			q(ratio(`sum`+cacheHits(), `sum`+cacheLookups()), "hits")).empty(needCache),
		stat("Memory free", unitRatio, "Free share of the fullest shared memory zone. Full zones lose state, such as rate limits or sessions.",
			q(`min(nginxplus_slab_pages_free{SELECT} / (nginxplus_slab_pages_free{SELECT} + nginxplus_slab_pages_used{SELECT}))`, "free")).
			limits(step{nil, "red"}, step{0.1, green}).empty("no shared memory zone"),
		stat("License ends", unitAgo, "When the license expires. From 90 days after that on, NGINX Plus does not start without a new one.",
			q(`1000 * min(nginxplus_license_expiration_timestamp_seconds{SELECT})`, "expires")).empty("needs NGINX Plus R33"),
	}
}

func plusZones() []*panel {
	requests := `sum by (server_zone) (rate(nginxplus_server_zone_requests{SELECT}[$__rate_interval]))`
	all := `sum by (server_zone) (rate(nginxplus_server_zone_responses{SELECT}[$__rate_interval]))`
	failed := `sum by (server_zone) (rate(nginxplus_server_zone_responses{SELECT,code="5xx"}[$__rate_interval]))`
	return []*panel{
		series("Responses by class", unitRate, "Responses of all server zones per second, by class of status code.",
			q(`sum by (code) (rate(nginxplus_server_zone_responses{SELECT}[$__rate_interval]))`, "{{code}}")).
			stacked().color("1xx", purple).color("2xx", green).color("3xx", blue).color("4xx", orange).color("5xx", red5xx).empty(needZone),
		series("Requests by zone", unitRate, "Requests per second of the ten server zones with most requests.",
			q(top("server_zone", requests), "{{server_zone}}")).empty(needZone),
		series("Errors by zone", unitRatio, "Share of 5xx responses, of the ten server zones with the largest share.",
			q(top("server_zone", ratio(failed, all)), "{{server_zone}}")).empty(needZone),
		series("Mean time of a request, by zone", unitSeconds,
			"Requests in progress divided by requests per second (Little's law), of the ten slowest server zones. Slow clients count.",
			q(top("server_zone", ratio(`sum by (server_zone) (avg_over_time(nginxplus_server_zone_processing{SELECT}[$__rate_interval]))`, requests)), "{{server_zone}}")).
			size(12, 8).empty(needZone),
		series("Traffic", unitFlow, "Bytes per second of all server zones, received from and sent to clients.",
			q(`sum(rate(nginxplus_server_zone_received{SELECT}[$__rate_interval]))`, "received"),
			q(`sum(rate(nginxplus_server_zone_sent{SELECT}[$__rate_interval]))`, "sent")).
			color("received", blue).color("sent", green).size(12, 8).empty(needZone),
	}
}

func plusUpstreams() []*panel {
	const bad = `nginxplus_upstream_servers{` + byUpstream + `,state=~"unavail|unhealthy"}`
	requests := `rate(nginxplus_upstream_server_requests{` + byUpstream + `}[$__rate_interval])`
	mean := ratio(`sum by (upstream) (avg_over_time(nginxplus_upstream_server_response_time{`+byUpstream+`}[$__rate_interval]) * `+requests+`)`, `sum by (upstream) (`+requests+`)`)
	failed := `sum by (upstream) (rate(nginxplus_upstream_server_responses{` + byUpstream + `,code="5xx"}[$__rate_interval]))`
	responses := `sum by (upstream) (rate(nginxplus_upstream_server_responses{` + byUpstream + `}[$__rate_interval]))`
	return []*panel{
		states("Servers that fail, by upstream", "Number of servers that nginx considers unavailable or unhealthy: green is none, orange some. The ten worst upstreams of the time range.",
			q(topGauge("upstream", "sum by (upstream)", bad), "{{upstream}}")).size(16, 8).empty(needUpstream),
		series("Servers by state", unitCount, "Servers of the selected upstreams by state.",
			q(`sum by (state) (nginxplus_upstream_servers{`+byUpstream+`})`, "{{state}}")).steps().stacked().
			color("up", green).color("draining", blue).color("down", purple).color("unavail", "red").color("unhealthy", "dark-red").color("checking", "yellow").
			digits(0).empty(needUpstream),
		series("Requests by upstream", unitRate, "Requests per second of the ten upstreams with most requests.",
			q(top("upstream", `sum by (upstream) (`+requests+`)`), "{{upstream}}")).empty(needUpstream),
		series("Errors by upstream", unitRatio, "Share of 5xx responses of servers, of the ten upstreams with the largest share.",
			q(top("upstream", ratio(failed, responses)), "{{upstream}}")).empty(needUpstream),
		series("Response time by upstream", "ms", "Mean time until the whole response is received, weighted by requests: the value of idle servers is old. The ten slowest upstreams.",
			q(top("upstream", mean), "{{upstream}}")).empty(needUpstream),
		series("Response time by upstream, 99%", unitSeconds, "99% of responses were complete within this time, of the ten slowest upstreams.",
			q(withSelector(topQuantile("0.99", "upstream", "nginxplus_upstream_server_response_duration_seconds"), byUpstream), "{{upstream}}")).
			empty("needs nginx 1.29.8, whose API has histograms"),
		series("Queues", unitCount, "Requests waiting in the queue of an upstream, the ten longest. A full queue rejects requests: see the next graph.",
			q(topGauge("upstream", "sum by (upstream)", `nginxplus_upstream_queue_size{`+byUpstream+`}`), "{{upstream}}")).empty("needs queue in an upstream block"),
		series("Queue overflows", unitCount, "Requests rejected per interval because the queue of their upstream was full.",
			q(top("upstream", `sum by (upstream) (increase(nginxplus_upstream_queue_overflows_total{`+byUpstream+`}[$__rate_interval]))`), "{{upstream}}")).
			drawnAsBars().empty("needs queue in an upstream block"),
	}
}

func plusServers() *panel {
	return serversNotUp("Servers by upstream that nginx does not send requests to, 50 at most, and for how long. down and draining were set by an operator.",
		"server", "nginxplus_upstream_server_state", "nginxplus_upstream_server_down_since_timestamp_seconds",
		map[string]string{"2": "draining", "3": "down", "4": "unavail", "5": "checking", "6": "unhealthy"},
		map[string]string{"2": blue, "3": purple, "4": "red", "5": "yellow", "6": "red"})
}

// serversNotUp lists only servers that are not up, so 10,000 servers are no problem. The
// state of those that are up is 1.
func serversNotUp(description, server, state, since string, texts, colors map[string]string) *panel {
	join := "cluster, namespace, job, instance, addr, pod, upstream, " + server
	bad := `topk(50, max by (` + join + `) (` + state + `{` + byUpstream + `} != 1))`
	return table("Servers that are not up", description, "Since",
		[]column{
			{field: "upstream", title: "Upstream"},
			{field: server, title: "Server"},
			{field: value(0), title: "State", texts: texts, colors: colors},
			{field: value(1), title: "Since", unit: unitSeconds},
			{field: "namespace", title: "Namespace"},
			{field: "pod", title: "Pod"},
			{field: "instance", title: "Instance", link: singleLink},
			{field: "addr", title: "Target"},
			{field: "cluster", title: "Cluster"},
			{field: "job", title: "Job"},
		},
		q(bad, ""),
		q(`max by (`+join+`) (time() - `+since+`{`+byUpstream+`}) and on (`+join+`) `+bad, "")).
		size(24, 8).empty("none: all servers are up")
}

func plusLimits() []*panel {
	rejected := func(metric string) string {
		return top("zone", `sum by (zone) (rate(`+metric+`{SELECT}[$__rate_interval]))`)
	}
	return []*panel{
		series("Cache hits by cache", unitRatio, "Share of responses served from a cache, of the ten caches with most lookups.",
			q(`(`+ratio(`sum by (zone) `+cacheHits(), `sum by (zone) `+cacheLookups())+`) and on (zone) topk(10, sum by (zone) `+overRange(cacheLookups())+`)`, "{{zone}}")).
			share().empty(needCache),
		bars("Cache size", unitRatio, "Size of a cache divided by its max_size, the ten fullest. A full cache is normal: nginx evicts what was not used for longest.",
			q(`topk(10, max by (zone) (nginxplus_cache_size{SELECT} / nginxplus_cache_max_size{SELECT}))`, "{{zone}}")).share().empty("needs proxy_cache with max_size"),
		bars("Shared memory in use", unitRatio, "Used share of shared memory zones, the ten fullest.",
			q(`topk(10, max by (zone) (nginxplus_slab_pages_used{SELECT} / (nginxplus_slab_pages_free{SELECT} + nginxplus_slab_pages_used{SELECT})))`, "{{zone}}")).
			limits(step{nil, blue}, step{0.9, "red"}).share().empty("no shared memory zone"),
		series("Requests rejected by limit_req", unitRate, "Requests per second rejected by limit_req, by zone, the ten zones with most.",
			q(rejected("nginxplus_limit_request_rejected"), "{{zone}}")).empty(needLimit),
		series("Connections rejected by limit_conn", unitConns, "Connections or requests per second rejected by limit_conn, by zone, the ten zones with most.",
			q(rejected("nginxplus_limit_connection_rejected"), "{{zone}}")).empty(needLimit),
		series("TLS handshakes", unitOps, "TLS handshakes with clients per second. Session reuses are cheap; failures come from scanners and old clients, or from a wrong certificate.",
			q(`sum(rate(nginxplus_ssl_handshakes{SELECT}[$__rate_interval]))`, "handshakes"),
			q(`sum(rate(nginxplus_ssl_session_reuses{SELECT}[$__rate_interval]))`, "session reuses"),
			q(`sum(rate(nginxplus_ssl_handshakes_failed{SELECT}[$__rate_interval]))`, "failed")).
			color("handshakes", blue).color("session reuses", green).color("failed", "red").empty("no TLS"),
	}
}

func plusStream() []*panel {
	const need = "needs status_zone in a stream server block"
	return []*panel{
		series("Connections by stream zone", unitConns, "Connections per second of the ten stream server zones with most connections.",
			q(top("server_zone", `sum by (server_zone) (rate(nginxplus_stream_server_zone_connections{SELECT}[$__rate_interval]))`), "{{server_zone}}")).empty(need),
		series("Sessions by class", unitConns, "Stream sessions that ended, per second. 5xx: no server, or an error of nginx; 4xx: rejected by limits or access rules.",
			q(`sum by (code) (rate(nginxplus_stream_server_zone_sessions{SELECT}[$__rate_interval]))`, "{{code}}")).
			stacked().color("2xx", green).color("4xx", orange).color("5xx", red5xx).empty(need),
		series("Stream servers by state", unitCount, "Servers of stream upstreams by state.",
			q(`sum by (state) (nginxplus_stream_upstream_servers{SELECT})`, "{{state}}")).steps().stacked().
			color("up", green).color("draining", blue).color("down", purple).color("unavail", "red").color("unhealthy", "dark-red").color("checking", "yellow").
			digits(0).empty("needs zone in a stream upstream block"),
	}
}

func plusNginx() []*panel {
	failures := func(kind string) string { return `rate(nginxplus_resolver_` + kind + `{SELECT}[$__rate_interval])` }
	return []*panel{
		series("Workers", unitCount, "Workers of nginx, and those that were started again after a crash, per interval. The error log has the reason of each crash.",
			q(`count(nginxplus_worker_info{SELECT})`, "workers"),
			q(`sum(increase(nginxplus_processes_respawned_total{SELECT}[$__rate_interval]))`, "crashed")).
			color("workers", green).color("crashed", "red").empty("needs NGINX Plus R30"),
		series("DNS queries of resolvers", unitOps, "Responses to DNS queries per second. Failures are timeouts, refused queries and server failures; names that do not exist are not failures.",
			q(`sum(`+failures("noerror")+`)`, "successful"),
			q(`sum(`+failures("nxdomain")+`)`, "no such name"),
			q(`sum(`+failures("timedout")+` + `+failures("servfail")+` + `+failures("refused")+` + `+failures("formerr")+` + `+failures("notimp")+` + `+failures("unknown")+`)`, "failed")).
			color("successful", green).color("no such name", blue).color("failed", "red").empty("needs resolver with status_zone"),
		series("Nodes of zone synchronization", unitCount, "Other nodes that each node is connected to. All nodes of a cluster should have the same value.",
			q(`max(nginxplus_stream_zone_sync_status_nodes_online{SELECT})`, "max"), q(`min(nginxplus_stream_zone_sync_status_nodes_online{SELECT})`, "min")).
			steps().digits(0).color("max", green).color("min", orange).empty("needs zone_sync"),
	}
}
