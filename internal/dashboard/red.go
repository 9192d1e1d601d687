package dashboard

// red shows rate, errors and duration from access logs.
func red() Board {
	const need = "needs an access log: --nginx.access-log"
	selector := byInstance + `,server=~"$server"`
	return Board{
		Name: "red", Title: "nginx / RED (access logs)", selector: selector,
		Description: "Rate, errors and duration of requests, from the access log of open-source nginx.",
		variables: append(targetVariables("nginx_exporter_log_lines_total", true), variable{
			name: "server", label: "Server", metric: `nginx_http_server_errors_total{` + byInstance + `}`, values: "server", all: anyOrNo,
		}),
		annotations: []annotation{alerts(), restarts(byInstance, false)},
		rows: []row{
			{panels: append(redNow(need), redServers(need)...)},
			{title: "Upstreams", panels: redUpstreams()},
			{title: "Cache and access log", panels: redLog()},
		},
	}
}

const (
	responses    = `nginx_http_responses_total{SELECT}[$__rate_interval]`
	serverErrors = `nginx_http_server_errors_total{SELECT}[$__rate_interval]`
)

func redNow(need string) []*panel {
	share := ratio(`sum(rate(`+serverErrors+`))`, `sum(rate(`+responses+`))`)
	duration := func(q string) string { return quantile(q, "", "nginx_http_request_duration_seconds") }
	return []*panel{
		stat("Rate", unitRate, "Requests per second that ended, without those of the exporter.", q(`sum(rate(`+responses+`))`, "requests")).size(6, 3).empty(need),
		stat("Errors", unitRatio, "Share of responses with a 5xx status code. Red from 5%, as the alert NginxServerErrors (docs/alerts.md).", q(share, "errors")).size(6, 3).
			limits(step{nil, green}, step{0.05, "red"}).empty(need),
		stat("Duration, 95%", unitSeconds, "95% of requests took at most this time, from the first byte of the request to the last byte of the response. Slow clients count.",
			q(duration("0.95"), "95%")).size(6, 3).empty("needs $request_time in the log_format"),
		stat("Sent", unitFlow, "Bytes per second sent to clients.", q(`sum(rate(nginx_http_response_bytes_total{SELECT}[$__rate_interval]))`, "sent")).
			size(6, 3).empty("needs $bytes_sent in the log_format"),
		series("Responses by class", unitRate, "Responses per second by class of status code. \"other\" is 101 (websockets), and 000: no response.",
			class("2"), class("3"), class("4"), class("5"),
			q(`sum(rate(nginx_http_responses_total{SELECT,code!~"2.*|3.*|4.*|5.*"}[$__rate_interval])) > 0`, "other")).
			stacked().color("2xx", green).color("3xx", blue).color("4xx", orange).color("5xx", red5xx).color("other", purple).empty(need),
		series("Duration", unitSeconds, "Quantiles of the duration of requests. Quantiles are interpolated between the buckets of the histogram.",
			q(duration("0.99"), "99%"), q(duration("0.95"), "95%"), q(duration("0.5"), "median")).
			color("99%", "dark-orange").color("95%", "yellow").color("median", green).empty("needs $request_time in the log_format"),
		series("Errors by code", unitRate, "Responses per second with a 5xx status code. 502: the upstream does not accept connections or fails; 503: a limit, or no server; 504: the upstream is too slow.",
			q(top("code", `sum by (code) (rate(nginx_http_responses_total{SELECT,code=~"5.*"}[$__rate_interval]))`), "{{code}}")).
			drawnAsBars().stacked().color("500", "dark-red").color("502", "red").color("503", "orange").color("504", purple).empty("none"),
	}
}

func class(digit string) query {
	return q(`sum(rate(nginx_http_responses_total{SELECT,code=~"`+digit+`.*"}[$__rate_interval]))`, digit+"xx")
}

func redServers(need string) []*panel {
	return []*panel{
		series("Rate by server", unitRate, "Requests per second of the ten servers (server_name) with most requests.",
			q(top("server", `sum by (server) (rate(`+responses+`))`), "{{server}}")).empty(need),
		series("Errors by server", unitRatio, "Share of 5xx responses, of the ten servers with the largest share.",
			q(top("server", ratio(`sum by (server) (rate(`+serverErrors+`))`, `sum by (server) (rate(`+responses+`))`)), "{{server}}")).empty(need),
		series("Duration by server, 95%", unitSeconds, "95% of requests took at most this time, of the ten slowest servers.",
			q(topQuantile("0.95", "server", "nginx_http_request_duration_seconds"), "{{server}}")).empty("needs $request_time in the log_format"),
	}
}

func redUpstreams() []*panel {
	const upstream = byInstance
	rate := func(matchers string) string {
		return `sum by (upstream) (rate(nginx_http_upstream_responses_total{` + upstream + matchers + `}[$__rate_interval]))`
	}
	share := ratio(rate(`,code=~"5.*"`), rate(""))
	within := func(q, histogram string) string {
		return withSelector(topQuantile(q, "upstream", histogram), upstream)
	}
	return []*panel{
		series("Responses by upstream", unitRate, "Responses per second of the ten upstreams with most responses. A request that nginx passes to several servers counts for each.",
			q(top("upstream", rate("")), "{{upstream}}")).size(6, 8).empty("needs $upstream_status in the log_format, and a proxy_pass"),
		series("Errors by upstream", unitRatio, "Share of 5xx responses, before nginx tries the next server. It rises earlier than the errors that clients see.",
			q(top("upstream", share), "{{upstream}}")).size(6, 8).empty("none"),
		series("Duration by upstream, 95%", unitSeconds, "95% of responses of the upstream were complete after this time, of the ten slowest. This is the time of the application, without slow clients.",
			q(within("0.95", "nginx_http_upstream_response_duration_seconds"), "{{upstream}}")).size(6, 8).empty("needs $upstream_response_time in the log_format"),
		series("Time to the response header, 95%", unitSeconds, "95% of response headers arrived within this time: the time of the application before it responds.",
			q(within("0.95", "nginx_http_upstream_header_duration_seconds"), "{{upstream}}")).size(6, 8).empty("needs $upstream_header_time in the log_format"),
	}
}

func redLog() []*panel {
	const log = `{` + byInstance + `}`
	return []*panel{
		series("Cache", unitRate, "Requests per second by cache status. HIT, STALE, UPDATING and REVALIDATED are served from the cache.",
			q(`sum by (status) (rate(nginx_http_cache_responses_total{SELECT}[$__rate_interval]))`, "{{status}}")).
			stacked().color("HIT", green).color("MISS", blue).color("EXPIRED", orange).color("STALE", "yellow").color("BYPASS", purple).
			empty("needs $upstream_cache_status in the log_format, and a proxy_cache"),
		series("Traffic", unitFlow, "Bytes per second received from and sent to clients.",
			q(`sum(rate(nginx_http_request_bytes_total{SELECT}[$__rate_interval]))`, "received"),
			q(`sum(rate(nginx_http_response_bytes_total{SELECT}[$__rate_interval]))`, "sent")).
			color("received", blue).color("sent", green).empty("needs $request_length and $bytes_sent in the log_format"),
		series("Share of requests that are logged", unitRatio,
			"Requests in access logs divided by the requests that the same nginx instances counted. Below 1 by scrapes of the status page, and by servers with "+
				"access_log off or a log of their own: nginx-exporter doctor lists these.",
			q(ratio(`sum(rate(nginx_http_responses_total`+log+`[$__rate_interval]))`, `sum(rate(nginx_http_requests_total`+log+
				`[$__rate_interval]) and on (cluster, namespace, job, instance) nginx_exporter_log_lines_total`+log+`)`), "logged")).
			share().empty("needs stub_status beside the access log"),
		series("Lines not counted", unitRate, "Lines per second that do not have the log_format, were dropped by the kernel, are too long, or are counted with label values \"other\".",
			q(`sum(rate(nginx_exporter_log_lines_failed_total`+log+`[$__rate_interval])) > 0`, "wrong format"),
			q(`sum(rate(nginx_exporter_log_dropped_total`+log+`[$__rate_interval])) > 0`, "dropped"),
			q(`sum(rate(nginx_exporter_log_lines_oversized_total`+log+`[$__rate_interval])) > 0`, "too long"),
			q(`sum(rate(nginx_exporter_log_series_limited_total`+log+`[$__rate_interval])) > 0`, "counted as other")).size(12, 8).empty("none"),
		series("Access log not read yet", unitBytes, "Bytes of access logs that the exporter has not read, and their space on disk. A value that keeps growing means that the exporter cannot keep up, or cannot free space.",
			q(`sum(nginx_exporter_log_lag_bytes`+log+`)`, "not read"), q(`sum(nginx_exporter_log_allocated_bytes`+log+`)`, "on disk")).
			size(12, 8).empty("no log file: syslog is not stored"),
	}
}
