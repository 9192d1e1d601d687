package accesslog

import (
	"bytes"
	"fmt"
	"strings"
)

// route is a rule that classifies paths. Its segments are literal, or a placeholder
// for any segment that is not empty. A prefix matches the rest of a path.
type route struct {
	text     []byte // the rule, which is the value of the label
	segments []segment
	prefix   bool
}

// segment is the text between two slashes.
type segment struct {
	text        string
	placeholder bool
}

func (s *segment) matches(text []byte) bool {
	if s.placeholder {
		return len(text) > 0
	}
	return string(text) == s.text
}

// parseRoute returns the route of a rule, such as /login, /users/{id}/orders and
// /static/*.
func parseRoute(rule string) (route, error) {
	r := route{text: []byte(rule)}
	path, found := strings.CutPrefix(rule, "/")
	if !found {
		return route{}, fmt.Errorf("route %q does not begin with /", rule)
	}
	path, r.prefix = strings.CutSuffix(path, "*")
	for text := range strings.SplitSeq(path, "/") {
		s := segment{text: text}
		if name, opened := strings.CutPrefix(text, "{"); opened && len(name) > len("}") && strings.HasSuffix(name, "}") {
			s = segment{placeholder: true}
			text = strings.TrimSuffix(name, "}")
		}
		if strings.ContainsAny(text, "{}*") {
			return route{}, fmt.Errorf("route %q: a placeholder is a whole segment, such as {id}, and * is allowed at the end only", rule)
		}
		r.segments = append(r.segments, s)
	}
	if r.prefix && r.segments[len(r.segments)-1].placeholder {
		return route{}, fmt.Errorf("route %q: write /* after a placeholder", rule)
	}
	return r, nil
}

func (r *route) matches(path []byte) bool {
	path, absolute := bytes.CutPrefix(path, []byte("/"))
	if !absolute {
		return false
	}
	last := len(r.segments) - 1
	for i := range r.segments[:last] {
		text, rest, found := bytes.Cut(path, []byte("/"))
		if !found || !r.segments[i].matches(text) {
			return false
		}
		path = rest
	}
	if r.prefix {
		return bytes.HasPrefix(path, []byte(r.segments[last].text))
	}
	return bytes.IndexByte(path, '/') < 0 && r.segments[last].matches(path)
}

// routeLabel has the first rule that matches the path, or other.
func routeLabel(rules []string) (label, error) {
	routes := make([]route, len(rules))
	for i, rule := range rules {
		var err error
		if routes[i], err = parseRoute(rule); err != nil {
			return label{}, err
		}
	}
	unmatched := []byte(other)
	return label{name: "route", bounded: true, get: func(l *line) []byte {
		for i := range routes {
			if routes[i].matches(l.URI) {
				return routes[i].text
			}
		}
		return unmatched
	}}, nil
}
