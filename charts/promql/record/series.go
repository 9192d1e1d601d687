package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// recording is the series of one exporter: values by series, one for each scrape, _ if there is none.
type recording struct {
	job    string
	url    string
	names  map[string]bool
	series map[string][]string
}

// ruleMetrics returns the metrics that rules select by name.
func ruleMetrics(pattern string) (map[string]bool, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	names := map[string]bool{}
	for _, path := range paths {
		expressions, err := ruleExpressions(path)
		if err != nil {
			return nil, err
		}
		for _, text := range expressions {
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			for _, matchers := range parser.ExtractSelectors(expr) {
				names[metricName(matchers)] = true
			}
		}
	}
	return names, nil
}

func ruleExpressions(path string) ([]string, error) {
	data, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Expr string `json:"expr"`
			} `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var all []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			all = append(all, rule.Expr)
		}
	}
	return all, nil
}

func metricName(matchers []*labels.Matcher) string {
	for _, matcher := range matchers {
		if matcher.Name == "__name__" && matcher.Type == labels.MatchEqual {
			return matcher.Value
		}
	}
	return ""
}

// scrape adds the values of scrape number i.
func (r *recording) scrape(ctx context.Context, i int) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := get(ctx, r.url)
	up := "1"
	if err != nil {
		up = "0"
	}
	r.add("up{"+r.target("")+"}", i, up)
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), " ")
		name, rest, labelled := strings.Cut(series, "{")
		if !ok || !r.names[name] {
			continue
		}
		if labelled {
			// The separator of labels may be in a value: the last brace ends them.
			end := strings.LastIndex(lines.Text(), "}")
			rest, value = lines.Text()[len(name)+1:end], strings.TrimSpace(lines.Text()[end+1:])
		}
		r.add(name+"{"+r.target(rest)+"}", i, value)
	}
	for series, values := range r.series {
		if len(values) == i {
			r.series[series] = append(values, "_")
		}
	}
}

// target adds the labels that Prometheus sets.
func (r *recording) target(own string) string {
	target := fmt.Sprintf(`namespace="shop",job="shop/%s",pod="%s-0",instance="10.0.0.1:9113"`, r.job, r.job)
	if own == "" {
		return target
	}
	return own + "," + target
}

func (r *recording) add(series string, i int, value string) {
	values := r.series[series]
	for len(values) < i {
		values = append(values, "_")
	}
	// Durations below a hundredth of a second are 0, which keeps the file small.
	if number, err := strconv.ParseFloat(value, 64); err == nil {
		value = strconv.FormatFloat(math.Round(number*100)/100, 'f', -1, 64)
	}
	r.series[series] = append(values, value)
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("GET: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}

// expected is what the test expects: data for the rules, and no alert.
const expected = `    promql_expr_test:
      # The rules have data: requests, and responses of each kind of zone.
      - expr: count by (job) (namespace_job:nginx_http_requests:rate5m > 1)
        eval_time: 1h
        exp_samples: [{labels: '{job="shop/web"}', value: 1}, {labels: '{job="shop/plus"}', value: 1}, {labels: '{job="shop/vts"}', value: 1}]
      - expr: count(namespace_job_server:nginx_http_responses:rate5m > 1)
        eval_time: 1h
        exp_samples: [{labels: '{}', value: 1}]
      - expr: count(namespace_job_server_zone:nginxplus_server_zone_responses:rate5m > 0.1)
        eval_time: 1h
        exp_samples: [{labels: '{}', value: 2}]
      - expr: count(namespace_job_host:nginx_vts_server_requests:rate5m > 1)
        eval_time: 1h
        exp_samples: [{labels: '{}', value: 3}]
      - expr: count(namespace_job_zone:angie_http_server_zones_responses:rate5m > 1)
        eval_time: 1h
        exp_samples: [{labels: '{}', value: 3}]
      # Servers and exporters were restarted once, and some responses were errors.
      - expr: count(resets(nginx_http_requests_total[4h]) == 1 or resets(nginxplus_http_requests_total[4h]) == 1)
        eval_time: 4h
        exp_samples: [{labels: '{}', value: 3}]
      - expr: count(changes(process_start_time_seconds[4h]) == 1)
        eval_time: 4h
        exp_samples: [{labels: '{}', value: 4}]
      - expr: count by (code) (increase(nginx_http_responses_total{code=~"404|500"}[4h]) > 1)
        eval_time: 4h
        exp_samples: [{labels: '{code="404"}', value: 1}, {labels: '{code="500"}', value: 1}]
      # ALERTS of all four hours, pending ones included only if they last.
      - expr: count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[4h]))
        eval_time: 4h
        exp_samples: []
`

// writeTest writes the test of promtool.
func writeTest(w io.Writer, runs []*recording, every time.Duration) {
	stretch := ", in real time"
	if every < time.Minute {
		stretch = fmt.Sprintf(`:
# a scrape each %s counts as one a minute, so rates are those measured divided by %.3g, and durations are as measured`, every, float64(time.Minute)/float64(every))
	}
	fmt.Fprintf(w, `# No alert fires in four hours of a normal run, recorded by "go -C charts/promql run ./record -every %s"%s.
# Recorded are the exporters on nginx with varying load, an upstream and an access log, and on stand-ins of NGINX Plus,
# nginx-module-vts and Angie (internal/standin). nginx and the exporters reload their configuration after an hour; all servers are
# restarted after two, the exporters after three. Only the series of kube-state-metrics are written by hand.
`, every, stretch)
	fmt.Fprint(w, `rule_files:
`)
	paths, _ := filepath.Glob("../nginx-exporter/rules/*.yaml")
	for _, path := range paths {
		fmt.Fprintln(w, "  - "+path)
	}
	fmt.Fprint(w, `evaluation_interval: 1m
tests:
  - name: four quiet hours
    interval: 1m
    input_series:
      # By hand: a healthy HPA, and a pod with the exporter, as kube-state-metrics has them.
      - {series: 'kube_horizontalpodautoscaler_status_condition{namespace="shop",horizontalpodautoscaler="web",condition="ScalingActive",status="false"}', values: 0x240}
      - {series: 'kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="web"}', values: 2x240}
      - {series: 'kube_pod_init_container_status_ready{namespace="shop",pod="web-0",container="nginx-exporter"}', values: 1x240}
`)
	for _, r := range runs {
		fmt.Fprintf(w, "      # Job %s.\n", r.job)
		for _, series := range slices.Sorted(maps.Keys(r.series)) {
			fmt.Fprintf(w, "      - series: %s\n        values: %s\n", series, encode(r.series[series]))
		}
	}
	fmt.Fprint(w, expected)
}

// encode writes values in the notation of promtool: v, vxN for repeated values and v+dxN for steps.
func encode(values []string) string {
	var parts []string
	for i := 0; i < len(values); {
		step, n := steady(values[i:])
		switch {
		case n == 0:
			parts = append(parts, values[i])
		case values[i] == "_":
			parts = append(parts, fmt.Sprintf("_x%d", n+1))
		case step == 0:
			parts = append(parts, fmt.Sprintf("%sx%d", values[i], n))
		default:
			parts = append(parts, fmt.Sprintf("%s%+dx%d", values[i], step, n))
		}
		i += n + 1
	}
	return strings.Join(parts, " ")
}

// steady returns the step between the first values, and how many steps of that size follow.
func steady(values []string) (step int64, n int) {
	for n+1 < len(values) && values[n+1] == values[0] {
		n++
	}
	if n > 0 {
		return 0, n
	}
	numbers := make([]int64, 0, len(values))
	for _, value := range values {
		number, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			break
		}
		numbers = append(numbers, number)
	}
	if len(numbers) < 3 {
		return 0, 0
	}
	step = numbers[1] - numbers[0]
	for n+1 < len(numbers) && numbers[n+1]-numbers[n] == step {
		n++
	}
	if n < 2 {
		return 0, 0
	}
	return step, n
}
