package cluster

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Selector is a label selector; nil selects everything.
type Selector struct {
	MatchLabels      map[string]string
	MatchExpressions []Requirement
}

// Requirement is a condition on one label.
type Requirement struct {
	Key, Operator string
	Values        []string
}

// Requirements lists all conditions, in a fixed order.
func (s *Selector) Requirements() []Requirement {
	if s == nil {
		return nil
	}
	var all []Requirement
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		all = append(all, Requirement{key, "In", []string{s.MatchLabels[key]}})
	}
	return append(all, s.MatchExpressions...)
}

// Matches reports whether labels meet all requirements.
func (s *Selector) Matches(labels map[string]string) bool { return len(s.Unmet(labels)) == 0 }

// Unmet lists the requirements that labels do not meet.
func (s *Selector) Unmet(labels map[string]string) []Requirement {
	return slices.DeleteFunc(s.Requirements(), func(r Requirement) bool { return r.matches(labels) })
}

func (r *Requirement) matches(labels map[string]string) bool {
	value, found := labels[r.Key]
	switch r.Operator {
	case "In":
		return found && slices.Contains(r.Values, value)
	case "NotIn":
		return !found || !slices.Contains(r.Values, value)
	case "Exists":
		return found
	case "DoesNotExist":
		return !found
	}
	return false
}

// String is the requirement in the syntax of kubectl --selector.
func (r *Requirement) String() string {
	switch r.Operator {
	case "In":
		if len(r.Values) == 1 {
			return r.Key + "=" + r.Values[0]
		}
		return r.Key + " in (" + strings.Join(r.Values, ",") + ")"
	case "NotIn":
		return r.Key + " notin (" + strings.Join(r.Values, ",") + ")"
	case "DoesNotExist":
		return "!" + r.Key
	}
	return r.Key
}

// String is the selector in the syntax of kubectl --selector; empty if it selects
// everything.
func (s *Selector) String() string { return Join(s.Requirements()) }

// Join formats requirements in the syntax of kubectl --selector.
func Join(all []Requirement) string {
	var texts []string
	for _, r := range all {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, ",")
}

// LabelsMatch reports whether labels have all those of a selector without expressions,
// such as that of a Service.
func LabelsMatch(selector, labels map[string]string) bool {
	return (&Selector{MatchLabels: selector}).Matches(labels)
}

// FormatLabels formats labels, sorted by name.
func FormatLabels(labels map[string]string) string {
	return (&Selector{MatchLabels: labels}).String()
}

// IsName reports whether a text is a valid name of an object.
func IsName(text string) bool {
	const longest = 253
	return len(text) <= longest && regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`).MatchString(text)
}
