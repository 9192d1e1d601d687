package fault

// Parts of the rule in the chart.
const (
	labels   = `namespace!="",pod!=""`
	podLabel = "        pod:\n          resource: pod\n"
	nsLabel  = "        namespace:\n          resource: namespace\n"
	named    = "    name:\n      matches: \"^" + series + "$\"\n      as: \"" + metric + "\"\n"
	query    = "sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(<<.Series>>{<<.LabelMatchers>>}[20s])))"
	second   = "  - seriesQuery: '" + series + "{" + labels + "}'\n    resources:\n      overrides:\n" + nsLabel + podLabel + named +
		"    metricsQuery: 'sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[1m]))'\n"
)

// ruleFaults are faults in which the adapter finds no series, or gives them
// another name than that in the HPA.
func ruleFaults() []Fault {
	return []Fault{
		{Name: "adapter-prometheus-url", Want: "adapter-prometheus-url", inject: setArgument("--prometheus-url", "http://prometheus.default.svc:9090")},
		{Name: "adapter-prometheus-port", Want: "adapter-prometheus-url", inject: setArgument("--prometheus-url", "http://10.244.0.1:9091")},
		{Name: "adapter-prometheus-scheme", Want: "adapter-prometheus-url", inject: setArgument("--prometheus-url", "https://10.244.0.1:9090")},
		{Name: "rule-quotes-eaten", Want: "rule-series-query-syntax", inject: editRules(labels, "namespace!=,pod!=")},
		{Name: "rule-old-labels", Want: "rule-series-query-labels", inject: editRules(labels, `kubernetes_namespace!="",kubernetes_pod_name!=""`)},
		{Name: "rule-other-series", Want: "rule-missing", inject: editRules(series+"{", "nginx_requests_total{")},
		{Name: "rule-overrides-labels", Want: "rule-overrides", inject: editRules(nsLabel+podLabel,
			"        kubernetes_namespace:\n          resource: namespace\n        kubernetes_pod_name:\n          resource: pod\n")},
		{Name: "hpa-name-of-default-rules", Want: "metric-name", inject: patch(autoscaler,
			replace("/spec/metrics/0/pods/metric/name", "nginx_http_requests"))},
		{Name: "rule-without-name", Want: "metric-name", inject: editRules(named, "")},
		{Name: "rule-template-typo", Want: "rule-template", inject: editRules("<<.Series>>", "<<.Serie>>")},
		{Name: "rule-pod-only", Want: "rule-namespace", inject: editRules(nsLabel, "")},
		{Name: "rule-no-yaml", Want: "rule-file", inject: editRules("rules:\n", "rules: [\n")},
		{Name: "rule-fixed-without-restart", Want: "rule-stale", inject: staleRule(series+"{", "nginx_requests_total{")},
		{Name: "rule-name-twice", Want: "rule-collision", inject: editRules("rules:\n", "rules:\n"+second)},
	}
}

// queryFaults are faults in the query of the adapter.
func queryFaults() []Fault {
	again := copyOf(podMonitor, podMonitors, name+"-again", func(object) {})
	rate := "max by (<<.GroupBy>>, addr) (rate(<<.Series>>{<<.LabelMatchers>>}[20s]))"
	return []Fault{
		{Name: "rule-window-short", Want: "query-window", inject: editRules("[20s]", "[5s]")},
		{Name: "monitor-interval-long", Want: "query-window", inject: patch(podMonitor, replace("/spec/podMetricsEndpoints/0/interval", "30s"))},
		{Name: "rule-without-group-by", Want: "query-group-by", inject: editRules(query, "sum(rate(<<.Series>>{<<.LabelMatchers>>}[20s]))")},
		{Name: "rule-without-matchers", Want: "query-matchers", inject: editRules("{<<.LabelMatchers>>}", "")},
		{Name: "rule-other-job", Want: "query-empty", inject: editRules("<<.LabelMatchers>>", `<<.LabelMatchers>>,job="nginx"`)},
		{Name: "rule-parenthesis-missing", Want: "query-syntax", inject: editRules(query, "sum by (<<.GroupBy>>) ("+rate)},
		{Name: "prometheus-down", Want: "prometheus-down", inject: stopPrometheus},
		{Name: "honor-labels", Want: "series-relabelled", inject: all(
			pods(add("/spec/template/spec/initContainers/0/args/-", "--prometheus.const-label=namespace=prod"),
				add("/spec/template/spec/initContainers/0/args/-", "--prometheus.const-label=pod=me")),
			patch(podMonitor, add("/spec/podMetricsEndpoints/0/honorLabels", true)))},
		{Name: "relabelled-pod", Want: "series-relabelled", inject: patch(podMonitor, add("/spec/podMetricsEndpoints/0/metricRelabelings", []object{
			{"targetLabel": "pod", "replacement": "nginx"},
		}))},
		{Name: "series-all-dropped", Want: "series-missing", inject: patch(podMonitor, add("/spec/podMetricsEndpoints/0/metricRelabelings", []object{
			{"action": "drop", "sourceLabels": []string{"__name__"}, "regex": "nginx_.*"},
		}))},
		{Name: "series-dropped", Want: "series-dropped", inject: patch(podMonitor, add("/spec/podMetricsEndpoints/0/metricRelabelings", []object{
			{"action": "drop", "sourceLabels": []string{"__name__"}, "regex": "nginx_http_.*"},
		}))},
		{Name: "scraped-twice", Want: "series-twice", inject: again},
		{Name: "scraped-and-counted-twice", Want: "query-counts-twice", inject: all(again, editRules(query,
			"sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[20s]))"))},
	}
}
