package hpa

import (
	"regexp"
	"strings"

	"nginx-exporter/internal/doctor"
)

// scrub takes logins out of all that a link shows. Addresses, arguments, log
// lines and messages come from others, who may have written a secret into any
// of them; reports are pasted into tickets.
func scrub(l *doctor.Step) {
	l.Message = withoutSecrets(l.Message)
	for i := range l.Findings {
		f := &l.Findings[i]
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
	// JSON escapes what steers a terminal but for these.
	text = strings.Map(func(r rune) rune {
		if r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
	for _, p := range []struct{ pattern, with string }{
		{`(://)[^/\s"']+@`, "${1}" + hidden + "@"},
		{`(parse \\?"[a-z]+://)[^\s"']+@`, "${1}" + hidden + "@"}, // what Go says of an address that is none
		{`(?i)(authorization\\?["']?\s*[:=]\s*\\?["']?)(?:(?:bearer|basic|digest)\s+)?[^\s"',\\]+`, "${1}" + hidden},
		{`(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}`, "${1}" + hidden},
		{`(?i)((?:password|passwd|secret|token|api[-_]?key|access[-_]?key)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'&,;\\]+`, "${1}" + hidden},
		{`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`, hidden},
	} {
		text = regexp.MustCompile(p.pattern).ReplaceAllString(text, p.with)
	}
	return text
}
