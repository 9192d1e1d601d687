package dashboard

// vts shows servers, upstreams and caches of nginx-module-vts.
func vts() Board {
	return Board{
		Name: "vts", Title: "nginx / VTS", selector: byInstance,
		Description: "Servers, upstreams and caches of nginx-module-vts.",
		variables: append(targetVariables("nginx_vts_info", true), variable{
			name: "upstream", label: "Upstream", metric: `nginx_vts_upstream_down{` + byInstance + `}`, values: "upstream", all: anyValue,
		}),
		annotations: []annotation{alerts(), restarts(byInstance, false)},
		rows: []row{
			{panels: append(vtsNow(), vtsServers()...)},
			{title: "Upstreams", panels: append(vtsUpstreams(), vtsDown())},
			{title: "Caches", panels: vtsCaches()},
		},
	}
}

const (
	needVTS         = "needs vhost_traffic_status_zone"
	needVTSUpstream = "needs vhost_traffic_status_zone, and a proxy_pass"
	needVTSTime     = "needs nginx-module-vts 0.1.17"

	vtsRequests         = `rate(nginx_vts_server_requests_total{SELECT}[$__rate_interval])`
	vtsErrors           = `rate(nginx_vts_server_requests_total{SELECT,code="5xx"}[$__rate_interval])`
	vtsUpstreamRequests = `rate(nginx_vts_upstream_requests_total{` + byUpstream + `}[$__rate_interval])`
	vtsLookups          = `rate(nginx_vts_cache_requests_total{SELECT}[$__rate_interval])`
	vtsHits             = `rate(nginx_vts_cache_requests_total{SELECT,status=~"hit|stale|updating|revalidated"}[$__rate_interval])`
)

func vtsNow() []*panel {
	return []*panel{
		stat("Servers up", unitRatio, "Share of servers of upstreams that are not marked as down. nginx-module-vts marks servers that failed only in upstreams with a zone, and those with max_fails=0 always.",
			q(`1 - avg(nginx_vts_upstream_down{`+byUpstream+`})`, "up")).
			size(6, 3).limits(step{nil, "red"}, step{0.7, "orange"}, step{1, green}).empty(needVTSUpstream),
		stat("Requests", unitRate, "Requests per second of all servers.", q(`sum(`+vtsRequests+`)`, "requests")).size(6, 3).empty(needVTS),
		stat("Errors", unitRatio, "Share of responses with a status code from 500 on. Red from 5%, as the alert NginxVtsServerErrors (docs/alerts.md).",
			q(ratio(`sum(`+vtsErrors+`)`, `sum(`+vtsRequests+`)`), "errors")).
			size(6, 3).limits(step{nil, green}, step{0.05, "red"}).empty(needVTS),
		stat("Cache hits", unitRatio, "Share of responses served from caches: hit, stale, updating or revalidated. Which share is good depends on the content.",
			q(ratio(`sum(`+vtsHits+`)`, `sum(`+vtsLookups+`)`), "hits")).size(6, 3).empty(needCache),
	}
}

func vtsServers() []*panel {
	requests := `sum by (host) (` + vtsRequests + `)`
	return []*panel{
		series("Responses by class", unitRate, "Responses of all servers per second, by class of status code.",
			q(`sum by (code) (`+vtsRequests+`)`, "{{code}}")).
			stacked().color("1xx", purple).color("2xx", green).color("3xx", blue).color("4xx", orange).color("5xx", red5xx).empty(needVTS),
		series("Requests by server", unitRate, "Requests per second of the ten servers (server_name) with most requests.",
			q(top("host", requests), "{{host}}")).empty(needVTS),
		series("Errors by server", unitRatio, "Share of responses from 500 on, of the ten servers with the largest share.",
			q(top("host", ratio(`sum by (host) (`+vtsErrors+`)`, requests)), "{{host}}")).empty(needVTS),
		series("Mean duration by server", unitSeconds, "Mean time of a request, of the ten slowest servers. Slow clients count.",
			q(top("host", ratio(`sum by (host) (rate(nginx_vts_server_request_seconds_total{SELECT}[$__rate_interval]))`, requests)), "{{host}}")).
			size(12, 8).empty(needVTSTime),
		series("Traffic", unitFlow, "Bytes per second of all servers, received from and sent to clients.",
			q(`sum(rate(nginx_vts_server_bytes_total{SELECT,direction="in"}[$__rate_interval]))`, "received"),
			q(`sum(rate(nginx_vts_server_bytes_total{SELECT,direction="out"}[$__rate_interval]))`, "sent")).
			color("received", blue).color("sent", green).size(12, 8).empty(needVTS),
	}
}

func vtsUpstreams() []*panel {
	requests := `sum by (upstream) (` + vtsUpstreamRequests + `)`
	failed := `sum by (upstream) (rate(nginx_vts_upstream_requests_total{` + byUpstream + `,code="5xx"}[$__rate_interval]))`
	seconds := `sum by (upstream) (rate(nginx_vts_upstream_response_seconds_total{` + byUpstream + `}[$__rate_interval]))`
	return []*panel{
		states("Servers marked as down, by upstream", "Number of servers that are marked as down: green is none, orange some. The ten worst upstreams of the time range.",
			q(topGauge("upstream", "sum by (upstream)", `nginx_vts_upstream_down{`+byUpstream+`}`), "{{upstream}}")).size(6, 8).empty(needVTSUpstream),
		series("Requests by upstream", unitRate, "Requests per second of the ten upstreams with most requests. A request that nginx passes to several servers counts for each.",
			q(top("upstream", requests), "{{upstream}}")).size(6, 8).empty(needVTSUpstream),
		series("Errors by upstream", unitRatio, "Share of responses of servers from 500 on, of the ten upstreams with the largest share.",
			q(top("upstream", ratio(failed, requests)), "{{upstream}}")).size(6, 8).empty(needVTSUpstream),
		series("Response time by upstream", unitSeconds, "Mean time until the whole response is received, of the ten slowest upstreams.",
			q(top("upstream", ratio(seconds, requests)), "{{upstream}}")).size(6, 8).empty(needVTSTime),
	}
}

func vtsDown() *panel {
	return table("Servers marked as down", "Servers of upstreams that are marked as down, 50 at most.", "",
		[]column{
			{field: "upstream", title: "Upstream"},
			{field: "backend", title: "Server"},
			{field: "Value", title: "State", texts: map[string]string{"1": "down"}, colors: map[string]string{"1": "red"}},
			{field: "namespace", title: "Namespace"},
			{field: "pod", title: "Pod"},
			{field: "instance", title: "Instance", link: singleLink},
			{field: "addr", title: "Target"},
			{field: "cluster", title: "Cluster"},
			{field: "job", title: "Job"},
		},
		q(`topk(50, max by (cluster, namespace, job, instance, addr, pod, upstream, backend) (nginx_vts_upstream_down{`+byUpstream+`} == 1))`, "")).
		size(24, 7).empty("none: no server is marked as down")
}

func vtsCaches() []*panel {
	return []*panel{
		series("Cache hits by cache", unitRatio, "Share of responses served from a cache, of the ten caches with most lookups.",
			q(`(`+ratio(`sum by (cache_zone) (`+vtsHits+`)`, `sum by (cache_zone) (`+vtsLookups+`)`)+
				`) and on (cache_zone) topk(10, sum by (cache_zone) (`+overRange(vtsLookups)+`))`, "{{cache_zone}}")).size(12, 8).share().empty(needCache),
		series("Responses by cache status", unitRate, "Responses of all caches per second by status. Those that are not a hit are from upstream servers.",
			q(`sum by (status) (`+vtsLookups+`)`, "{{status}}")).stacked().
			color("hit", green).color("miss", blue).color("expired", orange).color("stale", "yellow").color("bypass", purple).size(12, 8).empty(needCache),
	}
}
