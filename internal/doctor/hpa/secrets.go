package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
)

// removeSecrets replaces credentials in everything that a step shows. Addresses,
// arguments, log lines and messages come from the cluster and may hold any; reports
// are pasted into tickets.
func removeSecrets(s *doctor.Step) {
	s.Message = withoutSecrets(s.Message)
	for i := range s.Findings {
		f := &s.Findings[i]
		f.Message = withoutSecrets(f.Message)
		for j := range f.Evidence {
			f.Evidence[j].Value = withoutSecrets(f.Evidence[j].Value)
		}
		for j := range f.Fix {
			f.Fix[j] = withoutSecrets(f.Fix[j])
		}
	}
}

func withoutSecrets(text string) string {
	const hidden = "***"
	// JSON escapes other characters that control a terminal.
	text = strings.Map(func(r rune) rune {
		if r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
	for _, p := range []struct{ pattern, with string }{
		{`(://)[^/\s"']+@`, "${1}" + hidden + "@"},
		{`(parse \\?"[a-z]+://)[^\s"']+@`, "${1}" + hidden + "@"}, // the error of Go for an invalid address
		{`(?i)(authorization\\?["']?\s*[:=]\s*\\?["']?)(?:(?:bearer|basic|digest)\s+)?[^\s"',\\]+`, "${1}" + hidden},
		{`(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}`, "${1}" + hidden},
		{`(?i)((?:password|passwd|secret|token|api[-_]?key|access[-_]?key)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'&,;\\]+`, "${1}" + hidden},
		{`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`, hidden},
	} {
		text = regexp.MustCompile(p.pattern).ReplaceAllString(text, p.with)
	}
	return text
}
