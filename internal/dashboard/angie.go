package dashboard

// angie shows zones, upstreams, caches and limits of Angie.
func angie() Board {
	// Angie counts requests only by zone, connections always.
	restart := restarts(byInstance, false)
	restart.expr = withSelector(`max by (pod, instance) (resets(angie_connections_accepted{SELECT}[$__rate_interval])) > 0`, byInstance)
	return Board{
		Name: "angie", Title: "nginx / Angie", selector: byInstance,
		Description: "Zones, upstreams, caches and limits of Angie.",
		variables: append(targetVariables("angie_connections_accepted", true), variable{
			name: "upstream", label: "Upstream", metric: `angie_http_upstreams_peers{` + byInstance + `,state="up"}`, values: "upstream", all: anyValue,
		}),
		annotations: []annotation{alerts(), restart},
		rows: []row{
			{panels: append(angieNow(), angieZones()...)},
			{title: "Upstreams", panels: append(angieUpstreams(), angieServers())},
			{title: "Caches and limits", panels: angieLimits()},
		},
	}
}

const (
	angieResponses = `rate(angie_http_server_zones_responses{SELECT}[$__rate_interval])`
	angieErrors    = `rate(angie_http_server_zones_responses{SELECT,code=~"5.."}[$__rate_interval])`
	angieRequests  = `rate(angie_http_server_zones_requests_total{SELECT}[$__rate_interval])`
	angieLookups   = `rate(angie_http_caches_responses{SELECT}[$__rate_interval])`
	angieHits      = `rate(angie_http_caches_responses{SELECT,status=~"hit|stale|updating|revalidated"}[$__rate_interval])`
)

// angieErrorShare is the share of responses from 500 on: 0 before the first, since Angie
// sends only codes that occurred.
func angieErrorShare(by string) string {
	all := by + ` (` + angieResponses + `)`
	return ratio(`(`+by+` (`+angieErrors+`) or 0 * `+all+`)`, all)
}

func angieNow() []*panel {
	const servers = `angie_http_upstreams_peers{` + byUpstream
	return []*panel{
		stat("Servers up", unitRatio, "Share of servers of upstreams that get requests: up, recovering or busy, without those set to down or draining. Red below 70%, as the alert AngieUpstreamDegraded (docs/alerts.md).",
			q(`sum(`+servers+`,state=~"up|recovering|busy"}) / (sum(`+servers+`,state!~"down|draining"}) > 0)`, "up")).
			size(6, 3).limits(step{nil, "red"}, step{0.7, "orange"}, step{1, green}).empty(needUpstream),
		stat("Requests", unitRate, "Requests per second of all server zones.", q(`sum(`+angieRequests+`)`, "requests")).size(6, 3).empty(needZone),
		stat("Errors", unitRatio, "Share of responses of server zones with a status code from 500 on. Red from 5%, as the alert AngieServerErrors (docs/alerts.md).",
			q(angieErrorShare("sum"), "errors")).size(6, 3).limits(step{nil, green}, step{0.05, "red"}).empty(needZone),
		stat("Cache hits", unitRatio, "Share of responses served from caches: hit, stale, updating or revalidated. Which share is good depends on the content.",
			q(ratio(`sum(`+angieHits+`)`, `sum(`+angieLookups+`)`), "hits")).size(6, 3).empty(needCache),
	}
}

func angieZones() []*panel {
	class := func(digit string) query {
		return q(`sum(rate(angie_http_server_zones_responses{SELECT,code=~"`+digit+`.."}[$__rate_interval]))`, digit+"xx")
	}
	return []*panel{
		series("Responses by class", unitRate, "Responses of all server zones per second, by class of status code.",
			class("1"), class("2"), class("3"), class("4"), class("5")).
			stacked().color("1xx", purple).color("2xx", green).color("3xx", blue).color("4xx", orange).color("5xx", red5xx).size(6, 8).empty(needZone),
		series("Requests by zone", unitRate, "Requests per second of the ten server zones with most requests.",
			q(top("zone", `sum by (zone) (`+angieRequests+`)`), "{{zone}}")).size(6, 8).empty(needZone),
		series("Errors by zone", unitRatio, "Share of responses from 500 on, of the ten server zones with the largest share.",
			q(top("zone", angieErrorShare("sum by (zone)")), "{{zone}}")).size(6, 8).empty(needZone),
		series("Traffic", unitFlow, "Bytes per second of all server zones, received from and sent to clients.",
			q(`sum(rate(angie_http_server_zones_data_received{SELECT}[$__rate_interval]))`, "received"),
			q(`sum(rate(angie_http_server_zones_data_sent{SELECT}[$__rate_interval]))`, "sent")).
			color("received", blue).color("sent", green).size(6, 8).empty(needZone),
	}
}

func angieUpstreams() []*panel {
	selected := `rate(angie_http_upstreams_peers_selected_total{` + byUpstream + `}[$__rate_interval])`
	mean := ratio(`sum by (upstream) (avg_over_time(angie_http_upstreams_peers_health_response_time_seconds{`+byUpstream+`}[$__rate_interval]) * `+selected+`)`,
		`sum by (upstream) (`+selected+`)`)
	return []*panel{
		series("Servers by state", unitCount, "Servers of the selected upstreams by state. Those that are busy have max_conns connections.",
			q(`sum by (state) (angie_http_upstreams_peers{`+byUpstream+`})`, "{{state}}")).steps().stacked().
			color("up", green).color("recovering", "yellow").color("busy", orange).color("draining", blue).color("down", purple).
			color("unavailable", "red").color("unhealthy", "dark-red").color("checking", "light-yellow").digits(0).empty(needUpstream),
		series("Requests by upstream", unitRate, "Times per second that Angie selected a server, of the ten upstreams with most. A request that is passed to several servers counts for each.",
			q(top("upstream", `sum by (upstream) (`+selected+`)`), "{{upstream}}")).empty(needUpstream),
		series("Response time by upstream", unitSeconds, "Moving average of the time until the whole response is received, weighted by requests. The ten slowest upstreams.",
			q(top("upstream", mean), "{{upstream}}")).empty(needUpstream),
	}
}

func angieServers() *panel {
	return serversNotUp("Servers by upstream that are not up, 50 at most, and for how long. recovering (slow_start) and busy (max_conns) get requests; down and draining were set by an operator.",
		"peer", "angie_http_upstreams_peers_state", "angie_http_upstreams_peers_health_down_since_timestamp_seconds",
		map[string]string{
			"0": "unknown", "2": "down", "3": "unavailable", "4": "recovering", "5": "unhealthy", "6": "checking", "7": "draining", "8": "busy",
		},
		map[string]string{"2": purple, "3": "red", "4": "yellow", "5": "red", "6": "yellow", "7": blue, "8": orange})
}

func angieLimits() []*panel {
	return []*panel{
		series("Cache hits by cache", unitRatio, "Share of responses served from a cache, of the ten caches with most lookups.",
			q(`(`+ratio(`sum by (zone) (`+angieHits+`)`, `sum by (zone) (`+angieLookups+`)`)+`) and on (zone) topk(10, sum by (zone) (`+overRange(angieLookups)+`))`, "{{zone}}")).
			size(12, 8).share().empty(needCache),
		series("Requests rejected by limit_req", unitRate, "Requests per second rejected by limit_req, or because its zone has no memory left: the ten zones with most.",
			q(top("zone", `sum by (zone) (rate(angie_http_limit_reqs{SELECT,status=~"rejected|exhausted"}[$__rate_interval]))`), "{{zone}}")).
			size(12, 8).empty(needLimit),
	}
}
