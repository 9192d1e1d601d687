package config

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"nginx-exporter/client"
)

// FuzzLoadFile loads any text as a configuration file. What the loader accepts is
// either refused in one line or results in targets that can be scraped.
func FuzzLoadFile(f *testing.F) {
	examples, err := filepath.Glob(fromRoot("examples/*/*.yml"))
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples found", err)
	}
	for _, example := range examples {
		text, err := os.ReadFile(example) // a file of this repository
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"", "null", "targets: [null]", "targets: &a [{uri: http://h/, labels: &b {a: 1}}]\nmodules: {m: {http_client_config: {http_headers: {X: {values: [*b]}}}}}",
		"modules: {m: {http_client_config: {<<: {proxy_url: ':'}}}}", "probe: {allow: [{host: '*.h'}, {cidr: '::/0', ports: [1]}]}",
		"targets: !!set {a}", "? [a]\n: b", "targets: [{uri: !!binary aHR0cDovL2gv}]", "%YAML 1.1\n---\n{}", "a: b: c", "\ufeff{}", "targets: [{timeout: 1h}]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseFile(text)
		if err != nil {
			if line := oneLine(err); line == "" || strings.ContainsAny(line, "\n\r") {
				t.Errorf("%q is not one line", line)
			}
			return
		}
		b, err := flags().newBuilder()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.targets(file); err == nil {
			_, _ = b.probes(file) // it only has to return
		}
	})
}

// FuzzSettings builds a configuration from parts, so that most inputs are valid
// YAML.
func FuzzSettings(f *testing.F) {
	f.Add("http://h/x", "http://g:81/", "shop", "team", "web", "5s", "auto", "h.test", "X-Key", "v", "pw")
	f.Add("unix:/s:/x", "unix:@s", "", "a", "\"\\\n", "1h2m", "stub_status", "", "a", "\t", "")
	f.Add("http://user:t0psecret@h/", "http://h", "addr", "addr", "", "0s", "plus", "a b", "Host", "a\nb", "t0psecret")
	f.Add("https://[::1]:443/", "https://[0:0::1]/", "x", "__name__", "\u00e4", "1e9s", "x", "[::1]:80", "", "", "`")
	f.Fuzz(func(t *testing.T, one, other, name, label, value, timeout, mode, host, header, headerValue, password string) {
		text, err := yaml.Marshal(map[string]any{"targets": []any{
			map[string]any{
				"uri": one, "name": name, "labels": map[string]string{label: value}, "timeout": timeout, "mode": mode, "host": host,
				"http_client_config": map[string]any{
					"basic_auth":   map[string]string{"username": "u", "password": password + hidden},
					"http_headers": map[string]any{header: map[string]any{"secrets": []string{headerValue + hidden}}},
				},
			},
			map[string]any{"uri": other},
		}})
		if err != nil {
			return // it cannot be encoded
		}
		input := one + other + name + label + value + timeout + mode + host + header
		if err := tryFile(t, text); err != nil && !strings.Contains(input, hidden) && strings.Contains(oneLine(err), hidden) {
			t.Errorf("a secret is shown: %v", err)
		}
	})
}

// tryFile returns the error of an invalid file, and checks the targets of a valid
// one.
func tryFile(t *testing.T, text []byte) error {
	t.Helper()
	file, err := parseFile(text)
	if err != nil {
		return err
	}
	b, err := flags().newBuilder()
	if err != nil {
		t.Fatal(err)
	}
	targets, err := b.targets(file)
	if err != nil {
		return err
	}
	if len(targets) != len(*file.Targets) {
		t.Errorf("%d targets of %d", len(targets), len(*file.Targets))
	}
	for _, target := range targets {
		scraper, err := client.New(target.Client)
		if err != nil {
			t.Errorf("%s is accepted and cannot be scraped: %v", target.Client.Target, err)
			continue
		}
		scraper.Close()
		var names []string
		for _, label := range target.Labels {
			names = append(names, label.Name)
			if !model.LegacyValidation.IsValidLabelName(label.Name) || !utf8.ValidString(label.Value) {
				t.Errorf("label %q=%q", label.Name, label.Value)
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(names)) != len(target.Labels) {
			t.Errorf("labels %q", names)
		}
	}
	return nil
}

// FuzzTargets gives two targets, of which one has a password.
func FuzzTargets(f *testing.F) {
	for _, uri := range []string{
		"http://h/x", "h/x", "h:80/x?token=1", "[::1]:80/", "h:0", "h%41/", "h/%2e%2e/", "h\\/", "h:80:80/", "h#@", "@@h/", "/", "h?x@y", "h;x", "\x00",
		"unix:/s:/x", "unix:/a:b:/x?k=v", "unix:@n", "unix::/", "https://H.:443/", "http://h:080", "HTTP://h", "http://%68/",
	} {
		f.Add(uri, "http://h/x")
		f.Add(uri, uri)
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		c := flags()
		c.Nginx.ScrapeURIs = []string{"http://user:" + hidden + "@" + one, other}
		settings, err := c.Validate()
		if err != nil {
			// A # ends the password; the rest is shown.
			if strings.Contains(err.Error(), hidden) && !strings.Contains(one+other, hidden) || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("a secret or a line too many: %q", err)
			}
			return
		}
		first, second := settings.Targets()[0], settings.Targets()[1]
		if shown := first.Client.Target.String(); strings.Contains(shown, hidden) && !strings.Contains(one, hidden) {
			t.Errorf("a secret is shown: %s", shown)
		}
		if first.Client.Target.Key() == second.Client.Target.Key() || slices.Equal(first.Labels, second.Labels) {
			t.Errorf("%s and %s cannot be distinguished", first.Client.Target, second.Client.Target)
		}
		for _, target := range settings.Targets() {
			if _, err := client.New(target.Client); err != nil {
				t.Errorf("%s is accepted and cannot be scraped: %v", target.Client.Target, err)
			}
		}
	})
}

// FuzzAllow compares the rules of probe.allow with an implementation by net/url and
// netip alone.
func FuzzAllow(f *testing.F) {
	for _, rule := range [][2]string{{"h.test", ""}, {"*.h.test", ""}, {"::1", ""}, {"10.0.0.1", ""}, {"", "10.0.0.0/8"}, {"", "fd00::/8"}, {"", "::/0"}, {"", "0.0.0.0/0"}} {
		for _, target := range []string{
			"http://h.test/", "https://x.H.test.:8443/", "http://10.0.0.1:8080/x", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/", "http://[fe80::1%25eth0]:80/",
			"http://h.test@evil/", "http://evil#h.test", "http://evil\\.h.test/", "http://10.0.0.1.evil/", "http://0xa000001/", "unix:/s:/", "http://h.test:/",
		} {
			f.Add(rule[0], rule[1], uint16(0), target)
			f.Add(rule[0], rule[1], uint16(8080), target)
		}
	}
	f.Fuzz(func(t *testing.T, host, cidr string, port uint16, target string) {
		allow := Allow{Host: host, CIDR: cidr}
		if port != 0 {
			allow.Ports = []uint16{port}
		}
		b, err := flags().newBuilder()
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.probes(&File{Probe: Probe{Allow: []Allow{allow}}})
		if err != nil {
			return
		}
		options, err := p.Target(target, "")
		if err != nil {
			return
		}
		if options.Client.Timeout != time.Minute {
			t.Errorf("timeout %s", options.Client.Timeout)
		}
		checkAllowed(t, allow, target)
	})
}

func checkAllowed(t *testing.T, allow Allow, target string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		t.Fatalf("%q is allowed", target)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if len(allow.Ports) > 0 && strings.TrimLeft(port, "0") != strconv.Itoa(int(allow.Ports[0])) {
		t.Errorf("port %s is probed, not %d", port, allow.Ports[0])
	}
	address, err := netip.ParseAddr(u.Hostname())
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	rule := strings.TrimSuffix(strings.ToLower(allow.Host), ".")
	switch {
	case allow.CIDR != "":
		if prefix := netip.MustParsePrefix(allow.CIDR); err != nil || !prefix.Contains(address.Unmap().WithZone("")) {
			t.Errorf("%s is allowed by %s", target, allow.CIDR)
		}
	case strings.HasPrefix(rule, "*."):
		if err == nil || len(name) <= len(rule)-1 || name[len(name)-len(rule)+1:] != rule[1:] {
			t.Errorf("%s is allowed by %s", target, allow.Host)
		}
	case name != rule:
		t.Errorf("%s is allowed by %s", target, allow.Host)
	}
}
