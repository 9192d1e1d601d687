package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
)

// TestFileRefuses loads wrong files as the program does.
func TestFileRefuses(t *testing.T) {
	const target = "targets:\n- uri: http://h/\n  "
	const module = "modules:\n  m:\n    http_client_config: "
	for _, c := range []struct{ file, want string }{
		// The form.
		{"a: [", "yaml: "},
		{"\ttargets: []", "yaml: "},
		{"- a", "line 1: must be keys with values, not a list"},
		{hidden, "must be keys with values, not text"},
		{"`" + hidden + "`x", "yaml: "},
		{"targets: []\n---\n{}", "more than one YAML document"},
		{"targets: []\ntargets: []", `line 2: mapping key "targets" already defined at line 1`},
		{"targets: *x", "unknown anchor"},
		{"target: []", `line 1: unknown key "target"`},
		{"targets: {}", "line 1: must be a list, not keys with values"},
		{"targets: " + hidden, "line 1: must be a list, not text"},
		{"targets: ['`" + hidden + "`']", "line 1: must be keys with values, not text"},

		// Targets.
		{"targets: [{}]", `targets[0]: target ""`},
		{"targets: [{uri: http://h/}, {uri: ftp://h/}]", `targets[1]: target "ftp://h/"`},
		{"targets: [{uri: 'http://u:" + hidden + "@h:x/'}]", "targets[0]: target"},
		{"targets: [{uri: http://h/}, {uri: http://H:80}]", "targets[1]: target http://H:80 is given twice"},
		{"targets: [{uri: http://h/, name: a}, {uri: http://g/, name: a}]", `targets[1]: duplicate label addr="a"`},
		{"targets: [{uri: http://h/, name: http://g/}, {uri: http://g/}]", `targets[1]: duplicate label`},
		{target + "labelz: {}", `line 3: unknown key "labelz"`},
		{target + "labels: {a-b: c}", `targets[0]: labels: "a-b" is not a valid label name`},
		{target + "labels: {__a: c}", `targets[0]: labels: "__a" is reserved`},
		{target + "labels: [a]", "line 3: must be keys with values, not a list"},
		{target + "name: !!binary kg==", "targets[0]: name: not valid UTF-8"},
		{target + "mode: nginx", `targets[0]: mode: "nginx" is not a valid mode`},
		{target + "collectors: {nope: true}", `targets[0]: collectors: unknown source "nope"`},
		{target + "collectors: {ssl: maybe}", "line 3: must be true or false, not text"},
		{target + "collectors: [ssl]", "line 3: must be keys with values, not a list"},
		{target + "timeout: 5", `line 3: "5" is not a positive duration with a unit`},
		{target + "timeout: 0s", `line 3: "0s" is not a positive duration`},
		{target + "timeout: -1s", `line 3: "-1s" is not a positive duration`},
		{target + "timeout: {}", "line 3: "},
		{target + "host: a b", "targets[0]: host: must be a host name or address"},
		{target + "access_logs: [{input: /a, buckets: [fast]}]", "line 3: must be a number, not text"},
		{target + "access_logs: [{input: /a, routes: 7}]", "line 3: must be a list, not a number"},
		{target + "proxy_protocol: maybe", "line 3: must be true or false, not text"},

		// Modules.
		{"modules: {m: {mode: nginx}}", `modules: m: mode: "nginx" is not a valid mode`},
		{"modules: {m: {uri: http://h/}}", `unknown key "uri"`},
		{"modules: {m: {host: a/b}}", "modules: m: host: must be a host name or address"},

		// The HTTP client.
		{module + "[]", "line 3: must be keys with values, not a list"},
		{module + "{basic: {}}", `unknown key "basic"`},
		{module + "{follow_redirects: true}", "http_client_config: follow_redirects: "},
		{module + "{enable_http2: true}", "http_client_config: enable_http2: "},
		{module + "{oauth2: {client_id: a, token_url: b}}", "http_client_config: oauth2: "},
		{module + "{proxy_from_environment: true}", "http_client_config: proxy_from_environment: "},
		{module + "{proxy_url: 'http://p/', no_proxy: h}", "http_client_config: no_proxy: "},
		{module + "{proxy_url: 'http://u:" + hidden + "@h:x y/'}", "http_client_config: proxy_url: not a valid URL"},
		{module + "{proxy_connect_header: {A: [" + hidden + "]}}", "http_client_config: if proxy_connect_header is configured"},
		{module + "{basic_auth: {username: a, passwort: " + hidden + "}}", `unknown key "passwort"`},
		{module + "{basic_auth: {password: " + hidden + ", password_file: b}}", "http_client_config: at most one of basic_auth password, password_file"},
		{module + "{basic_auth: {username: a, username_file: b}}", "http_client_config: at most one of basic_auth username, username_file"},
		{module + "{basic_auth: {password_ref: a}}", "http_client_config: *_ref keys are not supported"},
		{module + "{basic_auth: {username_ref: a}}", "*_ref"},
		{module + "{basic_auth: " + hidden + "}", "must be keys with values, not text"},
		{module + "{basic_auth: {password_file: none}}", "modules: m: http_client_config: open "},
		{module + "{basic_auth: {username_file: none}}", "modules: m: http_client_config: open "},
		{module + "{basic_auth: {username: a}, authorization: {credentials: " + hidden + "}}", "http_client_config: at most one of basic_auth, oauth2 & authorization"},
		{module + "{authorization: {type: Basic, credentials: " + hidden + "}}", "http_client_config: authorization type cannot be set to"},
		{module + "{authorization: {credentials_ref: a}}", "*_ref"},
		{module + "{authorization: {credentials_file: none}}", "modules: m: http_client_config: open "},
		{module + "{bearer_token: " + hidden + ", bearer_token_file: b}", "http_client_config: at most one of bearer_token & bearer_token_file"},
		{module + "{bearer_token_file: none}", "modules: m: http_client_config: open "},
		{module + "{http_headers: {Host: {values: [a]}}}", `http_client_config: setting header "Host" is not allowed`},
		{module + "{http_headers: {'A B': {values: [a]}}}", `http_client_config: http_headers: "A B" is not a valid header name`},
		{module + "{http_headers: {'': {values: [a]}}}", `http_headers: "" is not a valid header name`},
		{module + "{http_headers: {A: {values: [\"a\\nb\"]}}}", "http_headers: A: value contains a control character"},
		{module + "{http_headers: {A: {secrets: [\"" + hidden + "\\r\"]}}}", "http_headers: A: value contains a control character"},
		{module + "{http_headers: {A: " + hidden + "}}", "must be keys with values, not text"},
		{module + "{http_headers: {A: {files: [none]}}}", "modules: m: http_client_config: open "},
		{module + "{tls_config: {min_version: TLS11}}", "http_client_config: tls_config: min_version: must be TLS12 or later"},
		{module + "{tls_config: {max_version: TLS11}}", "http_client_config: tls_config: max_version: must be TLS12 or later"},
		{module + "{tls_config: {min_version: TLS13, max_version: TLS12}}", "tls_config.max_version must be greater"},
		{module + "{tls_config: {min_version: SSL3}}", "http_client_config: unknown TLS version: SSL3"},
		{module + "{tls_config: {ca: " + hidden + "}}", "modules: m: http_client_config: unable to use specified CA cert"},
		{module + "{tls_config: {ca_file: none}}", "modules: m: http_client_config: unable to read CA cert"},
		{module + "{tls_config: {cert_file: none, key_file: none}}", "modules: m: http_client_config: unable to read specified client cert"},
		{module + "{tls_config: {cert: a, key: " + hidden + "}}", "modules: m: http_client_config: unable to use specified client cert"},
		{module + "{tls_config: {cert_file: a}}", "http_client_config: exactly one of key or key_file"},
		{module + "{tls_config: {key: " + hidden + "}}", "http_client_config: exactly one of cert or cert_file"},
		{module + "{tls_config: {ca_ref: a}}", "*_ref"},

		// Credentials.
		{"targets: [{uri: 'http://u:" + hidden + "@h/', http_client_config: {basic_auth: {username: a}}}]", "credentials are in both the URI and http_client_config"},

		// Probes.
		{"probe: {allowed: []}", `unknown key "allowed"`},
		{"probe: []", "must be keys with values, not a list"},
		{"probe: {allow: {host: h}}", "must be a list, not keys with values"},
	} {
		config := flags()
		config.File = newFile(t, c.file)
		_, err := config.Validate()
		checkError(t, c.file, err, c.want)
		if err != nil && !strings.HasPrefix(err.Error(), "--config.file: ") {
			t.Errorf("%s: %q does not name the flag", c.file, err)
		}
	}
}

// TestCredentialsRefused has credentials that would make a request invalid.
func TestCredentialsRefused(t *testing.T) {
	const module = "modules:\n  m:\n    http_client_config: "
	for _, c := range []struct{ file, want string }{
		{module + "{http_headers: {A: {files: [broken]}}}", "broken: content contains a control character"},
		{module + "{authorization: {credentials_file: broken}}", "broken: content contains a control character"},
		{module + "{bearer_token_file: broken}", "broken: content contains a control character"},
		{module + "{basic_auth: {password_file: broken}}", "broken: content contains a control character"},
		{module + "{basic_auth: {username_file: broken}}", "broken: content contains a control character"},
		{module + "{bearer_token: \"" + hidden + "\\r\\nX: y\"}", "http_client_config: authorization: credentials: value contains a control character"},
		{module + "{authorization: {credentials: \"" + hidden + "\\n\"}}", "authorization: credentials: value contains a control character"},
		{module + "{authorization: {type: \"a\\rb\", credentials: x}}", "authorization: type: value contains a control character"},
		{module + "{basic_auth: {username: \"a\\0\"}}", "basic_auth: username: value contains a control character"},
		{module + "{basic_auth: {password: \"" + hidden + "\\x7f\"}}", "basic_auth: password: value contains a control character"},
		{module + "{proxy_url: 'http://a:" + hidden + "%0d@h/'}", "proxy_url: value contains a control character"},
		{module + "{proxy_url: 'http://h/', proxy_connect_header: {A: [\"" + hidden + "\\n\"]}}", "proxy_connect_header: A: value contains a control character"},
		{"targets: [{uri: 'http://a:" + hidden + "%0a@h/'}]", "targets[0]: target \"REDACTED@h/\": the credentials contain a control character"},
	} {
		config := flags()
		config.File = newFile(t, c.file)
		broken := filepath.Join(filepath.Dir(config.File), "broken")
		if err := os.WriteFile(broken, []byte(hidden+"\r\n"+hidden+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Validate()
		checkError(t, c.file, err, c.want)
	}
}

// TestUnknownKeys names the key that was probably meant, of the same section.
func TestUnknownKeys(t *testing.T) {
	for text, want := range map[string]string{
		"target: []": "targets", "Targets: []": "targets", "targets: [{url: http://h/}]": "uri", "targets: [{timeot: 5s}]": "timeout",
		"targets: [{proxy-protocol: true}]": "proxy_protocol", "modules: {m: {colectors: {}}}": "collectors", "probe: {allowed: []}": "allow",
		"web: {drain-delay: 1s}": "drain_delay", "modules: {m: {http_client_config: {basicauth: {}}}}": "basic_auth",
		"modules: {m: {http_client_config: {proxy_uri: x}}}":                    "proxy_url",
		"modules: {m: {http_client_config: {basic_auth: {passwort: x}}}}":       "password",
		"modules: {m: {http_client_config: {tls_config: {servername: x}}}}":     "server_name",
		"modules: {m: {http_client_config: {authorization: {credential: x}}}}":  "credentials",
		"modules: {m: {http_client_config: {http_headers: {A: {value: [x]}}}}}": "values",
		"modules: {m: {http_client_config: {bearer_tokenfile: x}}}":             "bearer_token_file",
		"probe: {allow: [{port: [1]}]}":                                         "ports",
	} {
		config := flags()
		config.File = newFile(t, text)
		_, err := config.Validate()
		checkError(t, text, err, `; did you mean "`+want+`"?`)
	}
	config := flags()
	config.File = newFile(t, "nothing_like_it: 1")
	if _, err := config.Validate(); err == nil || !strings.HasSuffix(err.Error(), `unknown key "nothing_like_it"`) {
		t.Errorf("got %v", err)
	}
	config = flags()
	config.Web.ConfigFile = newFile(t, "basic_auth_user: {}")
	_, err := config.Validate()
	checkError(t, "web configuration", err, `--web.config.file: `)
	checkError(t, "web configuration", err, `; did you mean "basic_auth_users"?`)
}

// newFile writes a configuration file and returns its path.
func newFile(t *testing.T, text string) string {
	t.Helper()
	p := &pki{t: t, directory: t.TempDir()}
	return p.file("exporter.yml", text)
}

// TestFileAndFlags checks the precedence of file and flags.
func TestFileAndFlags(t *testing.T) {
	config := flags()
	config.Nginx.Timeout = 9 * time.Second
	config.Nginx.Host = "flag.test"
	config.Nginx.ProxyProtocol = true
	config.File = newFile(t, `
targets:
  - uri: http://plain/
  - uri: http://own/
    timeout: 2s
    host: own.test
    proxy_protocol: false
    mode: stub_status
`)
	settings, err := config.Validate()
	if err != nil {
		t.Fatal(err)
	}
	plain, own := settings.Targets()[0].Client, settings.Targets()[1].Client
	if plain.Timeout != 9*time.Second || plain.Host != "flag.test" || !plain.ProxyProtocol || plain.Mode != client.ModeAuto || plain.UserAgent != "test" {
		t.Errorf("the flags do not fill in: %+v", plain)
	}
	if own.Timeout != 2*time.Second || own.Host != "own.test" || own.ProxyProtocol || own.Mode != stubstatus.Mode {
		t.Errorf("the file does not go before the flags: %+v", own)
	}
}

// TestFileWithoutTargets checks that the targets of the flags are kept, unless the
// file has an empty list.
func TestFileWithoutTargets(t *testing.T) {
	for file, want := range map[string]int{"{}": 1, "# nothing": 1, "probe: {allow: []}": 1, "targets:": 1, "targets: []": 0} {
		config := flags()
		config.File = newFile(t, file)
		settings, err := config.Validate()
		if err != nil {
			t.Errorf("%q: %v", file, err)
			continue
		}
		if have := len(settings.Targets()); have != want {
			t.Errorf("%q: %d targets, not %d", file, have, want)
		}
	}
}

// TestPathsAreRelativeToTheFile finds files beside the configuration file,
// independent of the working directory.
func TestPathsAreRelativeToTheFile(t *testing.T) {
	p := newPKI(t)
	for _, name := range []string{"user", "password", "token", "header"} {
		p.file(name, name)
	}
	absolute := filepath.ToSlash(p.path("token"))
	config := flags()
	config.File = p.file("exporter.yml", `
targets:
  - uri: https://a/
    http_client_config:
      basic_auth: {username_file: user, password_file: password}
      tls_config: {ca_file: ca.crt, cert_file: client.crt, key_file: client.key}
      http_headers: {X-A: {files: [header]}}
  - uri: https://b/
    http_client_config: {authorization: {credentials_file: `+absolute+`}}
modules:
  m: {http_client_config: {bearer_token_file: token}}
`)
	if _, err := config.Validate(); err != nil {
		t.Error(err)
	}
}

func TestFileTooLarge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "exporter.yml")
	if err := os.WriteFile(path, []byte("targets: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Fatal(err)
	}
	want := "--config.file: " + path + " is larger than 16 MiB"
	if _, err := loadFile(path); err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestFileEmpty refuses an empty file, which is probably being rewritten. Comments
// count as content.
func TestFileEmpty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", " \r\n\t\n", "\ufeff"} {
		path := filepath.Join(t.TempDir(), "exporter.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := "--config.file: " + path + " is empty; {} is valid and means all defaults"
		if _, err := loadFile(path); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestFileLimits overrides limits one by one.
func TestFileLimits(t *testing.T) {
	c := flags()
	c.Web.Limits = DefaultLimits()
	c.File = filepath.Join(t.TempDir(), "exporter.yml")
	for _, test := range []struct {
		file string
		want func(*Limits)
	}{
		{"web:", func(*Limits) {}},
		{"web: {read_timeout: 1s}", func(w *Limits) { w.ReadTimeout = time.Second }},
		{"web: {write_timeout: 1m, idle_timeout: 2s}", func(w *Limits) { w.WriteTimeout, w.IdleTimeout = time.Minute, 2*time.Second }},
		{"web: {scrape_timeout_offset: 0s}", func(w *Limits) { w.TimeoutOffset = 0 }},
		{"web: {max_connections: 7}", func(w *Limits) { w.MaxConnections = 7 }},
		{"web: {drain_delay: 5s, shutdown_timeout: 3ms}", func(w *Limits) { w.DrainDelay, w.ShutdownTimeout = 5*time.Second, 3*time.Millisecond }},
	} {
		if err := os.WriteFile(c.File, []byte(test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, err := c.Validate()
		if err != nil {
			t.Fatal(err)
		}
		want := DefaultLimits()
		test.want(&want)
		if have := settings.Web().Limits; have != want {
			t.Errorf("%q: %+v, not %+v", test.file, have, want)
		}
	}
}

// A larger --web.max-requests needs more connections, unless the file has a limit.
func TestMaxConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file           string
		requests, want int
	}{
		{"{}", 1, 512}, {"{}", 128, 512}, {"{}", 1000, 4000}, {"web: {max_connections: 3}", 1000, 3},
	} {
		c := flags()
		c.Web.Limits, c.Web.MaxRequests, c.File = DefaultLimits(), test.requests, newFile(t, test.file)
		settings, err := c.Validate()
		if err != nil {
			t.Fatal(err)
		}
		if got := settings.Web().MaxConnections; got != test.want {
			t.Errorf("%q with %d requests: %d connections, not %d", test.file, test.requests, got, test.want)
		}
	}
}

func TestFileRefusesLimits(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"web: {read_timeout: 0s}", `line 1: "0s" is not a positive duration`},
		{"web: {write_timeout: -1s}", `line 1: "-1s" is not a positive duration`},
		{"web: {idle_timeout: 5}", `line 1: "5" is not a positive duration`},
		{"web: {shutdown_timeout: x}", `line 1: "x" is not a positive duration`},
		{"web: {drain_delay: -1s}", `line 1: "-1s" is not a duration of zero or more`},
		{"web: {scrape_timeout_offset: 1}", `line 1: "1" is not a duration of zero or more`},
		{"web: {max_connections: 0}", `line 1: "0" is not a whole number above zero`},
		{"web: {max_connections: 1.5}", `line 1: "1.5" is not a whole number above zero`},
		{"web: {max_connections: []}", `line 1: "" is not a whole number above zero`},
		{"web: {listen: ':1'}", `line 1: unknown key "listen"`},
	} {
		_, err := parseFile([]byte(c.file))
		if err == nil || !strings.Contains(oneLine(err), c.want) {
			t.Errorf("%q: %v, want %q", c.file, err, c.want)
		}
	}
}
