package hpa

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"
)

// rule is one of prometheus-adapter's: which series, what resources their
// labels stand for, the name of the metric, and the query that makes a value.
//
// See https://github.com/kubernetes-sigs/prometheus-adapter/blob/master/docs/config.md.
type rule struct {
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

// delimiters of the adapter's templates.
const opening, closing = "<<", ">>"

// ours is the seriesQuery for series of nginx alone. A selector without a name
// gets ours beside its own matchers: rules for everything would read every
// series of the cluster, and Prometheus might refuse.
func (r *rule) ours() string {
	q := strings.TrimSpace(r.SeriesQuery)
	if rest, found := strings.CutPrefix(q, "{"); found && strings.HasSuffix(q, "}") {
		return strings.TrimSuffix(ourSeries, "}") + "," + rest
	}
	return r.SeriesQuery + " and " + ourSeries
}

// takes tells whether the rule wants a series of that name.
func (r *rule) takes(series string) bool {
	for _, f := range append(slices.Clone(r.SeriesFilters), seriesFilter{Is: r.Name.Matches}) {
		is, errIs := regexp.MatchString(f.Is, series)
		isNot, errNot := regexp.MatchString(f.IsNot, series)
		if errIs != nil || errNot != nil || f.Is != "" && !is || f.IsNot != "" && isNot {
			return false
		}
	}
	return true
}

// metric is the name that the rule gives to a series; empty if it does not.
func (r *rule) metric(series string) string {
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

// errNoLabel is a resource for which the rule has no label.
var errNoLabel = errors.New("the rule has no label for it")

// label is the label that stands for a resource, such as pods or namespaces.
func (r *rule) label(plural string) (string, error) {
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

func (r *rule) execute(text string, with any) (string, error) {
	t, err := template.New("rule").Delims(opening, closing).Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, with)
	return out.String(), err
}

// arguments are what the template of a query may name.
type arguments struct {
	Series            string
	LabelMatchers     string
	LabelValuesByName map[string]string
	GroupBy           string
	GroupBySlice      []string
}

// query is what the adapter asks Prometheus for these objects of a namespace.
func (r *rule) query(series, plural, namespace string, objects []string, extra []requirement) (string, error) {
	spaces, err := r.label("namespaces")
	if err != nil {
		return "", err
	}
	label, err := r.label(plural)
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
	add(spaces, "=", namespace)
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

// window is the longest range in a query, as in rate(x[1m]).
func window(query string) time.Duration {
	var longest time.Duration
	for _, m := range regexp.MustCompile(`\[([0-9a-z]+)(?::[0-9a-z]*)?\]`).FindAllStringSubmatch(query, -1) {
		longest = max(longest, duration(m[1]))
	}
	return longest
}

// withoutLabels is a series selector without the matchers in its braces, but
// the one for the name.
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
