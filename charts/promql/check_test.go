package promql

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// check is the check of one expression.
type check struct {
	metrics  map[string]metric
	problems []string
}

// checkExpr returns the labels that series of the result can have, and what is wrong with the expression.
func checkExpr(all map[string]metric, text string) (result, problems []string) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return nil, []string{fmt.Sprintf("does not parse: %v", err)}
	}
	c := check{metrics: all}
	found := c.expr(expr, value)
	delete(found, nameLabel)
	return slices.Sorted(maps.Keys(found)), c.problems
}

// use is what an expression does with a metric.
type use int

const (
	value  use = iota // its value: no counters
	change            // its changes: counters only
	exists            // that there is a series
)

// useOf returns what a function does with a metric.
func useOf(function string) use {
	switch function {
	case "rate", "irate", "increase", "resets":
		return change
	case "absent", "absent_over_time", "present_over_time", "changes", "timestamp", "count_over_time":
		return exists
	}
	return value
}

const nameLabel = "__name__"

type labelSet map[string]bool

func (c *check) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// expr checks an expression and returns the labels that its series can have.
func (c *check) expr(e parser.Expr, u use) labelSet {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return c.selector(e, u)
	case *parser.MatrixSelector:
		return c.expr(e.VectorSelector, u)
	case *parser.SubqueryExpr:
		return c.expr(e.Expr, value)
	case *parser.ParenExpr:
		return c.expr(e.Expr, u)
	case *parser.UnaryExpr:
		return c.expr(e.Expr, u)
	case *parser.StepInvariantExpr:
		return c.expr(e.Expr, u)
	case *parser.Call:
		return c.call(e)
	case *parser.AggregateExpr:
		return c.aggregate(e)
	case *parser.BinaryExpr:
		return c.binary(e, u)
	}
	return labelSet{}
}

func (c *check) selector(s *parser.VectorSelector, u use) labelSet {
	names := c.names(s, u)
	found := labelSet{}
	for _, name := range names {
		m := c.metrics[name]
		for _, label := range m.labels {
			found[label] = true
		}
		if !m.recorded {
			for _, label := range targetLabels() {
				found[label] = true
			}
		}
		switch {
		case m.counter && u == value && !m.raw:
			c.problem("%s is a counter: use rate or increase", name)
		case !m.counter && u == change:
			c.problem("%s is not a counter", name)
		}
	}
	for _, matcher := range s.LabelMatchers {
		if len(names) == 0 || matcher.Name == nameLabel {
			continue
		}
		if !found[matcher.Name] {
			c.problem("%s has no label %s", strings.Join(names, ", "), matcher.Name)
		}
		for _, name := range names {
			c.labelValue(name, matcher)
		}
	}
	return found
}

// names returns the known metrics that a selector selects.
func (c *check) names(s *parser.VectorSelector, u use) []string {
	for _, matcher := range s.LabelMatchers {
		if matcher.Name != nameLabel {
			continue
		}
		if matcher.Type != labels.MatchEqual && u == change {
			c.problem("the function fails as soon as two metrics match %s", matcher)
		}
		var names []string
		for name := range c.metrics {
			if matcher.Matches(name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if len(names) == 0 {
			c.problem("there is no metric %s", matcher.Value)
		}
		return names
	}
	c.problem("%s has no name of a metric", s)
	return nil
}

// labelValue checks the value of a matcher, and each alternative of a regular expression.
func (c *check) labelValue(name string, matcher *labels.Matcher) {
	known := c.metrics[name].values[matcher.Name]
	if known == nil || matcher.Value == "" || strings.Contains(matcher.Value, "$") {
		return
	}
	alternatives := []string{matcher.Value}
	if matcher.Type == labels.MatchRegexp || matcher.Type == labels.MatchNotRegexp {
		alternatives = strings.Split(matcher.Value, "|")
		if strings.ContainsAny(matcher.Value, "()") {
			alternatives = []string{matcher.Value}
		}
	}
	for _, alternative := range alternatives {
		pattern := "^(?:" + alternative + ")$"
		if matcher.Type == labels.MatchEqual || matcher.Type == labels.MatchNotEqual {
			pattern = "^" + regexp.QuoteMeta(alternative) + "$"
		}
		if !slices.ContainsFunc(known, regexp.MustCompile(pattern).MatchString) {
			c.problem("label %s of %s is never %s", matcher.Name, name, alternative)
		}
	}
}

func (c *check) call(e *parser.Call) labelSet {
	found := labelSet{}
	for _, arg := range e.Args {
		for label := range c.expr(arg, useOf(e.Func.Name)) {
			found[label] = true
		}
	}
	switch e.Func.Name {
	case "label_replace", "label_join":
		if text, ok := e.Args[1].(*parser.StringLiteral); ok {
			found[text.Val] = true
		}
	case "histogram_quantile":
		if !found["le"] && strings.Contains(e.String(), "_bucket") {
			c.problem("histogram_quantile needs the label le")
		}
		delete(found, "le")
	case "absent", "absent_over_time":
		return labelSet{}
	}
	if useOf(e.Func.Name) != value || strings.HasSuffix(e.Func.Name, "_over_time") {
		delete(found, nameLabel)
	}
	return found
}

func (c *check) aggregate(e *parser.AggregateExpr) labelSet {
	u := value
	if e.Op == parser.COUNT || e.Op == parser.GROUP {
		u = exists
	}
	inner := c.expr(e.Expr, u)
	result := labelSet{}
	for _, label := range e.Grouping {
		if len(inner) > 0 && !inner[label] {
			c.problem("%s by or without %s: there is no such label", e.Op, label)
		}
		result[label] = !e.Without
	}
	switch {
	case e.Op == parser.TOPK || e.Op == parser.BOTTOMK || e.Op == parser.LIMITK || e.Op == parser.LIMIT_RATIO:
		return inner
	case e.Op == parser.COUNT_VALUES:
		if text, ok := e.Param.(*parser.StringLiteral); ok {
			result[text.Val] = true
		}
	case e.Without:
		for label := range inner {
			if _, removed := result[label]; !removed && label != nameLabel {
				result[label] = true
			}
		}
	}
	maps.DeleteFunc(result, func(_ string, kept bool) bool { return !kept })
	return result
}

func (c *check) binary(e *parser.BinaryExpr, u use) labelSet {
	rightUse := u
	if e.Op == parser.LAND || e.Op == parser.LUNLESS {
		rightUse = exists
	}
	left, right := c.expr(e.LHS, u), c.expr(e.RHS, rightUse)
	switch {
	case e.VectorMatching == nil && e.LHS.Type() == parser.ValueTypeScalar:
		return right
	case e.VectorMatching == nil:
		return left
	}
	m := e.VectorMatching
	for _, label := range m.MatchingLabels {
		if !left[label] || !right[label] {
			c.problem("on or ignoring %s: one side has no such label", label)
		}
	}
	return joined(e.Op, m, left, right)
}

// joined returns the labels of an operation on two vectors.
func joined(op parser.ItemType, m *parser.VectorMatching, left, right labelSet) labelSet {
	result := maps.Clone(left)
	switch {
	case op == parser.LOR:
		maps.Copy(result, right)
	case m.Card == parser.CardOneToOne && m.On:
		result = labelSet{}
		for _, label := range m.MatchingLabels {
			result[label] = true
		}
	case m.Card == parser.CardOneToMany:
		result = maps.Clone(right)
	}
	for _, label := range m.Include {
		result[label] = true
	}
	return result
}
