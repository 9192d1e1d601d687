package hpa

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// selector picks objects by their labels.
type selector struct {
	MatchLabels      map[string]string
	MatchExpressions []requirement
}

type requirement struct {
	Key, Operator string
	Values        []string
}

// requirements are all that has to hold, in a fixed order.
func (s *selector) requirements() []requirement {
	if s == nil {
		return nil
	}
	var all []requirement
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		all = append(all, requirement{key, "In", []string{s.MatchLabels[key]}})
	}
	return append(all, s.MatchExpressions...)
}

// matches tells whether labels have all that is required.
func (s *selector) matches(labels map[string]string) bool {
	return len(s.misses(labels)) == 0
}

// misses lists what labels lack.
func (s *selector) misses(labels map[string]string) []requirement {
	var missing []requirement
	for _, r := range s.requirements() {
		if !r.holds(labels) {
			missing = append(missing, r)
		}
	}
	return missing
}

func (r *requirement) holds(labels map[string]string) bool {
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

// String writes it as kubectl --selector takes it.
func (r *requirement) String() string {
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

// String writes all of them; empty for a selector of everything.
func (s *selector) String() string { return join(s.requirements()) }

func join(all []requirement) string {
	var texts []string
	for i := range all {
		texts = append(texts, all[i].String())
	}
	return strings.Join(texts, ",")
}

// labelText writes labels.
func labelText(labels map[string]string) string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		texts = append(texts, key+"="+labels[key])
	}
	return strings.Join(texts, ",")
}

// IsName tells whether a text can be the name of an object.
func IsName(text string) bool {
	const longest = 253
	return len(text) <= longest && regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`).MatchString(text)
}
