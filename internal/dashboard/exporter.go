package dashboard

// exporter shows the exporter itself: is it scraped, what does it cost, what fails.
func exporter() Board {
	return Board{
		Name: "exporter", Title: "nginx / Exporter", selector: bySelector,
		Description: "The exporters: scrapes, failures, series and resources.",
		variables:   targetVariables("nginx_exporter_build_info", false),
		annotations: []annotation{alerts()},
		rows:        []row{{panels: exporterNow()}, {panels: exporterScrapes()}, {title: "Resources", panels: exporterResources()}},
	}
}

func exporterNow() []*panel {
	return []*panel{
		stat("Exporters up", unitRatio, "Share of exporters that Prometheus can scrape.", q(`avg(up{SELECT})`, "up")).
			limits(step{nil, "red"}, step{0.9, "orange"}, step{1, "green"}).size(6, 3).empty("no exporter is scraped"),
		stat("Configuration", unitNone, "Whether the last reload of the configuration file succeeded everywhere. After a failed reload the exporter continues with the previous one; its log has the reason.",
			q(`min(nginx_exporter_config_last_reload_successful{SELECT})`, "loaded")).
			words(map[string]string{"0": "failed", "1": "loaded"}, map[string]string{"0": "red", "1": green}).size(6, 3).empty("no configuration file"),
		stat("Most series", unitCount, "Series per scrape of the largest exporter. Prometheus drops the whole response above its sample_limit.",
			q(`max(scrape_samples_scraped{SELECT})`, "series")).size(6, 3).empty("no exporter is scraped"),
		stat("Earliest certificate expiry", unitAgo, "When the first TLS certificate of nginx expires, as sent to the exporter.",
			q(`1000 * min(nginx_exporter_target_tls_not_after_timestamp_seconds{SELECT})`, "expires")).size(6, 3).empty("no target with https"),
	}
}

func exporterScrapes() []*panel {
	return []*panel{
		series("Scrape duration", unitSeconds, "Duration of scrapes as Prometheus measures it. It must stay below the scrape timeout.",
			q(`max(scrape_duration_seconds{SELECT})`, "max"), q(`quantile(0.9, scrape_duration_seconds{SELECT})`, "90%"),
			q(`quantile(0.5, scrape_duration_seconds{SELECT})`, "median")).
			color("max", "dark-orange").color("90%", "yellow").color("median", green).empty("no exporter is scraped"),
		series("Duration by source", unitSeconds, "Time to read a source, such as stub_status, an access log or a document of the NGINX Plus API: the ten slowest.",
			q(topGauge("source", "max by (source)", `nginx_exporter_source_duration_seconds{SELECT}`), "{{source}}")).empty("no successful scrape"),
		series("Failed scrapes by reason", unitCount, "Failed scrapes of sources per interval. docs/metrics.md explains the reasons.",
			q(`sum by (reason) (increase(nginx_exporter_scrape_errors_total{SELECT}[$__rate_interval])) > 0`, "{{reason}}")).drawnAsBars().stacked().empty("none"),
		series("Exporter's share of requests", unitRatio, "Requests that the exporters make to nginx, divided by all requests that nginx counts.",
			q(`sum(rate(nginx_exporter_nginx_requests_total{SELECT}[$__rate_interval])) / sum`+requestRate, "share")).empty(needStatus),
		series("Series per scrape", unitCount, "Series of the largest exporter, and the median. They grow with the names in the configuration of nginx, see docs/plus.md.",
			q(`max(scrape_samples_scraped{SELECT})`, "max"), q(`quantile(0.5, scrape_samples_scraped{SELECT})`, "median")).
			color("max", "dark-orange").color("median", green).empty("no exporter is scraped"),
		series("Series dropped", unitCount, "Series that the exporter dropped per interval, by reason: above --nginx.plus.max-series (limit), the same labels twice (duplicate), or an impossible value (invalid).",
			q(`sum by (reason) (increase(nginx_exporter_series_dropped_total{SELECT}[$__rate_interval])) > 0`, "{{reason}}")).drawnAsBars().empty("none"),
	}
}

func exporterResources() []*panel {
	const full = "needs --web.exporter-metrics=basic or full"
	return []*panel{
		series("Memory", unitBytes, "Resident memory of the largest exporter, and the median. The chart limits a sidecar to 64 MiB.",
			q(`max(process_resident_memory_bytes{SELECT})`, "max"), q(`quantile(0.5, process_resident_memory_bytes{SELECT})`, "median")).
			color("max", "dark-orange").color("median", green).size(6, 8).empty(full),
		series("CPU", unitRatio, "CPU of the busiest exporter, and the median, as a share of one core.",
			q(`max(rate(process_cpu_seconds_total{SELECT}[$__rate_interval]))`, "max"),
			q(`quantile(0.5, rate(process_cpu_seconds_total{SELECT}[$__rate_interval]))`, "median")).
			color("max", "dark-orange").color("median", green).size(6, 8).empty(full),
		table("Scraped more than once", "Instances that several jobs scrape, so that simple sums count them more than once. These dashboards count each once. Keep one monitor or scrape job.",
			"Jobs", []column{
				{field: "namespace", title: "Namespace"},
				{field: "pod", title: "Pod"},
				{field: "instance", title: "Instance"},
				{field: "addr", title: "Target"},
				{field: "cluster", title: "Cluster"},
				{field: "Value", title: "Jobs", width: 75},
			},
			q(`topk(50, count by (`+identity+`) (nginx_up{SELECT}) > 1)`, "")).size(6, 8).empty("none"),
		table("Versions", "Number of exporters by version.", "Exporters", []column{{field: "version", title: "Version"}, {field: "Value", title: "Exporters", width: 110}},
			q(`sort_desc(count by (version) (nginx_exporter_build_info{SELECT}))`, "")).size(6, 8).empty("no exporter is scraped"),
	}
}
