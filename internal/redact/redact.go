// Package redact removes from errors what may be a secret. A password ends up in
// an error if it was typed in the wrong place: a URL as an argument, a token as a
// port. It imports no other package of this module.
package redact

import (
	"io"
	"regexp"
	"strings"
	"unicode"
)

// replacement stands for a secret.
const replacement = "REDACTED"

// Text returns the text of an error without what may be a secret: user
// information of URLs, what follows a word such as password or token, and long
// words that look random. Values of users must be in double quotes in it if they
// contain spaces.
func Text(text string) string {
	p := compile()
	return p.word.ReplaceAllStringFunc(text, func(w string) string {
		w = p.assigned.ReplaceAllString(p.userinfo(w), "${1}"+replacement)
		if p.path.MatchString(w) {
			return w
		}
		return p.opaque(w)
	})
}

// Writer writes texts of errors without what may be a secret. Each text must be
// written at once.
type Writer struct{ To io.Writer }

// Write implements [io.Writer].
func (w Writer) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.To, Text(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// patterns are what is searched for. They are compiled when an error is shown,
// not at each start.
type patterns struct {
	// word is a quoted text or what is between spaces.
	word *regexp.Regexp
	// start is what may precede user information: a flag, a scheme.
	start *regexp.Regexp
	// assigned is the name of a secret with its value.
	assigned *regexp.Regexp
	// random is a part of a word of letters and digits that is as long as a token.
	random *regexp.Regexp
	// encoded is a whole word in Base64.
	encoded *regexp.Regexp
	uuid    *regexp.Regexp
	// path is the beginning of an absolute or relative path, or of a socket.
	path *regexp.Regexp
}

func compile() *patterns {
	return &patterns{
		word:     regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|[^\\s\"`]+"),
		start:    regexp.MustCompile("^[\"`'(]?" + `(?:-*[a-z][a-z.-]*=)?(?:[A-Za-z][A-Za-z0-9+.-]*://)?`),
		assigned: regexp.MustCompile(`(?i)((?:password|passwd|passphrase|pwd|token|secret|api[_-]?key|credentials?|bearer|authorization)[=:\s]+)` + "([^&\"`]*[^&\"`\\s])"),
		random:   regexp.MustCompile(`[A-Za-z0-9+~]{16,}=*`),
		encoded:  regexp.MustCompile(`^"?[A-Za-z0-9+/_=-]{20,}"?$`),
		uuid:     regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`),
		path:     regexp.MustCompile("^[\"`'(]?" + `(?:unix:)?(?:/|\./|\.\./)`),
	}
}

// userinfo replaces USER:PASSWORD@. Where a password with a slash ends is not
// known, so everything before the last @ is removed.
func (p *patterns) userinfo(w string) string {
	at := strings.LastIndexByte(w, '@')
	quoted := strings.ContainsAny(w[:1], "\"`")
	if at < 0 || !quoted && !strings.Contains(w[:at], ":") || p.path.MatchString(w) {
		return w
	}
	kept := p.start.FindString(w[:at])
	return kept + replacement + w[at:]
}

// opaque replaces what looks random.
func (p *patterns) opaque(w string) string {
	if has(w, unicode.IsDigit) && has(w, unicode.IsLower) && has(w, unicode.IsUpper) && p.encoded.MatchString(w) {
		quote := strings.Repeat(`"`, strings.Count(w, `"`)/2)
		return quote + replacement + quote
	}
	w = p.uuid.ReplaceAllString(w, replacement)
	return p.random.ReplaceAllStringFunc(w, func(part string) string {
		const mostLetters = 32 // longer than any word
		if has(part, unicode.IsLetter) && has(part, unicode.IsDigit) || len(part) >= mostLetters {
			return replacement
		}
		return part
	})
}

func has(w string, kind func(rune) bool) bool { return strings.ContainsFunc(w, kind) }
