package redact

import (
	"strings"
	"testing"
)

func TestSecretsAreReplaced(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for text, want := range map[string]string{
		`unexpected "http://admin:hunter2@h/x"`:                              `unexpected "http://REDACTED@h/x"`,
		`unexpected "http://hunter2:x@h/x"`:                                  `unexpected "http://REDACTED@h/x"`,
		`unexpected "http://admin:hun ter2/hunter2@h/x"`:                     `unexpected "http://REDACTED@h/x"`,
		`unexpected http://admin:hunter2@h/x`:                                `unexpected http://REDACTED@h/x`,
		`--nginx.timeout: "admin:hunter2@h" is not a duration`:               `--nginx.timeout: "REDACTED@h" is not a duration`,
		`invalid port "admin:hunter2@"`:                                      `invalid port "REDACTED@"`,
		`unexpected "uri=http://a:hunter2@h"`:                                `unexpected "uri=http://REDACTED@h"`,
		`"password=hunter2" is not NAME`:                                     `"password=REDACTED" is not NAME`,
		`"password hunter2 hunter2" is not NAME`:                             `"password REDACTED" is not NAME`,
		`"Authorization: Bearer hunter2"`:                                    `"Authorization: REDACTED"`,
		`x MY_TOKEN=hunter2 y`:                                               `x MY_TOKEN=REDACTED y`,
		`"http://h/?a=1&api_key=hunter2&b=2"`:                                `"http://h/?a=1&api_key=REDACTED&b=2"`,
		"regular expression: `^my-token hunter2($`":                          "regular expression: `^my-token REDACTED`",
		`invalid port "hunter2@h"`:                                           `invalid port "REDACTED@h"`,
		`client-secret:hunter2`:                                              `client-secret:REDACTED`,
		`port "ghp_hunter2hunter2hunter2hunter2"`:                            `port "ghp_REDACTED"`,
		`"eyJhbGciOiJIUzI1NiJ9.hunter2hunter2hunter2.hunter2hunter2hunter2"`: `"REDACTED.REDACTED.REDACTED"`,
		`"hunter2-Abc/hunter2_hunter2+="`:                                    `"REDACTED"`,
		`hunter2-Abc/hunter2_hunter2+=`:                                      `REDACTED`,
		`1b4e28ba-2fa1-11d2-883f-0016d3cca427 x`:                             `REDACTED x`,
		`"https://h/hunter2hunter2hunter2/status" is given twice`:            `"https://h/REDACTED/status" is given twice`,
		`abcdefghijklmnopqrstuvwxyzabcdefghij`:                               `REDACTED`,
	} {
		have := Text(text)
		if have != want {
			t.Errorf("%s\ngave %s\nwant %s", text, have, want)
		}
		if strings.Contains(have, secret) {
			t.Errorf("the secret is in %s", have)
		}
		if again := Text(have); again != have {
			t.Errorf("%s becomes %s", have, again)
		}
	}
}

// What operators need to find the error stays.
func TestFactsAreKept(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`--config.file: open /var/lib/kubelet/pods/0a1b2c3d4e5f6a7b8c9d/volumes/x: no such file or directory`,
		`--config.file: exporter.yml: line 3: unknown key "bearer_tokn"; did you mean "bearer_token"?`,
		`--nginx.ssl-ca-cert: open ./some-directory/ca-2024.crt: no such file`,
		`NGINX_EXPORTER_NGINX_SSL_CLIENT_CERT and NGINX_EXPORTER_NGINX_PLUS_UPSTREAM_INCLUDE: x`,
		`--config.file: targets[1]: http_client_config: authorization: credentials_file: open none.key: no such file`,
		`http_client_config: at most one of basic_auth password & password_file must be configured`,
		`--nginx.scrape-uri: target http://ip-10-0-0-1.eu-west-1.compute.internal:8080/stub_status is given twice`,
		`target "http://nginx-deployment-5d4f7c9b8d-x2x4z:8080/api/9/http/server_zones"`,
		`--web.listen-address: unix:/run/user@host.sock: already in use`,
		`"kubernetes_io_topology_v1beta1_zone" is not a valid label name`,
		`target "REDACTED@h/x": write http://HOST:PORT/PATH`,
		`--web.listen-address: listen tcp 127.0.0.1:9113: bind: address already in use`,
		`"password" is not NAME=VALUE`,
		"--nginx.scrape-uri and `targets` in --config.file are mutually exclusive",
		`dial unix @nginx: connection refused`,
		`http_client_config: http_headers: X-Token: value contains a control character`,
	} {
		if have := Text(text); have != text {
			t.Errorf("%s\nbecame %s", text, have)
		}
	}
}
