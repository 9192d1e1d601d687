package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
)

// flags returns the configuration of the default flags.
func flags() *Config {
	return &Config{
		Nginx: Nginx{
			ScrapeURIs: []string{"http://127.0.0.1:8080/stub_status"}, DefaultURI: true,
			Mode: "auto", Verify: true, Timeout: time.Minute, AddrLabel: "auto", MaxDocument: 1 << 20,
		},
		Web: Web{
			Listen: []string{":9113"}, TelemetryPath: "/metrics", ExporterMetrics: "basic", MaxRequests: 128,
			Limits: Limits{
				ReadTimeout: time.Second, WriteTimeout: time.Second, IdleTimeout: time.Second,
				ShutdownTimeout: time.Second, TimeoutOffset: time.Second,
			},
		},
		UserAgent: "test",
	}
}

// hidden is a secret that neither errors nor targets may show.
const hidden = "t0psecret"

// checkError checks that an error is one line, names what is wrong and shows no
// secret.
func checkError(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: no error, want %q", what, want)
	case !strings.Contains(err.Error(), want):
		t.Errorf("%s: %q does not say %q", what, err, want)
	case strings.ContainsAny(err.Error(), "\n\r"):
		t.Errorf("%s: more than one line: %q", what, err)
	case strings.Contains(err.Error(), hidden):
		t.Errorf("%s: a secret is shown: %q", what, err)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	settings, err := flags().Validate()
	if err != nil {
		t.Fatal(err)
	}
	if len(settings.Targets()) != 1 || len(settings.Warnings()) != 0 {
		t.Errorf("%d targets, warnings %q", len(settings.Targets()), settings.Warnings())
	}
	target := settings.Targets()[0]
	if target.Client.Target.String() != "http://127.0.0.1:8080/stub_status" || target.Client.Timeout != time.Minute ||
		!reflect.ValueOf(target.Client.HTTP).IsZero() || len(target.Labels) != 0 || target.Client.Mode != client.ModeAuto {
		t.Errorf("%+v", target)
	}
	if _, err := settings.Probes().Target("http://127.0.0.1:8080/stub_status", ""); err != ErrProbeOff { //nolint:errorlint // not wrapped
		t.Errorf("probing is on: %v", err)
	}
}

func TestValidateRefuses(t *testing.T) {
	pki := newPKI(t)
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"max requests 0":        {func(c *Config) { c.Web.MaxRequests = 0 }, "--web.max-requests must be at least 1"},
		"max requests -1":       {func(c *Config) { c.Web.MaxRequests = -1 }, "--web.max-requests must be at least 1"},
		"exporter metrics":      {func(c *Config) { c.Web.ExporterMetrics = "some" }, `--web.exporter-metrics: "some" is not one of none, basic, full`},
		"no address":            {func(c *Config) { c.Web.Listen = nil }, "--web.listen-address: missing address"},
		"address without port":  {func(c *Config) { c.Web.Listen = []string{":9113", "host"} }, `--web.listen-address: "host" is not`},
		"IPv6 without brackets": {func(c *Config) { c.Web.Listen = []string{"::1:9113"} }, "--web.listen-address"},
		"port 65536":            {func(c *Config) { c.Web.Listen = []string{":65536"} }, `invalid port "65536"`},
		"port -1":               {func(c *Config) { c.Web.Listen = []string{":-1"} }, `invalid port "-1"`},
		"relative socket":       {func(c *Config) { c.Web.Listen = []string{"unix:a"} }, "must be absolute"},
		"empty path":            {func(c *Config) { c.Web.TelemetryPath = "" }, "--web.telemetry-path"},
		"path without a slash":  {func(c *Config) { c.Web.TelemetryPath = "metrics" }, "--web.telemetry-path"},
		"path with a query":     {func(c *Config) { c.Web.TelemetryPath = "/a?b" }, "--web.telemetry-path"},
		"path with a wildcard":  {func(c *Config) { c.Web.TelemetryPath = "/{$}" }, "--web.telemetry-path"},
		"path with an escape":   {func(c *Config) { c.Web.TelemetryPath = "/a%2fb" }, "--web.telemetry-path"},
		"path with two slashes": {func(c *Config) { c.Web.TelemetryPath = "/a//b" }, "--web.telemetry-path"},
		"path with dots":        {func(c *Config) { c.Web.TelemetryPath = "/a/.." }, "--web.telemetry-path"},
		"path of the probe":     {func(c *Config) { c.Web.TelemetryPath = "/probe/x" }, "--web.telemetry-path: /probe is reserved"},
		"path of health":        {func(c *Config) { c.Web.TelemetryPath = "/-" }, "--web.telemetry-path: /- is reserved"},
		"no web config":         {func(c *Config) { c.Web.ConfigFile = "none" }, "--web.config.file: open none"},
		"broken web config":     {func(c *Config) { c.Web.ConfigFile = pki.file("web", "basic_auth_users: "+hidden) }, "--web.config.file: "},
		"plain password":        {func(c *Config) { c.Web.ConfigFile = pki.file("web", "basic_auth_users: {a: "+hidden+"}") }, "--web.config.file: "},
		"old TLS, no key":       {func(c *Config) { c.Web.SecuredMetrics, c.Web.TLSCert = true, "x" }, "--web.secured-metrics requires"},
		"old TLS, no file":      {func(c *Config) { c.Web.SecuredMetrics, c.Web.TLSCert, c.Web.TLSKey = true, "x", "y" }, "--web.ssl-server-cert, --web.ssl-server-key: open x"},
		"old TLS and new":       {func(c *Config) { c.Web.SecuredMetrics, c.Web.ConfigFile = true, pki.file("web", "{}") }, "are mutually exclusive"},
		"mode":                  {func(c *Config) { c.Nginx.Mode = "nginx" }, `--nginx.mode: "nginx" is not a valid mode`},
		"plus and stub_status":  {func(c *Config) { c.Nginx.Plus, c.Nginx.Mode = true, "stub_status" }, "--nginx.plus and --nginx.mode=stub_status are mutually exclusive"},
		"zone include":          {func(c *Config) { c.Nginx.Filter.IncludeZones = "(" }, `--nginx.plus.zone-include: "(" is not a valid regular expression`},
		"zone exclude":          {func(c *Config) { c.Nginx.Filter.ExcludeZones = "(" }, `--nginx.plus.zone-exclude: "("`},
		"upstream include":      {func(c *Config) { c.Nginx.Filter.IncludeUpstreams = "(" }, `--nginx.plus.upstream-include: "("`},
		"upstream exclude":      {func(c *Config) { c.Nginx.Filter.ExcludeUpstreams = "[" }, `--nginx.plus.upstream-exclude: "["`},
		"peer include":          {func(c *Config) { c.Nginx.Filter.IncludeServers = "(" }, `--nginx.plus.peer-include: "("`},
		"peer exclude":          {func(c *Config) { c.Nginx.Filter.ExcludeServers = "\n(" }, `--nginx.plus.peer-exclude: `},
		"max series":            {func(c *Config) { c.Nginx.Filter.MaxSeries = -1 }, "--nginx.plus.max-series: "},
		"max document":          {func(c *Config) { c.Nginx.MaxDocument = 0 }, "--nginx.plus.max-document must be positive"},
		"unknown source":        {func(c *Config) { c.Nginx.Filter.Sources = map[string]bool{"x": true} }, `unknown source "x"`},
		"addr label":            {func(c *Config) { c.Nginx.AddrLabel = "" }, "--nginx.addr-label"},
		"timeout 0":             {func(c *Config) { c.Nginx.Timeout = 0 }, "--nginx.timeout: 0s is not positive"},
		"timeout below 0":       {func(c *Config) { c.Nginx.Timeout = -time.Second }, "--nginx.timeout: -1s is not positive"},
		"host with a blank":     {func(c *Config) { c.Nginx.Host = "a b" }, "--nginx.host-header"},
		"host with a newline":   {func(c *Config) { c.Nginx.Host = "a\r\nX: y" }, "--nginx.host-header"},
		"host with a slash":     {func(c *Config) { c.Nginx.Host = "a/b" }, "--nginx.host-header"},
		"host beyond ASCII":     {func(c *Config) { c.Nginx.Host = "ä" }, "--nginx.host-header"},
		"server name and port":  {func(c *Config) { c.Nginx.ServerName = "h:443" }, "--nginx.ssl-server-name"},
		"server name as a URL":  {func(c *Config) { c.Nginx.ServerName = "https://h" }, "--nginx.ssl-server-name"},
		"certificate alone":     {func(c *Config) { c.Nginx.ClientCert = pki.path("client.crt") }, "--nginx.ssl-client-cert and --nginx.ssl-client-key"},
		"key alone":             {func(c *Config) { c.Nginx.ClientKey = pki.path("client.key") }, "--nginx.ssl-client-cert and --nginx.ssl-client-key"},
		"key of another": {func(c *Config) {
			c.Nginx.ClientCert, c.Nginx.ClientKey = pki.path("client.crt"), pki.path("server.key")
		}, "--nginx.ssl-client-key"},
		"CA missing":             {func(c *Config) { c.Nginx.CACert = "none" }, "--nginx.ssl-ca-cert"},
		"CA without certificate": {func(c *Config) { c.Nginx.CACert = pki.file("ca", hidden) }, "--nginx.ssl-ca-cert"},
		"label without value":    {func(c *Config) { c.ConstLabs = []string{"a=b", "c"} }, `--prometheus.const-label: "c" is not NAME=VALUE`},
		"label with a dash":      {func(c *Config) { c.ConstLabs = []string{"a-b=c"} }, `--prometheus.const-label: "a-b" is not a valid label name`},
		"label beyond ASCII":     {func(c *Config) { c.ConstLabs = []string{"ä=c"} }, `--prometheus.const-label: "ä" is not a valid label name`},
		"label with digit first": {func(c *Config) { c.ConstLabs = []string{"9=c"} }, `--prometheus.const-label: "9" is not a valid label name`},
		"reserved label":         {func(c *Config) { c.ConstLabs = []string{"__name__=c"} }, `--prometheus.const-label: "__name__" is reserved`},
		"label value not UTF-8":  {func(c *Config) { c.ConstLabs = []string{"a=\xff"} }, `--prometheus.const-label: the value of "a" is not valid UTF-8`},
		"no target":              {func(c *Config) { c.Nginx.ScrapeURIs = []string{""} }, `--nginx.scrape-uri: target ""`},
		"target with secret":     {func(c *Config) { c.Nginx.ScrapeURIs = []string{"http://u:" + hidden + "@h:x/"} }, "--nginx.scrape-uri: target"},
		"target with secret 2":   {func(c *Config) { c.Nginx.ScrapeURIs = []string{"http://h:x/?token=" + hidden} }, "--nginx.scrape-uri: target"},
		"same target twice":      {func(c *Config) { c.Nginx.ScrapeURIs = []string{"http://u:" + hidden + "@h/x", "http://h:80/x"} }, "--nginx.scrape-uri: target http://h:80/x is given twice"},
		"no file":                {func(c *Config) { c.File = "none" }, "--config.file: open none"},
		"a directory":            {func(c *Config) { c.File = t.TempDir() }, "is not a regular file"},
		"targets twice": {func(c *Config) {
			c.Nginx.DefaultURI, c.File = false, pki.file("exporter.yml", "targets: []")
		}, "--nginx.scrape-uri and `targets` in --config.file are mutually exclusive"},
	} {
		c2 := flags()
		c.change(c2)
		_, err := c2.Validate()
		checkError(t, name, err, c.want)
	}
}

// TestErrorsNameVariables names what the operator has set.
func TestErrorsNameVariables(t *testing.T) {
	c := flags()
	c.Nginx.Mode, c.Nginx.Plus = "stub_status", true
	c.Variables = map[string]string{"nginx.plus": "NGINX_PLUS", "nginx.scrape-uri": "SCRAPE_URI"}
	_, err := c.Validate()
	checkError(t, "mode", err, "NGINX_PLUS and --nginx.mode=stub_status are mutually exclusive")
	c.Nginx.Plus, c.Nginx.ScrapeURIs = false, []string{"ftp://h/"}
	_, err = c.Validate()
	checkError(t, "target", err, `SCRAPE_URI: target "ftp://h/"`)
	c = flags()
	c.ConstLabs, c.Variables = []string{"job=x"}, map[string]string{"prometheus.const-label": "CONST_LABELS"}
	settings, err := c.Validate()
	if err != nil || len(settings.Warnings()) != 1 || !strings.HasPrefix(settings.Warnings()[0], "CONST_LABELS: ") {
		t.Errorf("%v, %v", settings, err)
	}
}

// TestSecretsInTheWrongPlace puts secrets where errors quote values.
func TestSecretsInTheWrongPlace(t *testing.T) {
	const token = "ghp0123456789" + hidden
	for name, change := range map[string]func(c *Config, secret string){
		"address":    func(c *Config, s string) { c.Web.Listen = []string{s} },
		"port":       func(c *Config, s string) { c.Web.Listen = []string{":" + s} },
		"path":       func(c *Config, s string) { c.Web.TelemetryPath = s },
		"metrics":    func(c *Config, s string) { c.Web.ExporterMetrics = s },
		"mode":       func(c *Config, s string) { c.Nginx.Mode = s },
		"addr label": func(c *Config, s string) { c.Nginx.AddrLabel = s },
		"label":      func(c *Config, s string) { c.ConstLabs = []string{s} },
		"label name": func(c *Config, s string) { c.ConstLabs = []string{s + "-=x"} },
		"target":     func(c *Config, s string) { c.Nginx.ScrapeURIs = []string{s} },
		"filter":     func(c *Config, s string) { c.Nginx.Filter.IncludeZones = s + "(" },
		"file":       func(c *Config, s string) { c.File = s },
		"key":        func(c *Config, s string) { c.File = newFile(t, "'"+s+"': 1") },
		"timeout":    func(c *Config, s string) { c.File = newFile(t, "modules: {m: {timeout: '"+s+"'}}") },
		"probe":      func(c *Config, s string) { c.File = newFile(t, "probe: {allow: [{host: '"+s+"*'}]}") },
		"collector":  func(c *Config, s string) { c.File = newFile(t, "modules: {m: {collectors: {'"+s+"': true}}}") },
		"TLS version": func(c *Config, s string) {
			c.File = newFile(t, "modules: {m: {http_client_config: {tls_config: {min_version: '"+s+"'}}}}")
		},
		"header": func(c *Config, s string) {
			c.File = newFile(t, "modules: {m: {http_client_config: {http_headers: {'"+s+" ': {values: [a]}}}}}")
		},
		"module": func(c *Config, s string) { c.File = newFile(t, "modules: {'"+s+"': {mode: x}}") },
	} {
		for _, secret := range []string{"http://admin:" + hidden + "@h/x", "admin:" + hidden + "@h", "password=" + hidden, "my-token " + hidden, token} {
			if strings.Contains(secret, " ") && slices.Contains([]string{"file", "module", "TLS version"}, name) {
				continue // such errors do not quote values
			}
			c := flags()
			change(c, secret)
			if _, err := c.Validate(); err != nil {
				checkError(t, name, err, ": ")
			}
		}
	}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"several addresses": func(c *Config) {
			c.Web.Listen = []string{"[::1]:9113", "localhost:http", "unix:/run/x.sock", "unix:@x", "vsock://:9113", ":0"}
		},
		"systemd alone":    func(c *Config) { c.Web.Listen, c.Web.Systemd = nil, true },
		"path /":           func(c *Config) { c.Web.TelemetryPath = "/" },
		"long path":        func(c *Config) { c.Web.TelemetryPath = "/a-b/c_d/e.f~" },
		"path like probe":  func(c *Config) { c.Web.TelemetryPath = "/probes" },
		"host and port":    func(c *Config) { c.Nginx.Host = "h.example.com:8080" },
		"server name":      func(c *Config) { c.Nginx.ServerName = "h.example.com" },
		"server address":   func(c *Config) { c.Nginx.ServerName = "fd00::1" },
		"no verification":  func(c *Config) { c.Nginx.Verify = false },
		"empty label":      func(c *Config) { c.ConstLabs = []string{"a="} },
		"mode stub_status": func(c *Config) { c.Nginx.Mode = "stub_status" },
	} {
		c := flags()
		change(c)
		if _, err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDuplicateTargets(t *testing.T) {
	for _, c := range []struct {
		one, other string
		twice      bool
	}{
		{"http://h/x", "http://h/x", true},
		{"http://h/x", "http://h:80/x", true},
		{"http://h/x", "http://H/x", true},
		{"HTTP://h/x", "http://h/x", true},
		{"http://h", "http://h/", true},
		{"https://h/x", "https://h:443/x", true},
		{"http://h:080/x", "http://h/x", true},
		{"http://u:p@h/x", "http://v:q@h/x", true},
		{"http://h/x#a", "http://h/x#b", true},
		{"unix:/s", "unix:/s:/", true},
		{"unix:/s:", "unix:/s:/", true},
		{"http://[::1]/x", "http://[::1]:80/x", true},
		{"http://h/x", "https://h/x", false},
		{"http://h/x", "http://h:81/x", false},
		{"http://h/x", "http://h/X", false},
		{"http://h/x?a=1", "http://h/x?a=2", false},
		{"unix:/s:/x", "unix:/S:/x", false},
		{"unix:/s:/x", "http://localhost/x", false},
		// They differ in credentials only, which are not in the label.
		{"http://h/x?token=1", "http://h/x?token=2", true},
	} {
		c2 := flags()
		c2.Nginx.ScrapeURIs = []string{c.one, c.other}
		_, err := c2.Validate()
		if (err != nil) != c.twice {
			t.Errorf("%s and %s: %v", c.one, c.other, err)
		}
		if err != nil {
			checkError(t, c.other, err, "--nginx.scrape-uri: ")
		}
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		name string
		labs []string
		addr string // of AddrLabels
		file string
		want []string // NAME=VALUE of the first target
		warn string
	}{
		{name: "none", want: nil},
		{name: "always", addr: "always", want: []string{"addr=http://127.0.0.1:8080/stub_status"}},
		{name: "in order", labs: []string{"b=2", "a=1"}, want: []string{"a=1", "b=2"}},
		{name: "the last wins", labs: []string{"a=1", "a=2"}, want: []string{"a=2"}},
		{name: "odd values", labs: []string{"a=b=c", "d:e", "f=x\"\\\n"}, want: []string{"a=b=c", "d=e", "f=x\"\\\n"}},
		{name: "quotes", labs: []string{`a="b"`}, want: []string{`a="b"`}, warn: "--prometheus.const-label: the value of a has quotes, which become part of it"},
		{name: "addr alone", labs: []string{"addr=x"}, want: []string{"addr=x"}},
		{name: "addr beside", labs: []string{"addr=x"}, addr: "always", want: []string{"addr=http://127.0.0.1:8080/stub_status"}, warn: "the label addr identifies"},
		{name: "Prometheus' own", labs: []string{"job=x"}, want: []string{"job=x"}, warn: "Prometheus sets the label job itself"},
		{name: "a metric's own", labs: []string{"version=x"}, want: []string{"version=x"}, warn: "nginx_server_info has its own label version"},
		{name: "of the file", labs: []string{"a=1", "b=1"}, file: "targets: [{uri: http://h/, labels: {b: 2, c: 3}}]", want: []string{"a=1", "b=2", "c=3"}},
		{name: "name", file: "targets: [{uri: http://h/, name: n}]", want: []string{"addr=n"}},
		{name: "two", file: "targets: [{uri: 'http://u:" + hidden + "@h/'}, {uri: http://g/}]", want: []string{"addr=http://h/"}},
		{name: "numbers", file: "targets: [{uri: http://h/, labels: {a: 1, b: true}}]", want: []string{"a=1", "b=true"}},
	} {
		config := flags()
		config.ConstLabs = c.labs
		if c.addr != "" {
			config.Nginx.AddrLabel = c.addr
		}
		if c.file != "" {
			config.File = newPKI(t).file("exporter.yml", c.file)
		}
		settings, err := config.Validate()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var have []string
		for _, label := range settings.Targets()[0].Labels {
			have = append(have, label.Name+"="+label.Value)
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: %q, not %q", c.name, have, c.want)
		}
		if warnings := strings.Join(settings.Warnings(), "\n"); (c.warn == "") != (warnings == "") || !strings.Contains(warnings, c.warn) {
			t.Errorf("%s: warnings %q, not %q", c.name, warnings, c.warn)
		}
	}
}

// pki creates files for a test, mostly certificates.
type pki struct {
	t         *testing.T
	directory string
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
}

// newPKI returns a CA in ca.crt, and server and client certificates of it.
func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, directory: t.TempDir()}
	p.renew()
	return p
}

// renew replaces all files, so that the old ones are no longer trusted.
func (p *pki) renew() {
	p.t.Helper()
	p.authority = &x509.Certificate{
		Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	p.key = nil
	p.key = p.issue("ca", p.authority)
	p.issue("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"nginx.test"}})
	p.issue("client", &x509.Certificate{Subject: pkix.Name{CommonName: "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

func (p *pki) issue(name string, template *x509.Certificate) *ecdsa.PrivateKey {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.must(err)
	signer := p.key
	if signer == nil {
		signer = key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signed, err := x509.CreateCertificate(rand.Reader, template, p.authority, &key.PublicKey, signer)
	p.must(err)
	secretKey, err := x509.MarshalPKCS8PrivateKey(key)
	p.must(err)
	p.file(name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})))
	p.file(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secretKey})))
	return key
}

func (p *pki) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pki) path(name string) string { return filepath.Join(p.directory, name) }

// file writes a file and returns its path.
func (p *pki) file(name, text string) string {
	p.t.Helper()
	p.must(os.WriteFile(p.path(name), []byte(text), 0o600))
	return p.path(name)
}

// TestManyTargets limits the cost of a reload with thousands of targets.
func TestManyTargets(t *testing.T) {
	const targets, most = 1000, 200
	c := flags()
	c.Nginx.ScrapeURIs = nil
	for n := range targets {
		c.Nginx.ScrapeURIs = append(c.Nginx.ScrapeURIs, fmt.Sprintf("http://nginx-%d:8080/stub_status", n))
	}
	allocations := testing.AllocsPerRun(1, func() {
		if _, err := c.Validate(); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > targets*most {
		t.Errorf("%.0f allocations for %d targets", allocations, targets)
	}
}
