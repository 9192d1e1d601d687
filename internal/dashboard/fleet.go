package dashboard

// fleet is the first dashboard to open: all nginx, bad ones first.
func fleet() Board {
	return Board{
		Name: "fleet", Title: "nginx / Fleet", selector: bySelector, variables: targetVariables("nginx_up", false),
		Description: "All nginx instances: availability, traffic, connections, and the instances that differ from the others.",
		annotations: []annotation{alerts(), restarts(bySelector, false), reloads()},
		rows: []row{
			{panels: append(fleetNow(), fleetTraffic()...)},
			{title: "Instances", panels: fleetSpread()},
			{panels: fleetTables()},
		},
	}
}

func fleetNow() []*panel {
	return []*panel{
		stat("nginx up", unitRatio,
			"Share of nginx instances whose last scrape succeeded. Red below 90%. The list of instances that are down is below; the exporter's log "+
				"has the reason, and nginx-exporter doctor finds the cause.",
			q(`avg(`+each(`nginx_up{SELECT}`)+`)`, "up")).
			limits(step{nil, "red"}, step{0.9, "orange"}, step{1, "green"}).empty("no nginx_up: Prometheus scrapes no exporter"),
		stat("Instances", unitCount, "Number of nginx instances, up or down. An instance that two jobs scrape counts once.",
			q(`count(`+each(`nginx_up{SELECT}`)+`)`, "instances")).digits(0).empty("0"),
		stat("Requests", unitRate, "Requests per second of all instances, including those of the exporter itself.",
			q(sum(each(requestRate)), "requests")).empty(needStatus),
		stat("Open connections", unitCount, "Open client connections, including idle keep-alive connections. Many idle connections are normal.",
			q(sum(each(openConnections)), "open")).
			empty(needStatus),
		stat("Dropped connections", unitConns,
			"Connections that nginx accepted but could not handle, usually because worker_connections or file descriptors ran out. Values below "+
				"0.05 are hidden: nginx increments the two counters one after the other. See docs/alerts.md, NginxDropsConnections.",
			q(`sum(`+each(droppedRate)+` > 0.05) or vector(0)`, "dropped")).
			limits(step{nil, green}, step{0.05, "red"}).empty("none"),
		stat("Mean time of a request", unitSeconds,
			"Requests in progress divided by requests per second (Little's law). It is an estimate: websockets and long polls raise it, and after a "+
				"worker crashed it stays too high until nginx restarts. The access log has exact values: dashboard RED.",
			q(ratio(sum(each(inProgress)), sum(each(requestRate))), "mean")).empty(needStatus),
	}
}

func fleetTraffic() []*panel {
	return []*panel{
		series("Requests by job", unitRate, "Requests per second of the ten jobs with most requests. A sudden end is a problem in front of nginx: DNS, load balancer, network policy.",
			q(top("job", `sum by (job) `+requestRate), "{{job}}")).empty(needStatus),
		series("Connections by state", unitCount,
			"Client connections of all instances: reading a request header, writing a response, or idle. Growing \"writing\" at a constant request rate means "+
				"that responses take longer.",
			q(sum(each(readingConnections)), "reading"),
			q(sum(each(writingConnections)), "writing"),
			q(sum(each(idleConnections)), "idle")).
			stacked().color("reading", blue).color("writing", orange).color("idle", green).empty(needStatus),
		table("Firing alerts", "Alerts of nginx-exporter that are firing now in the selected namespaces. docs/alerts.md has meaning, diagnosis and fix of each.",
			"Number", []column{
				{field: "alertname", title: "Alert"},
				{
					field: "severity", title: "Severity", width: 90, texts: map[string]string{"critical": "critical", "warning": "warning", "info": "info"},
					colors: map[string]string{"critical": "red", "warning": "orange", "info": "blue"},
				},
				{field: "Value", title: "Number", width: 95},
			},
			q(`sort_desc(count by (alertname, severity) (ALERTS{alertname=~"(Angie|Nginx).*",alertstate="firing",namespace=~"$namespace"}))`, "")).
			empty("none"),
	}
}

func fleetSpread() []*panel {
	rates := each(requestRate) + ` and on (` + identity + `) ` + each(`nginx_up{SELECT} offset $__rate_interval`)
	return []*panel{
		series("Requests per instance", unitRate,
			"Spread of the load over instances. If the maximum is far above the median, clients keep their connections to few pods (keep-alive) and new pods stay idle. "+
				"An instance counts as soon as its rate is complete.",
			q(`max(`+rates+`)`, "max"), q(`quantile(0.9, `+rates+`)`, "90%"), q(`quantile(0.5, `+rates+`)`, "median"), q(`min(`+rates+`)`, "min")).
			color("max", "dark-orange").color("90%", "yellow").color("median", green).color("min", blue).size(6, 8).empty(needStatus),
		series("Dropped connections by instance", unitConns,
			"The ten instances that drop most connections. Raise worker_connections and worker_rlimit_nofile there.",
			q(`(`+each(droppedRate)+` > 0.05) and on (`+identity+`) topk(10, `+overRange(each(droppedRate))+`)`, "{{pod}} {{instance}} {{addr}}")).size(6, 8).empty("none: no connection was dropped"),
		series("Instances that are down", unitCount, "Number of instances whose scrape fails. The scrape fails if nginx is down, or if its status page cannot be reached.",
			q(`count(`+each(`nginx_up{SELECT}`)+` == 0)`, "down")).drawnAsBars().color("down", "red").digits(0).size(4, 8).empty("none"),
		table("Restarts of nginx",
			"Instances that restarted in the time range, 50 at most, seen as resets of the request counter. A reload keeps the counters. Restarts without a "+
				"rollout are crashes, or the memory limit.",
			"Restarts", []column{
				{field: "pod", title: "Pod"},
				{field: "instance", title: "Instance", link: singleLink},
				{field: "addr", title: "Target"},
				{field: "namespace", title: "Namespace"},
				{field: "cluster", title: "Cluster"},
				{field: "Value", title: "Restarts", width: 100},
			},
			q(`topk(50, max by (pod, instance, addr) (`+restartsInRange+`) > 0)`, "")).
			size(8, 8).empty("none"),
	}
}

// singleLink opens the dashboard of the instance in the row.
const singleLink = "/d/nginx-single?${datasource:queryparam}&${namespace:queryparam}&${job:queryparam}" +
	"&var-instance=${__data.fields.Instance}&${__url_time_range}"

func fleetTables() []*panel {
	busiest := ` and on (` + identity + `) topk(50, ` + each(requestRate) + `)`
	instance := []column{
		{field: "namespace", title: "Namespace", width: 100},
		{field: "pod", title: "Pod"},
		{field: "instance", title: "Instance", width: 165, link: singleLink},
		{field: "addr", title: "Target"},
	}
	hidden := []column{{field: "cluster", title: "Cluster"}}
	return []*panel{
		table("Down", "Instances whose last scrape failed, 50 at most. Run nginx-exporter doctor in the pod to find the cause.", "",
			append(instance[:4:4], append(hidden, column{
				field: "Value", title: "State", width: 75, texts: map[string]string{"0": "down"}, colors: map[string]string{"0": "red"},
			})...),
			q(`topk(50, `+each(`nginx_up{SELECT}`)+` == 0)`, "")).size(8, 9).empty("none: all instances are up"),
		table("Busiest instances", "The 50 instances with most requests; select an instance to open its dashboard.", "Requests",
			append(instance[:4:4], append(hidden,
				column{field: value(0), title: "Requests", width: 110, unit: unitRate},
				column{field: value(1), title: "Connections", width: 105, unit: unitCount})...),
			q(`topk(50, `+each(requestRate)+`)`, ""),
			q(each(openConnections)+busiest, "")).size(11, 9).empty(needStatus),
		table("Versions", "Number of instances by version of nginx. Several versions for long are a rollout that stopped. nginx does not send its version with server_tokens off.",
			"Instances", []column{{field: "version", title: "Version"}, {field: "Value", title: "Instances", width: 110}},
			q(`sort_desc(count by (version) (max by (`+identity+`, version) (`+versions+`)))`, "")).
			size(5, 9).empty("unknown: server_tokens is off"),
	}
}
