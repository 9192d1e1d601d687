package client

import (
	"net/url"
	"strings"
)

// redacted replaces a secret.
const redacted = "REDACTED"

// cutLogin removes the user information from a URL and leaves the rest of the
// text unchanged.
func cutLogin(s string) string {
	start := strings.Index(s, "://")
	if start < 0 {
		return s
	}
	start += len("://")
	end := len(s)
	if i := strings.IndexAny(s[start:], "/?#"); i >= 0 {
		end = start + i
	}
	at := strings.LastIndexByte(s[start:end], '@')
	if at < 0 {
		return s
	}
	return s[:start] + s[start+at+1:]
}

// hideLogin removes possible secrets from a target that may not parse: since the
// end of its credentials is unknown, it removes everything before the last @.
func hideLogin(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 && !strings.HasPrefix(s, unixScheme) {
		s = redacted + s[at:]
	}
	return hideQuery(s)
}

// hideQuery replaces the values of query parameters that look like secrets.
func hideQuery(s string) string {
	before, query, found := strings.Cut(s, "?")
	if !found {
		return s
	}
	params := strings.Split(query, "&")
	for i, param := range params {
		if name, _, ok := strings.Cut(param, "="); ok && secretName(name) {
			params[i] = name + "=" + redacted
		}
	}
	return before + "?" + strings.Join(params, "&")
}

func secretName(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, word := range []string{"pass", "pwd", "secret", "token", "key", "auth", "sig", "cred"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
