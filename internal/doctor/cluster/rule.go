package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"
)

// Rule is a rule of prometheus-adapter: it selects series, maps their labels to
// resources, names a metric, and has a template for the query of its values. See
// https://github.com/kubernetes-sigs/prometheus-adapter/blob/master/docs/config.md.
type Rule struct {
	SeriesQuery   string         `yaml:"seriesQuery"`
	SeriesFilters []seriesFilter `yaml:"seriesFilters"`
	Resources     struct {
		Template  string              `yaml:"template"`
		Overrides map[string]resource `yaml:"overrides"`
	} `yaml:"resources"`
	Name struct {
		Matches string `yaml:"matches"`
		As      string `yaml:"as"`
	} `yaml:"name"`
	MetricsQuery string `yaml:"metricsQuery"`
}

type seriesFilter struct {
	Is    string `yaml:"is"`
	IsNot string `yaml:"isNot"`
}

type resource struct {
	Group    string `yaml:"group"`
	Resource string `yaml:"resource"`
}

// Delimiters of the adapter's templates.
const opening, closing = "<<", ">>"

// nginxQuery is the seriesQuery, restricted to series of nginx: that of a default rule
// selects all series of the cluster, which Prometheus may refuse.
func (r *Rule) nginxQuery() string {
	q := strings.TrimSpace(r.SeriesQuery)
	if rest, found := strings.CutPrefix(q, "{"); found && strings.HasSuffix(q, "}") {
		return strings.TrimSuffix(NginxSeries, "}") + "," + rest
	}
	return r.SeriesQuery + " and " + NginxSeries
}

// matches reports whether the rule applies to series of a name.
func (r *Rule) matches(series string) bool {
	for _, f := range append(slices.Clone(r.SeriesFilters), seriesFilter{Is: r.Name.Matches}) {
		is, errIs := regexp.MatchString(f.Is, series)
		isNot, errNot := regexp.MatchString(f.IsNot, series)
		if errIs != nil || errNot != nil || f.Is != "" && !is || f.IsNot != "" && isNot {
			return false
		}
	}
	return true
}

// metric is the name of the metric that the rule makes of a series; empty for none.
func (r *Rule) metric(series string) string {
	matches := r.Name.Matches
	if matches == "" {
		matches = ".*"
	}
	pattern, err := regexp.Compile(matches)
	if err != nil {
		return ""
	}
	as := r.Name.As
	if as == "" {
		as = "$0"
		if pattern.NumSubexp() == 1 {
			as = "$1"
		}
	}
	found := pattern.FindStringSubmatchIndex(series)
	if found == nil {
		return ""
	}
	return string(pattern.ExpandString(nil, as, series, found))
}

// errNoLabel means that the rule maps no label to a resource.
var errNoLabel = errors.New("the rule has no label for it")

// Label is the label of a resource, such as pods or namespaces.
func (r *Rule) Label(plural string) (string, error) {
	plural, group, _ := strings.Cut(plural, ".")
	singular := strings.TrimSuffix(plural, "s")
	if rest, found := strings.CutSuffix(plural, "ies"); found {
		singular = rest + "y"
	} else if rest, found := strings.CutSuffix(plural, "ses"); found && strings.HasSuffix(rest, "s") {
		singular = rest + "s"
	}
	for label, to := range r.Resources.Overrides {
		if name := strings.ToLower(to.Resource); (name == plural || name == singular) && (to.Group == group || group == "" || to.Group == "") {
			return label, nil
		}
	}
	if r.Resources.Template == "" {
		return "", fmt.Errorf("%s: %w", plural, errNoLabel)
	}
	return r.execute(r.Resources.Template, resource{Group: group, Resource: singular})
}

func (r *Rule) execute(text string, with any) (string, error) {
	t, err := template.New("rule").Delims(opening, closing).Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, with)
	return out.String(), err
}

// arguments are the fields that the template of a query may use.
type arguments struct {
	Series            string
	LabelMatchers     string
	LabelValuesByName map[string]string
	GroupBy           string
	GroupBySlice      []string
}

// query is the query that the adapter sends to Prometheus for objects of a namespace.
func (r *Rule) query(series, plural, namespace string, objects []string, extra []Requirement) (string, error) {
	namespaceLabel, err := r.Label("namespaces")
	if err != nil {
		return "", err
	}
	label, err := r.Label(plural)
	if err != nil {
		return "", err
	}
	values := map[string]string{}
	var matchers []string
	add := func(name, operator string, all ...string) {
		value := strings.Join(all, "|")
		matchers = append(matchers, fmt.Sprintf("%s%s%q", name, operator, value))
		values[name] = value
	}
	for _, e := range extra {
		operator := map[string]string{"In": "=~", "NotIn": "!~", "Exists": "!=", "DoesNotExist": "="}[e.Operator]
		add(e.Key, operator, e.Values...)
	}
	add(namespaceLabel, "=", namespace)
	operator := "="
	if len(objects) > 1 {
		operator = "=~"
	}
	add(label, operator, objects...)
	text, err := r.execute(r.MetricsQuery, arguments{series, strings.Join(matchers, ","), values, label, []string{label}})
	if err == nil && text == "" {
		err = errors.New("the template gives an empty query")
	}
	return text, err
}

// Window is the longest range of a query, such as that of rate(x[1m]); 0 if it has none.
func Window(query string) time.Duration {
	var longest time.Duration
	for _, m := range regexp.MustCompile(`\[([0-9a-z]+)(?::[0-9a-z]*)?\]`).FindAllStringSubmatch(query, -1) {
		longest = max(longest, parseDuration(m[1]))
	}
	return longest
}

// withoutLabels removes all matchers from a series selector except that of the name.
func withoutLabels(query string) string {
	name, _, found := strings.Cut(query, "{")
	if !found {
		return query
	}
	if m := regexp.MustCompile(`__name__\s*(=~?)\s*("[^"]*"|'[^']*')`).FindString(query); m != "" {
		return "{" + m + "}"
	}
	return strings.TrimSpace(name)
}

// RuleResult is the result of a rule of the adapter for the series of nginx.
type RuleResult struct {
	Rule    *Rule
	Err     error    // of Prometheus for the seriesQuery
	Series  []Sample // selected by the seriesQuery
	Names   []string // of the metrics that the rule makes
	Counter string   // the metric that it makes of the request counter
	Mapped  bool     // some series have the labels of the namespace and the resource
}

// MaxRules bounds how many rules are evaluated: each takes a query.
const MaxRules = 40

// readRuleResults evaluates the rules as the adapter does.
func (o *Observation) readRuleResults() ([]RuleResult, error) {
	a := o.Adapter.Value()
	if o.Prometheus() == nil || len(a.Rules) == 0 {
		return nil, a.RulesErr
	}
	var all []RuleResult
	for i := range a.Rules {
		// Of too many, only those that may select nginx are evaluated.
		r := &a.Rules[i]
		if len(a.Rules) > MaxRules && !strings.Contains(r.SeriesQuery, "nginx") && !strings.HasPrefix(r.SeriesQuery, "{") {
			continue
		}
		if len(all) < MaxRules {
			all = append(all, o.ruleResult(r))
		}
	}
	return all, nil
}

func (o *Observation) ruleResult(r *Rule) RuleResult {
	t := RuleResult{Rule: r}
	t.Series, t.Err = o.Prometheus().Query(r.nginxQuery())
	// A selector without a name may also select the metric up.
	t.Series = slices.DeleteFunc(t.Series, func(s Sample) bool { return !strings.HasPrefix(s.Labels["__name__"], "nginx") })
	m := o.Metric()
	namespaceLabel, err := r.Label("namespaces")
	label, err2 := r.Label(m.Resource())
	for _, s := range t.Series {
		series := s.Labels["__name__"]
		if !r.matches(series) {
			continue
		}
		name := r.metric(series)
		if !slices.Contains(t.Names, name) {
			t.Names = append(t.Names, name)
		}
		if strings.HasSuffix(series, "_http_requests_total") {
			t.Counter = name
		}
		_, hasNamespace := s.Labels[namespaceLabel]
		_, hasLabel := s.Labels[label]
		t.Mapped = t.Mapped || err == nil && err2 == nil && hasNamespace && hasLabel
	}
	return t
}

// Makes reports whether the rule makes a metric.
func (t *RuleResult) Makes(metric string) bool { return slices.Contains(t.Names, metric) }

// SelectsWithoutLabels reports whether the seriesQuery of a rule would select series
// without its label matchers.
func (o *Observation) SelectsWithoutLabels(r *Rule) (bool, error) {
	samples, err := o.Prometheus().Query("count(" + withoutLabels(r.SeriesQuery) + ")")
	return len(samples) > 0, err
}

// AdapterQuery returns the rule that makes the HPA's metric, and the query that the
// adapter sends to Prometheus for the pods. The rule is nil if none makes the metric; the
// query is empty without a rule or with an error.
func (o *Observation) AdapterQuery() (*Rule, string, error) {
	var rule *Rule
	series := ""
	m := o.Metric()
	for _, t := range o.RuleResults.Value() {
		if !t.Makes(m.Name) {
			continue
		}
		rule = t.Rule
		for _, s := range t.Series {
			if rule.metric(s.Labels["__name__"]) == m.Name {
				series = s.Labels["__name__"]
			}
		}
	}
	if rule == nil {
		return nil, "", nil
	}
	objects := PodNames(o.QueriedPods())
	if m.Type == ObjectMetric {
		objects = []string{m.Object.Name}
	}
	query, err := rule.query(series, m.Resource(), o.Namespace.Value(), objects, m.Selector.Requirements())
	if err != nil {
		query = ""
	}
	return rule, query, err
}

// MetricOf is the name of the metric that the rule makes of a series, by the names in its
// seriesQuery alone; empty for none.
func (r *Rule) MetricOf(series string) string {
	name, matchers, _ := strings.Cut(strings.TrimSpace(r.SeriesQuery), "{")
	if name != "" && name != series || !r.matches(series) {
		return ""
	}
	for _, m := range regexp.MustCompile(`__name__\s*(=~|!~|!=|=)\s*["']([^"']*)["']`).FindAllStringSubmatch(matchers, -1) {
		pattern := regexp.QuoteMeta(m[2])
		if strings.HasSuffix(m[1], "~") {
			pattern = m[2]
		}
		matched, err := regexp.MatchString("^(?:"+pattern+")$", series)
		if err != nil || matched == strings.HasPrefix(m[1], "!") {
			return ""
		}
	}
	return r.metric(series)
}
