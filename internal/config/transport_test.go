package config

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
)

// peer is an nginx that records the headers of requests.
type peer struct {
	*httptest.Server
	header atomic.Pointer[http.Header]
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		header.Set("Client", r.TLS.PeerCertificates[0].Subject.CommonName)
	}
	p.header.Store(&header)
	// Each request has a connection of its own.
	w.Header().Set("Connection", "close")
	_, _ = io.WriteString(w, "Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n")
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// newTLSPeer reloads its certificate and the CA of its clients for each connection,
// as nginx does after a reload.
func newTLSPeer(t *testing.T, files *pki, mutual bool) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	p.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		certificate, err := tls.LoadX509KeyPair(files.path("server.crt"), files.path("server.key"))
		config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
		if mutual {
			authority, readErr := os.ReadFile(files.path("ca.crt"))
			if readErr != nil {
				return nil, readErr
			}
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
			config.ClientCAs.AppendCertsFromPEM(authority)
		}
		return config, err
	}}
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

// newClient returns a client as the configuration makes it for its first target.
func newClient(t *testing.T, config *Config) *client.Client {
	t.Helper()
	settings, err := config.Validate()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(settings.Targets()[0].Client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// scraped checks that a scrape succeeds, and returns the header of the request.
func (p *peer) scraped(t *testing.T, c *client.Client) http.Header {
	t.Helper()
	if _, err := stubstatus.Read(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return *p.header.Load()
}

// refuses checks that a scrape fails for that reason.
func refuses(t *testing.T, what string, c *client.Client, want client.Reason) {
	t.Helper()
	if _, err := stubstatus.Read(t.Context(), c); err == nil || client.ReasonOf(err) != want {
		t.Errorf("%s: %v, not for the reason %s", what, err, want)
	}
}

func want(t *testing.T, header http.Header, name, value string) {
	t.Helper()
	if have := strings.Join(header.Values(name), "|"); have != value {
		t.Errorf("%s is %q, not %q", name, have, value)
	}
}

// TestCredentialFiles changes files while the client is in use: the next request
// has the new credentials.
func TestCredentialFiles(t *testing.T) {
	for kind, c := range map[string]struct{ http, name, before, after string }{
		"password":    {"basic_auth: {username: me, password_file: secret}", "Authorization", "Basic bWU6b25l", "Basic bWU6dHdv"},
		"user":        {"basic_auth: {username_file: secret, password: x}", "Authorization", "Basic b25lOng=", "Basic dHdvOng="},
		"credentials": {"authorization: {credentials_file: secret}", "Authorization", "Bearer one", "Bearer two"},
		"other type":  {"authorization: {type: Token, credentials_file: secret}", "Authorization", "Token one", "Token two"},
		"bearer":      {"bearer_token_file: secret", "Authorization", "Bearer one", "Bearer two"},
		"header":      {"http_headers: {X-Key: {files: [secret]}}", "X-Key", "one", "two"},
	} {
		p, files := newPeer(t), &pki{t: t, directory: t.TempDir()}
		files.file("secret", "one\n")
		config := flags()
		config.File = files.file("exporter.yml", "targets: [{uri: '"+p.URL+"', http_client_config: {"+c.http+"}}]")
		scraper := newClient(t, config)
		t.Log(kind)
		want(t, p.scraped(t, scraper), c.name, c.before)
		files.file("secret", "two\n")
		want(t, p.scraped(t, scraper), c.name, c.after)
	}
}

// TestCredentialsInTheFile uses credentials in the file itself.
func TestCredentialsInTheFile(t *testing.T) {
	for http, c := range map[string]struct{ name, want string }{
		"basic_auth: {username: me, password: one}":             {"Authorization", "Basic bWU6b25l"},
		"authorization: {credentials: one}":                     {"Authorization", "Bearer one"},
		"bearer_token: one":                                     {"Authorization", "Bearer one"},
		"http_headers: {X-Key: {values: [a, b], secrets: [c]}}": {"X-Key", "a|b|c"},
		"follow_redirects: false, enable_http2: false":          {"User-Agent", "test"},
		"tls_config: {server_name: unused}":                     {"Authorization", ""},
	} {
		p, config := newPeer(t), flags()
		config.File = newFile(t, "targets: [{uri: '"+p.URL+"', host: status.test, http_client_config: {"+http+"}}]")
		header := p.scraped(t, newClient(t, config))
		want(t, header, c.name, c.want)
		want(t, header, "Host", "status.test")
	}
	p, config := newPeer(t), flags()
	config.Nginx.ScrapeURIs = []string{strings.Replace(p.URL, "//", "//me:one@", 1)}
	want(t, p.scraped(t, newClient(t, config)), "Authorization", "Basic bWU6b25l")
}

// TestCertificateFiles renews CA, server and client certificate while the client is
// in use: the next connection has the new ones.
func TestCertificateFiles(t *testing.T) {
	for kind, file := range map[string]string{
		"file":  "{ca_file: ca.crt, cert_file: client.crt, key_file: client.key}",
		"flags": "",
	} {
		files := newPKI(t)
		p := newTLSPeer(t, files, true)
		config := flags()
		if file != "" {
			config.File = files.file("exporter.yml", "targets: [{uri: '"+p.URL+"', http_client_config: {tls_config: "+file+"}}]")
		} else {
			config.Nginx.ScrapeURIs = []string{p.URL}
			config.Nginx.CACert, config.Nginx.ClientCert, config.Nginx.ClientKey = files.path("ca.crt"), files.path("client.crt"), files.path("client.key")
		}
		scraper := newClient(t, config)
		want(t, p.scraped(t, scraper), "Client", "client")
		files.renew()
		t.Log(kind)
		want(t, p.scraped(t, scraper), "Client", "client")

		// While a file is missing or broken, scrapes fail.
		whole, err := os.ReadFile(files.path("ca.crt"))
		files.must(err)
		files.file("ca.crt", "half")
		if _, err := stubstatus.Read(t.Context(), scraper); err == nil {
			t.Error("a broken CA is trusted")
		}
		files.file("ca.crt", string(whole))
		want(t, p.scraped(t, scraper), "Client", "client")
	}
}

// TestVerification checks which certificates are trusted.
func TestVerification(t *testing.T) {
	files, other := newPKI(t), newPKI(t)
	authority, err := os.ReadFile(files.path("ca.crt"))
	files.must(err)
	indented := strings.ReplaceAll(string(authority), "\n", "\n          ")
	p := newTLSPeer(t, files, false)
	named := strings.Replace(p.URL, "127.0.0.1", "localhost", 1) // not in the certificate
	for name, c := range map[string]struct {
		uri, tls string // of the file; no file without tls
		change   func(*Config)
		want     client.Reason // empty for success
	}{
		"no CA":                       {uri: p.URL, want: client.ReasonTLS},
		"CA by flag":                  {uri: p.URL, change: func(c *Config) { c.Nginx.CACert = files.path("ca.crt") }},
		"another CA":                  {uri: p.URL, change: func(c *Config) { c.Nginx.CACert = other.path("ca.crt") }, want: client.ReasonTLS},
		"off by flag":                 {uri: p.URL, change: func(c *Config) { c.Nginx.Verify = false }},
		"CA in the file":              {uri: p.URL, tls: "{ca_file: " + files.path("ca.crt") + "}"},
		"CA inline":                   {uri: p.URL, tls: "\n        ca: |\n          " + indented},
		"CA inline, off by flag":      {uri: p.URL, tls: "{ca_file: " + other.path("ca.crt") + "}", change: func(c *Config) { c.Nginx.Verify = false }, want: client.ReasonTLS},
		"off in the file":             {uri: p.URL, tls: "{insecure_skip_verify: true}"},
		"on in the file, off by flag": {uri: p.URL, tls: "{insecure_skip_verify: false}", change: func(c *Config) { c.Nginx.Verify = false }, want: client.ReasonTLS},
		"another name":                {uri: named, tls: "{ca_file: " + files.path("ca.crt") + "}", want: client.ReasonTLS},
		"the server name":             {uri: named, tls: "{ca_file: " + files.path("ca.crt") + ", server_name: nginx.test}"},
		"the server name by flag": {uri: named, change: func(c *Config) {
			c.Nginx.CACert, c.Nginx.ServerName = files.path("ca.crt"), "nginx.test"
		}},
		"a wrong server name by flag": {uri: p.URL, change: func(c *Config) {
			c.Nginx.CACert, c.Nginx.ServerName = files.path("ca.crt"), "other.test"
		}, want: client.ReasonTLS},
		"a wrong server name": {uri: p.URL, tls: "{ca_file: " + files.path("ca.crt") + ", server_name: other.test}", want: client.ReasonTLS},
		"TLS 1.3":             {uri: p.URL, tls: "{ca_file: " + files.path("ca.crt") + ", min_version: TLS13}"},
	} {
		config := flags()
		config.Nginx.ScrapeURIs = []string{c.uri}
		if c.tls != "" {
			config.File = newFile(t, "targets:\n  - uri: "+c.uri+"\n    http_client_config:\n      tls_config: "+c.tls+"\n")
		}
		if c.change != nil {
			c.change(config)
		}
		scraper := newClient(t, config)
		if c.want != "" {
			refuses(t, name, scraper, c.want)
		} else if _, err := stubstatus.Read(t.Context(), scraper); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOldTLS checks that versions before TLS 1.2 are refused.
func TestOldTLS(t *testing.T) {
	files := newPKI(t)
	p := newTLSPeer(t, files, false)
	inner := p.TLS.GetConfigForClient
	p.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		config, err := inner(hello)
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 // old on purpose
		return config, err
	}
	config := flags()
	config.Nginx.ScrapeURIs, config.Nginx.CACert = []string{p.URL}, files.path("ca.crt")
	refuses(t, "TLS 1.1", newClient(t, config), client.ReasonTLS)
}

// TestProxies checks that a proxy is used if configured, and never otherwise.
func TestProxies(t *testing.T) {
	proxy, environment := newPeer(t), newPeer(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, environment.URL)
	}

	// Nothing else responds for a name that does not exist. Go itself ignores
	// proxies of the environment for local addresses.
	config := flags()
	config.Nginx.Timeout = time.Second
	for _, http := range []string{"{}", "{bearer_token: x}", "{tls_config: {server_name: x}}"} {
		config.File = newFile(t, "targets: [{uri: 'http://nginx.test/', http_client_config: "+http+"}]")
		if _, err := stubstatus.Read(t.Context(), newClient(t, config)); err == nil || environment.header.Load() != nil {
			t.Errorf("%s: a proxy of the environment was used (%v)", http, err)
		}
	}

	config.File = newFile(t, "targets: [{uri: 'http://nginx.test/', http_client_config: {proxy_url: '"+proxy.URL+"'}}]")
	want(t, proxy.scraped(t, newClient(t, config)), "Host", "nginx.test")
}
