package accesslog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/client/accesslog"
)

// exclusion is a rule for lines that are not counted.
type exclusion struct {
	needs   accesslog.Field
	matches func(r *accesslog.Record) bool
}

// ExclusionKeys lists what exclusions can compare. The caller owns the slice.
func ExclusionKeys() []string { return []string{"path", "user-agent", "server", "method", "code"} }

// parseExclusions returns the exclusions of rules key:value. A path is a route;
// a user agent is compared with the beginning of what clients send.
func parseExclusions(rules []string) ([]exclusion, error) {
	var all []exclusion
	for _, rule := range rules {
		key, value, found := strings.Cut(rule, ":")
		if !found || value == "" {
			return nil, fmt.Errorf("exclusion %q is not of the form key:value, such as user-agent:kube-probe/", rule)
		}
		text := []byte(value)
		var e exclusion
		switch key {
		case "path":
			path, err := parseRoute(value)
			if err != nil {
				return nil, fmt.Errorf("exclusion %q: %w", rule, err)
			}
			e = exclusion{accesslog.FieldURI, func(r *accesslog.Record) bool { return path.matches(r.URI) }}
		case "user-agent":
			e = exclusion{accesslog.FieldUserAgent, func(r *accesslog.Record) bool { return bytes.HasPrefix(r.UserAgent, text) }}
		case "server":
			e = exclusion{accesslog.FieldServer, func(r *accesslog.Record) bool { return bytes.Equal(r.Server, text) }}
		case "method":
			e = exclusion{accesslog.FieldMethod, func(r *accesslog.Record) bool { return bytes.Equal(r.Method, text) }}
		case "code":
			code := slices.IndexFunc(codeTexts(false), func(code []byte) bool { return bytes.Equal(code, text) })
			if code < 0 {
				return nil, fmt.Errorf("exclusion %q: a code has three digits", rule)
			}
			e = exclusion{accesslog.FieldStatus, func(r *accesslog.Record) bool { return r.Status == code }}
		default:
			return nil, fmt.Errorf("exclusion %q: the key is one of %s", rule, strings.Join(ExclusionKeys(), ", "))
		}
		all = append(all, e)
	}
	return all, nil
}
