package client_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"

	"nginx-exporter/client"
	"nginx-exporter/internal/nginxtest"
)

const (
	adviceTrust  = "set --nginx.ssl-ca-cert to the CA"
	advicePlain  = "the port does not speak TLS; use http:// in the target"
	adviceOther  = "the certificate is for another name; set --nginx.ssl-server-name (tls_config.server_name in"
	adviceClient = "set --nginx.ssl-client-cert and"
)

// tlsFailures are servers without a trusted connection.
func tlsFailures(tb testing.TB, ca *nginxtest.Authority) map[string]struct {
	server *tls.Config // nil speaks no TLS
	client promconfig.TLSConfig
	text   string
	advice string
} {
	tb.Helper()
	certificates := issue(tb, ca, nginxtest.Leaf{})
	good := &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	trusting, none := trusting(ca), promconfig.TLSConfig{}
	mutual := func(version uint16) *tls.Config {
		return &tls.Config{
			Certificates: certificates, MinVersion: version, MaxVersion: version,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool,
		}
	}
	return map[string]struct {
		server       *tls.Config
		client       promconfig.TLSConfig
		text, advice string
	}{
		"unknown CA":     {good, none, "certificate signed by unknown authority", adviceTrust},
		"another CA":     {good, promconfig.TLSConfig{CA: nginxtest.NewAuthority(tb).PEM}, "unknown authority", adviceTrust},
		"expired":        {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Expired: true}), MinVersion: tls.VersionTLS12}, trusting, "expired", "renew the certificate of nginx"},
		"wrong name":     {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Name: "shop.example"}), MinVersion: tls.VersionTLS12}, trusting, "", adviceOther},
		"no server cert": {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Client: true}), MinVersion: tls.VersionTLS12}, trusting, "", adviceTrust},
		"plain HTTP":     {nil, trusting, "does not look like a TLS handshake", advicePlain},
		"TLS 1.1 only": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			trusting, "protocol version", "ssl_protocols TLSv1.2 TLSv1.3",
		},
		"TLS 1.1, no settings": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			none, "protocol version", "ssl_protocols TLSv1.2 TLSv1.3",
		},
		"TLS 1.3 too much": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS13},
			promconfig.TLSConfig{CA: ca.PEM, MaxVersion: tls.VersionTLS12},
			"protocol version", "ssl_protocols TLSv1.2 TLSv1.3",
		},
		"client certificate in 1.2": {mutual(tls.VersionTLS12), trusting, "", adviceClient},
		"client certificate in 1.3": {mutual(tls.VersionTLS13), trusting, "certificate required", adviceClient},
		"client certificate of another CA": {
			mutual(tls.VersionTLS13),
			identified(tb, ca, nginxtest.NewAuthority(tb)),
			"", adviceClient,
		},
	}
}

func TestTLSFailures(t *testing.T) {
	t.Parallel()
	for name, test := range tlsFailures(t, nginxtest.NewAuthority(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			address := listener.Addr().String()
			if test.server != nil {
				listener = tls.NewListener(listener, test.server)
			}
			script := always(ok(page))
			if test.server == nil {
				listener = greeting{listener} // as HTTP servers respond to a TLS handshake
			}
			fake := start(t, listener, script)
			options := client.Options{Target: target(t, "https://user:"+secret+"@"+address+"/s?token="+secret), Timeout: patience}
			options.HTTP.TLSConfig = test.client
			c := connect(t, options)
			for range 3 {
				_, err := scrape(t, c)
				check(t, err, failure{reason: client.ReasonTLS, text: test.text, advice: test.advice})
			}
			if got := fake.requests.Load(); got != 0 {
				t.Errorf("%d requests came through", got)
			}
		})
	}
}

// greeting is a listener of a server that responds with status 400 before it has
// read a request, as HTTP servers do to a TLS handshake.
type greeting struct{ net.Listener }

func (a greeting) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	_, err = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
	return conn, err
}

// The counterparts of the failures succeed: those fail for the expected reasons.
func TestTLSControls(t *testing.T) {
	t.Parallel()
	ca := nginxtest.NewAuthority(t)
	certificates := issue(t, ca, nginxtest.Leaf{})
	for name, c := range map[string]struct {
		server *tls.Config
		client promconfig.TLSConfig
	}{
		"TLS 1.2": {
			&tls.Config{Certificates: certificates, MaxVersion: tls.VersionTLS12, MinVersion: tls.VersionTLS12}, trusting(ca),
		},
		"TLS 1.3": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS13}, trusting(ca),
		},
		"not verified": {
			&tls.Config{Certificates: issue(t, ca, nginxtest.Leaf{Expired: true, Name: "shop.example"}), MinVersion: tls.VersionTLS12},
			promconfig.TLSConfig{InsecureSkipVerify: true},
		},
		"another name": {
			&tls.Config{Certificates: issue(t, ca, nginxtest.Leaf{Name: "shop.example"}), MinVersion: tls.VersionTLS12},
			promconfig.TLSConfig{CA: ca.PEM, ServerName: "shop.example"},
		},
		"client certificate": {
			&tls.Config{Certificates: certificates, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool, MinVersion: tls.VersionTLS12},
			identified(t, ca, ca),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			start(t, tls.NewListener(listener, c.server), always(ok(page)))
			mustScrape(t, connect(t, client.Options{
				Target: target(t, "https://"+listener.Addr().String()), Timeout: patience, HTTP: promconfig.HTTPClientConfig{TLSConfig: c.client},
			}))
		})
	}
}

// The timeouts of a scrape and of the target both bound the TLS handshake.
func TestTLSHandshakeStalls(t *testing.T) {
	t.Parallel()
	for name, times := range map[string]struct{ scrape, target time.Duration }{
		"scrape": {100 * time.Millisecond, patience},
		"target": {patience, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			start(t, silent{listener}, always(ok(page)))
			c := connect(t, client.Options{Target: target(t, "https://"+listener.Addr().String()), Timeout: times.target})
			_, err := scrapeWithin(t, c, times.scrape)
			check(t, err, failure{reason: client.ReasonTimeout, advice: adviceTimeout})
			if c.Requests() != 0 {
				t.Errorf("counted %d requests", c.Requests())
			}
		})
	}
}

// silent is a listener that accepts and never reads a byte.
type silent struct{ net.Listener }

func (s silent) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return deaf{conn, make(chan struct{})}, nil
}

type deaf struct {
	net.Conn
	closed chan struct{}
}

func (d deaf) Read([]byte) (int, error) {
	<-d.closed
	return 0, net.ErrClosed
}

func (d deaf) Close() error {
	select {
	case <-d.closed:
	default:
		close(d.closed)
	}
	return d.Conn.Close()
}

// Files that cannot be read are an error: at the start, where they are read
// then, or at the request.
func TestFilesMissing(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	ca := nginxtest.NewAuthority(t)
	for name, test := range map[string]struct {
		http   promconfig.HTTPClientConfig
		reason client.Reason // empty if the client cannot be made
		text   string
	}{
		"CA":        {promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CAFile: missing}}, "", "CA cert"},
		"cert":      {promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CertFile: missing, KeyFile: missing}}, "", "client cert"},
		"cert only": {promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CertFile: missing}}, "", "exactly one of key or key_file"},
		"not a CA":  {promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CA: "x"}}, "", "unable to use specified CA cert"},
		"password": {promconfig.HTTPClientConfig{
			TLSConfig: trusting(ca), BasicAuth: &promconfig.BasicAuth{Username: "u", PasswordFile: missing},
		}, client.ReasonNetwork, "unable to read basic auth password"},
		"token": {promconfig.HTTPClientConfig{
			TLSConfig: trusting(ca), Authorization: &promconfig.Authorization{Type: "Bearer", CredentialsFile: missing},
		}, client.ReasonNetwork, "unable to read authorization credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := client.Options{Target: target(t, "https://127.0.0.1:1/"), Timeout: patience, HTTP: test.http}
			c, err := client.New(options)
			if err == nil {
				defer c.Close()
				_, err = scrape(t, c)
				if got := client.ReasonOf(err); got != test.reason || c.Requests() != 0 {
					t.Errorf("got reason %s after %d requests", got, c.Requests())
				}
			} else if test.reason != "" {
				t.Error("the client was not made")
			}
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %q in it", err, test.text)
			}
		})
	}
}

// A file that is replaced while the client is in use is reloaded: a CA, a
// certificate, a password.
func TestFilesAreReloaded(t *testing.T) {
	t.Parallel()
	first, second := nginxtest.NewAuthority(t), nginxtest.NewAuthority(t)
	directory := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	writeAll := func(ca *nginxtest.Authority, password string) promconfig.HTTPClientConfig {
		certificate, key := ca.Issue(t, nginxtest.Leaf{Client: true})
		return promconfig.HTTPClientConfig{
			TLSConfig: promconfig.TLSConfig{CAFile: write("ca", ca.PEM), CertFile: write("crt", certificate), KeyFile: write("key", key)},
			BasicAuth: &promconfig.BasicAuth{Username: "u", PasswordFile: write("password", password)},
		}
	}
	var authority atomic.Pointer[nginxtest.Authority]
	authority.Store(first)
	listener := listen(t, "tcp", "127.0.0.1:0")
	var passwords []string // one request at a time writes it
	start(t, tls.NewListener(listener, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		ca := authority.Load()
		return &tls.Config{
			Certificates: issue(t, ca, nginxtest.Leaf{}), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool, MinVersion: tls.VersionTLS12,
		}, nil
	}}), func(e *exchange) outcome {
		_, password, _ := e.request.BasicAuth()
		passwords = append(passwords, password)
		e.send(ok(page))
		return hangUp
	})
	c := connect(t, client.Options{
		Target: target(t, "https://"+listener.Addr().String()), Timeout: patience, HTTP: writeAll(first, "one"),
	})
	mustScrape(t, c)
	authority.Store(second)
	writeAll(second, "two")
	mustScrape(t, c)
	if want := []string{"one", "two"}; !slices.Equal(passwords, want) {
		t.Errorf("got passwords %q, want %q", passwords, want)
	}
}
