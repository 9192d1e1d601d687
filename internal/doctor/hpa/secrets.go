package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
)

// redactor returns a function that replaces credentials in a text. URLs, arguments, log
// lines and messages of the cluster may contain some, and reports are pasted into tickets.
func redactor() func(string) string {
	const hidden = "***"
	type replacement struct {
		pattern *regexp.Regexp
		with    string
	}
	var all []replacement
	for _, p := range []struct{ pattern, with string }{
		{`(://)[^/\s"']+@`, "${1}" + hidden + "@"},
		{`(parse \\?"[a-z]+://)[^\s"']+@`, "${1}" + hidden + "@"}, // the error of Go for an invalid address
		{`(?i)(authorization\\?["']?\s*[:=]\s*\\?["']?)(?:(?:bearer|basic|digest)\s+)?[^\s"',\\]+`, "${1}" + hidden},
		{`(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}`, "${1}" + hidden},
		{`(?i)((?:password|passwd|secret|token|api[-_]?key|access[-_]?key)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'&,;\\]+`, "${1}" + hidden},
		{`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`, hidden},
	} {
		all = append(all, replacement{regexp.MustCompile(p.pattern), p.with})
	}
	return func(text string) string {
		// These characters control a terminal; JSON escapes the others.
		text = strings.Map(func(r rune) rune {
			if r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				return ' '
			}
			return r
		}, text)
		for _, r := range all {
			text = r.pattern.ReplaceAllString(text, r.with)
		}
		return text
	}
}

// redactStep applies a redactor to all texts of a step.
func redactStep(s *doctor.Step, redact func(string) string) {
	s.Message = redact(s.Message)
	for i := range s.Findings {
		f := &s.Findings[i]
		f.Message = redact(f.Message)
		for j := range f.Evidence {
			f.Evidence[j].Value = redact(f.Evidence[j].Value)
		}
		for j := range f.Fix {
			f.Fix[j] = redact(f.Fix[j])
		}
	}
}
