package promql

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestRules checks the expressions of the rules of the chart, and the labels in their annotations.
func TestRules(t *testing.T) {
	all := metrics(t)
	for _, f := range ruleFiles(t) {
		for _, r := range f.rules() {
			t.Run(r.Alert+r.Record, func(t *testing.T) {
				report(t, all, f.path, r.Expr, templates(r))
				if problem := unselected(all, r.Expr); problem != "" {
					t.Error(problem)
				}
			})
		}
	}
}

// templates returns the annotations of an alert, without links.
func templates(r rule) string { return r.Annotations["summary"] + r.Annotations["description"] }

var selectorName = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{`)

// unselected reports metrics without job!="" or namespace!="", which the chart and the mixin replace.
func unselected(all map[string]metric, expr string) string {
	stripped := selectorName.ReplaceAllString(expr, "{")
	for name := range all {
		if regexp.MustCompile(`(^|[^a-zA-Z0-9_:])` + name + `($|[^a-zA-Z0-9_:"])`).MatchString(stripped) {
			return name + ` is not selected by job!="" or namespace!=""`
		}
	}
	if strings.Count(expr, "{") != strings.Count(expr, `job!=""`)+strings.Count(expr, `{namespace!=""`) {
		return `a metric is not selected by job!="" or namespace!=""`
	}
	return ""
}

// report checks one expression, and the labels that a text uses, as {{ $labels.x }} or {{x}}.
func report(t *testing.T, all map[string]metric, where, expr, text string) {
	t.Helper()
	found, problems := checkExpr(all, expr)
	for _, label := range labelUse.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(found, label[1]) {
			problems = append(problems, "the result has no label "+label[1]+", which a text uses")
		}
	}
	// Queries in annotations.
	for _, query := range templateQuery.FindAllStringSubmatch(text, -1) {
		inner, more := checkExpr(all, strings.ReplaceAll(query[1], "%q", `""`))
		if !slices.Contains(inner, query[2]) {
			more = append(more, "the query has no label "+query[2])
		}
		problems = append(problems, more...)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s\n\t%s", where, problem, expr)
	}
}

var templateQuery = regexp.MustCompile(`printf "([^"]*)"[^}]*\| query \}\}.*?\| label "([a-z_]+)"`)

// labelUse matches labels in annotations and legends.
var labelUse = regexp.MustCompile(`(?:\$labels\.|\{\{)([a-z_]+)\b`)

// TestDashboards checks all expressions, legends and variables in JSON files of dashboards.
func TestDashboards(t *testing.T) {
	all := metrics(t)
	paths, _ := filepath.Glob(filepath.Join(root, "charts/nginx-exporter/dashboards/*.json"))
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var board any
			if err := json.Unmarshal([]byte(read(t, strings.TrimPrefix(path, root+"/"))), &board); err != nil {
				t.Fatal(err)
			}
			walk(board, func(object map[string]any) { dashboardObject(t, all, object) })
		})
	}
}

// walk calls a function for each object in a JSON document.
func walk(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, member := range value {
			walk(member, visit)
		}
	case []any:
		for _, member := range value {
			walk(member, visit)
		}
	}
}

var (
	labelValuesCall = regexp.MustCompile(`^label_values\((.*), *([a-z_]+)\)$`)
	queryResultCall = regexp.MustCompile(`^query_result\((.*)\)$`)
	quotedText      = regexp.MustCompile(`"[^"]*"`)
	ranges          = regexp.MustCompile(`\[([^\]:]*)\]`)
)

// dashboardObject checks one object of a dashboard, if it has an expression.
func dashboardObject(t *testing.T, all map[string]metric, object map[string]any) {
	t.Helper()
	if expr, ok := object["expr"].(string); ok {
		legend, _ := object["legendFormat"].(string)
		report(t, all, "expr", grafana(expr), legend)
		for _, problem := range dashboardRanges(expr) {
			t.Errorf("%s\n\t%s", problem, expr)
		}
	}
	query, ok := object["query"].(string)
	if nested, isObject := object["query"].(map[string]any); isObject {
		query, ok = nested["query"].(string)
	}
	if !ok {
		return
	}
	if call := labelValuesCall.FindStringSubmatch(query); call != nil {
		// The series of a variable matter, not their values.
		report(t, all, "variable", "group by ("+call[2]+") ("+grafana(call[1])+")", "")
	}
	if call := queryResultCall.FindStringSubmatch(query); call != nil {
		report(t, all, "variable", grafana(call[1]), "")
	}
}

// dashboardRanges reports ranges other than Grafana's, which follow the scrape interval and the time range of the dashboard.
func dashboardRanges(expr string) []string {
	var problems []string
	for _, r := range ranges.FindAllStringSubmatch(quotedText.ReplaceAllString(expr, `""`), -1) {
		if r[1] != "$__rate_interval" && r[1] != "$__range" {
			problems = append(problems, "the range ["+r[1]+"] is not $__rate_interval")
		}
	}
	return problems
}

var variable = regexp.MustCompile(`\$\{?\w+(:\w+)?\}?`)

// grafana replaces the variables of Grafana: .+ in strings, numbers elsewhere.
func grafana(expr string) string {
	expr = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$__interval", "1m").Replace(expr)
	parts := strings.Split(expr, `"`)
	for i := range parts {
		with := "5"
		if i%2 == 1 {
			with = ".+"
		}
		parts[i] = variable.ReplaceAllLiteralString(parts[i], with)
	}
	return strings.Join(parts, `"`)
}

// TestExamples checks the rules in the values of examples.
func TestExamples(t *testing.T) {
	for _, path := range glob(t, "examples/kubernetes/*/values.yaml") {
		var values struct {
			PrometheusRule struct {
				ExtraGroups []struct {
					Rules []rule `json:"rules"`
				} `json:"extraGroups"`
			} `json:"prometheusRule"`
		}
		if err := yaml.Unmarshal([]byte(read(t, path)), &values); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all := metrics(t)
		for _, group := range values.PrometheusRule.ExtraGroups {
			for _, r := range group.Rules {
				report(t, all, path, r.Expr, templates(r))
				if r.Record != "" {
					found, _ := checkExpr(all, r.Expr)
					all[r.Record] = metric{labels: found, recorded: true}
				}
			}
		}
	}
}

var (
	fence      = regexp.MustCompile("(?ms)^```([a-z]*)[^\n]*\n(.*?)^```")
	inlineCode = regexp.MustCompile("`([^`\n]+)`")
	// An expression has a function, a selector or a comparison; a sample or a name alone is none.
	looksLikeExpr = regexp.MustCompile(`\b(rate|increase|sum|count|avg|max|min|topk|changes|resets|absent|histogram_quantile|label_values)( by \([^)]*\))? ?\(|` +
		`\b(nginx|nginxplus|kube|keda)_[a-z_]+(\{[^}]*\})? *(==|!=|[<>]=?|-|/)`)
)

// docExpressions returns the expressions in code of a Markdown file: inline, blocks of PromQL, and lines of other blocks.
func docExpressions(text string) []string {
	var found []string
	add := func(code string) {
		if quoted := quotedExpr.FindStringSubmatch(code); quoted != nil {
			code = quoted[1]
		}
		if looksLikeExpr.MatchString(code) && regexp.MustCompile(`\b(nginx|nginxplus|kube|keda)_`).MatchString(code) {
			found = append(found, code)
		}
	}
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		if block[1] == "promql" {
			add(block[2])
			continue
		}
		for line := range strings.SplitSeq(block[2], "\n") {
			if !shellLine.MatchString(line) || strings.HasPrefix(line, "promtool query") {
				add(strings.TrimSpace(line))
			}
		}
	}
	for _, code := range inlineCode.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		add(strings.ReplaceAll(code[1], `\|`, "|"))
	}
	return found
}

// quotedExpr matches an argument or a variable of the shell.
var quotedExpr = regexp.MustCompile(`[= ]'([^']*)'`)

// shellLine matches lines of shell, YAML and output.
var shellLine = regexp.MustCompile(`\||^ *(- )?[a-zA-Z_]+:( |$)|^\$ |curl|kubectl|helm|^ *#|✓|✗|├|└`)

// TestDocs checks the expressions in the docs.
func TestDocs(t *testing.T) {
	all := metrics(t)
	checked := 0
	for _, pattern := range []string{"README.md", "docs/*.md", "charts/nginx-exporter/README.md", "examples/*/README.md", "examples/kubernetes/*/README.md"} {
		for _, path := range glob(t, pattern) {
			for _, expr := range docExpressions(read(t, path)) {
				report(t, all, path, grafana(expr), "")
				checked++
			}
		}
	}
	if checked < 10 {
		t.Errorf("the docs have %d expressions", checked)
	}
}
