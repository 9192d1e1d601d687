package dashboard

import "strings"

// single shows one nginx.
func single() Board {
	variables := append(targetVariables("nginx_up", true), variable{
		name: "addr", label: "Target", metric: `nginx_up{` + byInstance + `}`, values: "addr", all: anyOrNo,
	})
	variables[2].one = true
	return Board{
		Name: "single", Title: "nginx / Single", selector: byInstance + `,addr=~"$addr"`, variables: variables,
		Description: "One nginx instance. Select a target if its exporter scrapes several.",
		annotations: []annotation{alerts(), restarts(byInstance, true), reloads()},
		rows: []row{
			{panels: singleNow()},
			{panels: singleTraffic()},
			{title: "Latency and scrapes", panels: singleScrapes()},
		},
	}
}

func singleNow() []*panel {
	up := map[string]string{"0": "down", "1": "up"}
	return []*panel{
		stat("State", unitNone, "Whether the last scrape of nginx succeeded. If it is down, the exporter's log and nginx-exporter doctor have the reason.",
			q(`min(nginx_up{SELECT})`, "state")).words(up, map[string]string{"0": "red", "1": green}).empty("not scraped by Prometheus"),
		stat("Version", unitNone, "Version of nginx, from the Server header or the status interface.",
			q(`max by (version) (`+versions+`)`, "{{version}}")).named().empty("unknown: server_tokens is off"),
		stat("Restarts", unitCount, "Restarts of nginx in the selected time range, seen as resets of the request counter. A reload is not a restart.",
			q(sum(restartsInRange), "restarts")).
			digits(0).empty(needStatus),
		stat("Requests", unitRate, "Requests per second, including those of the exporter itself.",
			q(sum(requestRate), "requests")).empty(needStatus),
		stat("Requests per connection", unitNone,
			"Mean number of requests per client connection. It falls towards 1 if clients or load balancers lose keep-alive, which costs handshakes and latency.",
			q(ratio(sum(requestRate), sum(handledRate)),
				"requests per connection")).digits(1).empty(needStatus),
		stat("Dropped connections", unitConns,
			"Connections that nginx accepted but could not handle: worker_connections or file descriptors ran out. Values below 0.05 are hidden, since nginx "+
				"increments the two counters one after the other.",
			q(`sum(`+droppedRate+` > 0.05) or vector(0)`, "dropped")).limits(step{nil, green}, step{0.05, "red"}).empty("none"),
	}
}

func singleTraffic() []*panel {
	requests := sum(requestRate)
	yesterday := strings.ReplaceAll(requests, "[$__rate_interval]", "[$__rate_interval] offset 1d")
	return []*panel{
		series("Requests", unitRate, "Requests per second, and those of the day before at the same time, if Prometheus has them.",
			q(requests, "requests"), q(yesterday, "day before")).dashed("day before", grey).empty(needStatus),
		series("Connections", unitConns, "Accepted and handled client connections per second. The gap between the lines is dropped connections.",
			q(sum(acceptedRate), "accepted"), q(sum(handledRate), "handled")).
			color("accepted", "red").color("handled", green).empty(needStatus),
		series("Connections by state", unitCount,
			"Client connections: reading a request header, writing a response, or idle (keep-alive). NGINX Plus and Angie do not distinguish reading and writing.",
			q(sum(readingConnections), "reading"),
			q(sum(writingConnections), "writing"),
			q(sum(idleConnections), "idle")).
			stacked().color("reading", blue).color("writing", orange).color("idle", green).empty(needStatus),
	}
}

func singleScrapes() []*panel {
	return []*panel{
		series("Mean time of a request", unitSeconds,
			"Requests in progress divided by requests per second (Little's law): an estimate, which websockets and long polls raise. After a worker crashed it "+
				"stays too high until nginx restarts. The access log has exact values: dashboard RED.",
			q(ratio(sum(inProgress), sum(requestRate)), "mean")).
			empty(needStatus),
		series("Scrape duration by source", unitSeconds,
			"Time the exporter needs to read from nginx, the ten slowest sources. nginx serves its status page in the same event loop as requests, so a blocked worker shows here first.",
			q(topGauge("source", "max by (source)", `nginx_exporter_source_duration_seconds{SELECT}`), "{{source}}")).empty("no successful scrape"),
		series("Failed scrapes by reason", unitCount, "Failed scrapes of nginx per interval. docs/metrics.md explains the reasons; docs/troubleshooting.md has the fix for each.",
			q(`sum by (reason) (increase(nginx_exporter_scrape_errors_total{SELECT}[$__rate_interval])) > 0`, "{{reason}}")).drawnAsBars().stacked().empty("none"),
	}
}
