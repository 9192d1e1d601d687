package config

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestAllow checks which targets a list of rules allows.
func TestAllow(t *testing.T) {
	for _, c := range []struct {
		allow  string // YAML
		target string
		want   bool
	}{
		// Names, as they are written.
		{"[{host: h.test}]", "http://h.test/", true},
		{"[{host: h.test}]", "http://H.Test./x", true},
		{"[{host: H.TEST.}]", "http://h.test/", true},
		{"[{host: h.test}]", "https://h.test:8443/", true},
		{"[{host: h.test}]", "http://x.h.test/", false},
		{"[{host: h.test}]", "http://h.test.evil/", false},
		{"[{host: h.test}]", "http://evil/h.test", false},
		{"[{host: h.test}]", "http://evil?h.test", false},
		{"[{host: h.test}]", "http://evil#h.test", false},
		{"[{host: h.test}]", "http://evil/?@h.test", false},
		{"[{host: h.test}]", "http://h.test../", false},
		{"[{host: localhost}]", "http://127.0.0.1/", false},
		{"[{host: 10.0.0.1}]", "http://10.0.0.1/", true},
		{"[{host: '::1'}]", "http://[::1]/", true},
		{"[{host: '::1'}]", "http://[::2]/", false},

		// All below a domain.
		{"[{host: '*.h.test'}]", "http://x.h.test/", true},
		{"[{host: '*.h.test'}]", "http://y.x.H.TEST./", true},
		{"[{host: '*.H.test.'}]", "http://x.h.test/", true},
		{"[{host: '*.h.test'}]", "http://h.test/", false},
		{"[{host: '*.h.test'}]", "http://.h.test/", false},
		{"[{host: '*.h.test'}]", "http://xh.test/", false},
		{"[{host: '*.h.test'}]", "http://x.h.test.evil/", false},
		{"[{host: '*.0.0.1'}]", "http://10.0.0.1/", false},

		// Ranges, for addresses only: names are not resolved.
		{"[{cidr: 127.0.0.0/8}]", "http://127.1.2.3/", true},
		{"[{cidr: 127.0.0.0/8}]", "http://localhost/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://127.0.0.1.nip.test/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://2130706433/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://0x7f000001/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://0177.0.0.1/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://127.1/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://128.0.0.1/", false},
		{"[{cidr: 127.0.0.0/8}]", "http://[::ffff:127.0.0.1]/", true},
		{"[{cidr: 127.0.0.0/8}]", "http://[::1]/", false},
		{"[{cidr: 10.1.2.3/8}]", "http://10.9.9.9/", true},
		{"[{cidr: 10.0.0.7/32}]", "http://10.0.0.8/", false},
		{"[{cidr: 0.0.0.0/0}]", "http://8.8.8.8/", true},
		{"[{cidr: 0.0.0.0/0}]", "http://[2001:db8::1]/", false},
		{"[{cidr: 'fd00::/8'}]", "http://[fd12::1]:8080/", true},
		{"[{cidr: 'fd00::/8'}]", "http://[FD12:0:0::1]/", true},
		{"[{cidr: 'fe80::/10'}]", "http://[fe80::1%25lo]/", true},
		{"[{cidr: '::/0'}]", "http://10.0.0.1/", false},
		{"[{cidr: '::/0'}]", "http://[::ffff:10.0.0.1]/", false},

		// Ports; by default that of the scheme.
		{"[{host: h, ports: [8080]}]", "http://h:8080/", true},
		{"[{host: h, ports: [8080]}]", "http://h:08080/", true},
		{"[{host: h, ports: [8080]}]", "http://h/", false},
		{"[{host: h, ports: [80, 443]}]", "http://h/", true},
		{"[{host: h, ports: [80, 443]}]", "https://h/", true},
		{"[{host: h, ports: [80]}]", "https://h/", false},
		{"[{host: h, ports: [80]}]", "https://h:80/", true},
		{"[{cidr: 10.0.0.0/8, ports: [8080]}]", "http://10.0.0.1:22/", false},
		{"[{host: h, ports: []}]", "http://h:1/", true},

		// One matching rule is enough; rules are not combined.
		{"[{host: a, ports: [1]}, {host: b, ports: [2]}]", "http://b:2/", true},
		{"[{host: a, ports: [1]}, {host: b, ports: [2]}]", "http://a:2/", false},

		// Sockets are never allowed.
		{"[{host: localhost}, {cidr: 0.0.0.0/0}, {cidr: '::/0'}]", "unix:/run/x.sock:/", false},
		{"[{host: localhost}]", "unix:@x:/", false},
	} {
		_, err := probes(t, "probe: {allow: "+c.allow+"}").Target(c.target, "")
		switch {
		case c.want && err != nil:
			t.Errorf("%s does not let %s: %v", c.allow, c.target, err)
		case !c.want && !errors.Is(err, ErrForbidden):
			t.Errorf("%s lets %s: %v", c.allow, c.target, err)
		}
	}
}

// probes returns the rules of /probe in a configuration file.
func probes(t *testing.T, file string) *Probes {
	t.Helper()
	config := flags()
	config.ConstLabs = []string{"team=web"}
	config.File = newFile(t, file)
	settings, err := config.Validate()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return settings.Probes()
}

func TestAllowRefuses(t *testing.T) {
	for allow, want := range map[string]string{
		"{}":                              "exactly one of host and cidr is required",
		"{ports: [80]}":                   "exactly one of host and cidr is required",
		"{host: a, cidr: 10.0.0.0/8}":     "exactly one of host and cidr is required",
		"{cidr: 10.0.0.1}":                `cidr: "10.0.0.1" is not a valid CIDR range`,
		"{cidr: 10.0.0.0/33}":             "cidr: ",
		"{cidr: h.test/8}":                "cidr: ",
		"{cidr: 'fe80::%eth0/64'}":        "cidr: ",
		"{cidr: '::ffff:10.0.0.0/104'}":   "is an IPv4-mapped range",
		"{host: '*'}":                     "host: ",
		"{host: '*.'}":                    "host: ",
		"{host: '.'}":                     "host: ",
		"{host: '*.*.test'}":              "host: ",
		"{host: 'a*.test'}":               "host: ",
		"{host: .test}":                   "host: ",
		"{host: 'h:80'}":                  "ports belong under `ports`",
		"{host: '[::1]'}":                 "host: ",
		"{host: 'http://h/'}":             "host: ",
		"{host: 'u@h'}":                   "host: ",
		"{host: 'a b'}":                   "host: ",
		"{host: h, ports: [0]}":           "ports: 0 is not a valid port",
		"{host: h, ports: [65536]}":       "the number is out of range, or not whole",
		"{host: h, ports: [-1]}":          "the number is out of range, or not whole",
		"{host: h, ports: [http]}":        "must be a number, not text",
		"{host: h, ports: 80}":            "must be a list, not a number",
		"{host: h, port: 80}":             `unknown key "port"`,
		"{host: h}, {host: h, cidr: h}":   "allow[1]: exactly one of host and cidr",
		"{host: h, ports: [80], x: \"\"}": `unknown key "x"`,
	} {
		config := flags()
		config.File = newFile(t, "probe: {allow: ["+allow+"]}")
		_, err := config.Validate()
		checkError(t, allow, err, want)
	}
}

func TestProbeModules(t *testing.T) {
	const file = `
modules:
  default: {timeout: 2s}
  slow: {timeout: 7s, host: status.test}
probe: {allow: [{host: h}]}
`
	p := probes(t, file)
	for module, want := range map[string]time.Duration{"": 2 * time.Second, "default": 2 * time.Second, "slow": 7 * time.Second} {
		options, err := p.Target("http://h/x", module)
		if err != nil {
			t.Fatal(err)
		}
		if options.Client.Timeout != want {
			t.Errorf("module %q: timeout %s", module, options.Client.Timeout)
		}
		if len(options.Labels) != 1 || options.Labels[0].Name != "team" {
			t.Errorf("module %q: labels %v", module, options.Labels)
		}
	}
	if _, err := p.Target("http://h/x", "Slow"); !errors.Is(err, errUnknownModule) {
		t.Errorf("an unknown module: %v", err)
	}
	// The default module has the values of the flags.
	options, err := probes(t, "probe: {allow: [{host: h}]}").Target("http://h/", "")
	if err != nil || options.Client.Timeout != time.Minute {
		t.Errorf("without modules: %v, %v", options, err)
	}
}

func TestProbeTargets(t *testing.T) {
	p := probes(t, "probe: {allow: [{host: h}]}")
	for target, want := range map[string]string{
		"http://u:" + hidden + "@h/":    "must not contain credentials",
		"http://" + hidden + "@h/":      "must not contain credentials",
		"":                              "target",
		"h":                             "target",
		"ftp://h/":                      "target",
		"http://h:99999/":               "port",
		"http://u:" + hidden + "@h:x/y": "target",
	} {
		_, err := p.Target(target, "")
		checkError(t, target, err, want)
		if errors.Is(err, ErrForbidden) || errors.Is(err, ErrProbeOff) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, file := range []string{"{}", "probe: {}", "probe: {allow: []}"} {
		if _, err := probes(t, file).Target("http://h/", ""); !errors.Is(err, ErrProbeOff) {
			t.Errorf("%s: %v", file, err)
		}
	}
	// The order of the checks does not reveal what is allowed.
	if _, err := p.Target("http://other/", "none"); !errors.Is(err, errUnknownModule) {
		t.Error(err)
	}
	if _, err := p.Target("http://h/"+strings.Repeat("x", 5000), ""); err != nil {
		t.Error(err)
	}
}
