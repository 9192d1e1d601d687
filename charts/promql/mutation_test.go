package promql

import (
	"slices"
	"strings"
	"testing"
)

// TestMistakes proves that the checks find each kind of mistake, and accept the expression before the mistake.
func TestMistakes(t *testing.T) {
	all := metrics(t)
	for name, c := range map[string]struct{ right, wrong, want string }{
		"syntax": {
			`sum(rate(nginx_http_requests_total[5m]))`, `sum(rate(nginx_http_requests_total[5m])`, "does not parse",
		},
		"unknown metric": {
			`nginx_up == 0`, `nginx_upp == 0`, "no metric nginx_upp",
		},
		"unknown metric by pattern": {
			`count({__name__=~"nginx(plus)?_up"})`, `count({__name__=~"nginx(plus)?_upp"})`, "no metric",
		},
		"metric of another exporter": {
			`sum(rate(nginx_http_responses_total[5m]))`, `sum(rate(nginx_http_response_count_total[5m]))`, "no metric",
		},
		"label of another exporter": {
			`rate(nginx_http_responses_total{code=~"5.."}[5m])`, `rate(nginx_http_requests_total{status=~"5.."}[5m])`, "no label status",
		},
		"unknown label in by": {
			`sum by (server_zone) (rate(nginxplus_server_zone_requests[5m]))`, `sum by (zone) (rate(nginxplus_server_zone_requests[5m]))`,
			"no such label",
		},
		"unknown label in on": {
			`nginxplus_upstream_server_active / on (upstream, server) nginxplus_upstream_server_limit`,
			`nginxplus_upstream_server_active / on (zone) nginxplus_upstream_server_limit`, "no such label",
		},
		"lost label in by": {
			`max by (upstream) (sum by (upstream, server) (nginxplus_upstream_server_active))`,
			`max by (upstream) (sum by (server) (nginxplus_upstream_server_active))`, "no such label",
		},
		"unknown value of code": {
			`rate(nginxplus_server_zone_responses{code="5xx"}[5m])`, `rate(nginxplus_server_zone_responses{code="500"}[5m])`, "never 500",
		},
		"unknown value of code of nginx-module-vts": {
			`rate(nginx_vts_server_requests_total{code="5xx"}[5m])`, `rate(nginx_vts_server_requests_total{code="500"}[5m])`, "never 500",
		},
		"unknown value of code by pattern": {
			`rate(nginx_http_responses_total{code=~"5.."}[5m])`, `rate(nginx_http_responses_total{code=~"5xx"}[5m])`, "never 5xx",
		},
		"unknown value of state": {
			`nginxplus_upstream_servers{state=~"unavail|unhealthy"}`, `nginxplus_upstream_servers{state=~"unavailable|unhealthy"}`,
			"never unavailable",
		},
		"unknown value of status of Angie": {
			`rate(angie_http_limit_reqs{status=~"rejected|exhausted"}[5m])`, `rate(angie_http_limit_reqs{status=~"rejected|dropped"}[5m])`, "never dropped",
		},
		"unknown value of state of Angie": {
			`angie_http_upstreams_peers{state="unavailable"}`, `angie_http_upstreams_peers{state="unavail"}`, "never unavail",
		},
		"unknown value of reason": {
			`rate(nginx_exporter_series_dropped_total{reason="limit"}[5m])`, `rate(nginx_exporter_series_dropped_total{reason="limits"}[5m])`,
			"never limits",
		},
		"unknown value of source": {
			`nginx_exporter_source_success{source="http_upstreams"}`, `nginx_exporter_source_success{source="/http/upstreams"}`,
			"never /http/upstreams",
		},
		"unknown bucket": {
			`rate(nginx_http_request_duration_seconds_bucket{le="0.5"}[5m])`, `rate(nginx_http_request_duration_seconds_bucket{le="0.3"}[5m])`,
			"never 0.3",
		},
		"rate of a gauge": {
			`avg_over_time(nginx_connections_active[5m])`, `rate(nginx_connections_active[5m])`, "not a counter",
		},
		"rate of a sum": {
			`sum(rate(nginx_http_requests_total[5m]))`, `rate(sum(nginx_http_requests_total)[5m:1m])`, "is a counter",
		},
		"counter without rate": {
			`rate(nginx_connections_accepted[5m])`, `nginx_connections_accepted`, "is a counter",
		},
		"average of a counter": {
			`increase(nginx_connections_accepted[5m])`, `avg_over_time(nginx_connections_accepted[5m])`, "is a counter",
		},
		"rate of several metrics": {
			`count({__name__=~"nginx(plus)?_http_requests_total"})`, `rate({__name__=~"nginx(plus)?_http_requests_total"}[5m])`, "two metrics",
		},
		"quantile without le": {
			`histogram_quantile(0.9, sum by (le) (rate(nginx_http_request_duration_seconds_bucket[5m])))`,
			`histogram_quantile(0.9, sum by (server) (rate(nginx_http_request_duration_seconds_bucket[5m])))`, "needs the label le",
		},
		"label that a recording rule has lost": {
			`namespace_job:nginx_http_requests:rate5m{job="a"}`, `namespace_job:nginx_http_requests:rate5m{pod="a"}`, "no label pod",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := checkExpr(all, c.right); len(problems) > 0 {
				t.Errorf("%s: %s", c.right, problems)
			}
			_, problems := checkExpr(all, c.wrong)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("%s: %q, want %q", c.wrong, problems, c.want)
			}
		})
	}
}

// TestMistakesOfRules does so for what is checked beyond the expression.
func TestMistakesOfRules(t *testing.T) {
	all := metrics(t)
	for expr, right := range map[string]bool{
		`nginx_up{job!=""} == 0`: true,
		`nginx_up == 0`:          false,
		`nginx_up{pod=""} == 0`:  false,
		`nginx_up{job!=""} == 0 and on (instance) nginx_server_info`:                                   false,
		`sum by (le) (rate(nginx_http_request_duration_seconds_bucket[5m]))`:                           false,
		`kube_pod_container_status_ready{namespace!="",container="nginx-exporter"} unless up{job!=""}`: true,
	} {
		if problem := unselected(all, expr); (problem == "") != right {
			t.Errorf("%s: %q", expr, problem)
		}
	}
	for expr, right := range map[string]bool{
		`rate(nginx_http_requests_total[$__rate_interval])`:              true,
		`sum(rate(nginx_http_requests_total[5m]))`:                       false,
		`rate(nginx_http_requests_total[$__interval])`:                   false,
		`topk(10, max_over_time(nginx_up[$__range]))`:                    true,
		`max_over_time(sum(rate(nginx_http_requests_total[5m]))[1h:1m])`: false,
		`nginx_up`: true,
		`rate(nginx_http_responses_total{code!~"[2-5].."}[$__rate_interval])`: true,
	} {
		if problems := dashboardRanges(expr); (len(problems) == 0) != right {
			t.Errorf("%s: %q", expr, problems)
		}
	}
	for text, right := range map[string]bool{
		"{{ $labels.instance }}": true, "{{instance}}": true, "{{ with $labels.addr }}{{ . }}{{ end }}": true, "{{ $value }}": true,
		"{{ $labels.host }}": false, "{{host}}": false,
	} {
		found, _ := checkExpr(all, `nginx_up == 0`)
		for _, label := range labelUse.FindAllStringSubmatch(text, -1) {
			if slices.Contains(found, label[1]) != right {
				t.Errorf("%s: label %s", text, label[1])
			}
		}
	}
	for text, want := range map[string]int{
		"`rate(nginx_http_requests_total[5m])`": 1,
		"`nginx_up == 0`":                       1,
		"`nginx_up`":                            0,
		"`nginx_up` is 0":                       0,
		"```promql\nsum(\n  rate(nginx_http_requests_total[5m])\n)\n```\n":   1,
		"```\nsum(nginx_up)\ncount(nginx_up)\n```\n":                         2,
		"```sh root\npromtool query instant URL 'sum(nginx_up)'\n```\n":      1,
		"```\nnginx_up 1\nnginx_http_responses_total{code=\"200\"} 5\n```\n": 0,
	} {
		if found := docExpressions(text); len(found) != want {
			t.Errorf("%s: %q", text, found)
		}
	}
	text := `{{ with printf "topk(1, nginx_up{job=%q} == 0)" $labels.job | query }}: {{ . | first | label "reason" }}{{ end }}`
	if query := templateQuery.FindStringSubmatch(text); len(query) != 3 || query[1] != "topk(1, nginx_up{job=%q} == 0)" || query[2] != "reason" {
		t.Errorf("%s: %q", text, query)
	}
}
