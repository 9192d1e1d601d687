package cluster

import (
	"errors"
	"testing"
	"time"
)

const chartRule = `
rules:
  - seriesQuery: 'nginx_http_requests_total{namespace!="",pod!=""}'
    resources:
      overrides:
        namespace: {resource: namespace}
        pod: {resource: pod}
    name:
      matches: "^nginx_http_requests_total$"
      as: "nginx_http_requests_per_second"
    metricsQuery: 'sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(<<.Series>>{<<.LabelMatchers>>}[20s])))'
`

// The expected queries are those of prometheus-adapter 0.12.
func TestRuleQuery(t *testing.T) {
	tests := []struct {
		name, rules, plural string
		objects             []string
		want                string
	}{
		{
			"two pods", chartRule, "pods",
			[]string{"web-a", "web-b"},
			`sum by (pod) (max by (pod, addr) (rate(nginx_http_requests_total{namespace="shop",pod=~"web-a|web-b"}[20s])))`,
		},
		{
			"one pod", chartRule, "pods",
			[]string{"web-a"},
			`sum by (pod) (max by (pod, addr) (rate(nginx_http_requests_total{namespace="shop",pod="web-a"}[20s])))`,
		},
		{
			"template and single values", `
rules:
  - seriesQuery: x
    resources: {template: "kube_<<.Resource>>"}
    metricsQuery: '<<.Series>>{pod=~"<<index .LabelValuesByName "kube_pod">>",space="<<.LabelValuesByName.kube_namespace>>"} by <<.GroupBySlice>>'
`, "pods",
			[]string{"a", "b"},
			`nginx_http_requests_total{pod=~"a|b",space="shop"} by [kube_pod]`,
		},
		{
			"an object", `
rules:
  - resources: {overrides: {ns: {resource: Namespace}, svc: {resource: services}}}
    metricsQuery: '<<.Series>>{<<.LabelMatchers>>}'
`, "services",
			[]string{"web"},
			`nginx_http_requests_total{ns="shop",svc="web"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := ParseRules(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rules[0].query("nginx_http_requests_total", tt.plural, "shop", tt.objects, nil)
			if err != nil || got != tt.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestRuleWithoutQuery(t *testing.T) {
	tests := []struct{ name, rules, want string }{
		{"no namespace", `rules: [{resources: {overrides: {pod: {resource: pod}}}, metricsQuery: x}]`, "namespaces: the rule has no label for it"},
		{"no pod", `rules: [{resources: {overrides: {namespace: {resource: namespace}}}, metricsQuery: x}]`, "pods: the rule has no label for it"},
		{
			"an unknown field", `rules: [{resources: {template: "<<.Resource>>"}, metricsQuery: "<<.Serie>>"}]`,
			`template: rule:1:2: executing "rule" at <.Serie>: can't evaluate field Serie in type cluster.arguments`,
		},
		{"nothing", `rules: [{resources: {template: "<<.Resource>>"}, metricsQuery: ""}]`, "the template gives an empty query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := ParseRules(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			query, err := rules[0].query("s", "pods", "shop", []string{"a"}, nil)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %q, %v; want %s", query, err, tt.want)
			}
		})
	}
	for _, text := range []string{"rules: [", "rules: []", "", "rules: {}"} {
		if _, err := ParseRules(text); err == nil {
			t.Errorf("%q has rules", text)
		}
	}
}

func TestRuleNames(t *testing.T) {
	tests := []struct {
		matches, as, series string
		filter              seriesFilter
		takes               bool
		want                string
	}{
		{"^(.*)_total$", "", "nginx_http_requests_total", seriesFilter{}, true, "nginx_http_requests"},
		{"^(.*)_total$", "${1}_per_second", "nginx_http_requests_total", seriesFilter{}, true, "nginx_http_requests_per_second"},
		{"", "", "nginx_http_requests_total", seriesFilter{}, true, "nginx_http_requests_total"},
		{"", "web", "nginx_http_requests_total", seriesFilter{}, true, "web"},
		{"^nginx_http_requests_total$", "", "nginx_connections_active", seriesFilter{}, false, ""},
		{"", "", "nginx_http_requests_total", seriesFilter{IsNot: "_total$"}, false, "nginx_http_requests_total"},
		{"", "", "nginx_http_requests_total", seriesFilter{Is: "_total$"}, true, "nginx_http_requests_total"},
		{"(", "", "nginx_http_requests_total", seriesFilter{}, false, ""},
	}
	for _, tt := range tests {
		var r Rule
		r.Name.Matches, r.Name.As = tt.matches, tt.as
		r.SeriesFilters = []seriesFilter{tt.filter}
		if got := r.matches(tt.series); got != tt.takes {
			t.Errorf("%+v takes %s: %t", tt, tt.series, got)
		}
		if got := r.metric(tt.series); got != tt.want {
			t.Errorf("%+v names %s %q", tt, tt.series, got)
		}
	}
}

func TestRuleLabelIsMissing(t *testing.T) {
	var r Rule
	if _, err := r.Label("pods"); !errors.Is(err, errNoLabel) {
		t.Error(err)
	}
}

func TestWindow(t *testing.T) {
	for query, want := range map[string]time.Duration{
		"rate(x[1m])": time.Minute,
		"sum(rate(x[20s])) / sum(rate(y[1m30s]))": 90 * time.Second,
		"max_over_time(rate(x[15s])[5m:10s])":     5 * time.Minute,
		"x":                                       0,
		"x[abc]":                                  0,
	} {
		if got := Window(query); got != want {
			t.Errorf("%s looks back %v; want %v", query, got, want)
		}
	}
}

func TestWithoutLabels(t *testing.T) {
	for query, want := range map[string]string{
		`nginx_http_requests_total{a!="",b="c"}`: "nginx_http_requests_total",
		`{__name__=~"^nginx_.*",pod!=""}`:        `{__name__=~"^nginx_.*"}`,
		`{pod!="",__name__="nginx_up"}`:          `{__name__="nginx_up"}`,
		`nginx_up`:                               "nginx_up",
	} {
		if got := withoutLabels(query); got != want {
			t.Errorf("%s is %s; want %s", query, got, want)
		}
	}
}

// A rule that selects everything is evaluated only for series of nginx.
func TestRuleOfEverything(t *testing.T) {
	for query, want := range map[string]string{
		`{namespace!="",__name__!~"^container_.*"}`: `{__name__=~"nginx(plus)?_(http_requests|connections)_.+",namespace!="",__name__!~"^container_.*"}`,
		`nginx_http_requests_total{pod!=""}`:        `nginx_http_requests_total{pod!=""} and ` + NginxSeries,
		`{namespace!=,`:                             `{namespace!=, and ` + NginxSeries,
	} {
		if got := (&Rule{SeriesQuery: query}).nginxQuery(); got != want {
			t.Errorf("%s is queried as %s", query, got)
		}
	}
}
