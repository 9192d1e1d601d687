package nearest

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	t.Parallel()
	known := []string{
		"serve", "check-config", "nginx.plus", "nginx.plus.pad-codes", "nginx.timeout", "nginx.scrape-uri", "nginx.ssl-ca-cert",
		"nginx.ssl-client-cert", "web.listen-address", "insecure_skip_verify", "timeout",
	}
	for given, want := range map[string]string{
		"plus": "nginx.plus", "nginx.timeot": "nginx.timeout", "scrape-uri": "nginx.scrape-uri", "uri": "nginx.scrape-uri",
		"scrape_uri": "nginx.scrape-uri", "web.listen_address": "web.listen-address", "listen-addr": "web.listen-address",
		"ca-cert": "nginx.ssl-ca-cert", "Check-Config": "check-config", "checkconfig": "check-config", "sevre": "serve",
		"timeot": "timeout", "insecure-skip-verfy": "insecure_skip_verify", "nginx.uri": "nginx.scrape-uri",
		"": "", "x": "", "zzzzzz": "", strings.Repeat("plus", 1000): "",
	} {
		if have := Name(given, known); have != want {
			t.Errorf("%.20q: %q, not %q", given, have, want)
		}
	}
}
