//go:build linux

package blackbox_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
)

// tlsServer returns a server block with TLS and more directives.
func tlsServer(p pair, more string) string {
	return `server {
    listen LISTEN ssl;
    ssl_certificate ` + p.certificate + `;
    ssl_certificate_key ` + p.key + `;
    ` + more + `
    location = /stub_status { stub_status; }
}`
}

// onlyTLS11 makes nginx speak nothing newer. OpenSSL signs for it only at the
// lowest level of security.
const onlyTLS11 = "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"

func TestTLSToNginx(t *testing.T) {
	t.Parallel()
	ca, stranger := newAuthority(t), newAuthority(t)
	good := ca.issue(t, "nginx", 2)
	old := ca.issueLeaf(t, "old", nginxtest.Leaf{Serial: 3, Expired: true})
	own := stranger.issue(t, "own", 4)
	trust := "--nginx.ssl-ca-cert=" + ca.file
	mutual := "ssl_client_certificate " + ca.file + "; ssl_verify_client on;"
	system := []string{"SSL_CERT_FILE=" + ca.file}
	for name, row := range map[string]struct {
		server string
		args   []string
		env    []string
		up     bool
		reason string
	}{
		"TLS nginx, unknown CA, verify on":                          {tlsServer(own, ""), []string{trust, "--nginx.ssl-verify"}, nil, false, "tls"},
		"TLS nginx, expired certificate, CA given, verify on":       {tlsServer(old, ""), []string{trust, "--nginx.ssl-verify"}, nil, false, "tls"},
		"TLS nginx, right certificate, CA given, verify on":         {tlsServer(good, ""), []string{trust, "--nginx.ssl-verify"}, nil, true, ""},
		"TLS nginx, self-signed, verify off":                        {tlsServer(own, ""), []string{"--no-nginx.ssl-verify"}, nil, true, ""},
		"TLS nginx, unknown CA, no TLS flags at all":                {tlsServer(good, ""), nil, nil, false, "tls"},
		"TLS nginx that speaks only TLS 1.1":                        {tlsServer(good, onlyTLS11), []string{trust}, nil, false, "tls"},
		"TLS nginx that speaks only TLS 1.1, verify off":            {tlsServer(good, onlyTLS11), []string{"--no-nginx.ssl-verify"}, nil, false, "tls"},
		"TLS nginx wants a client certificate, none given":          {tlsServer(good, mutual), []string{trust}, nil, false, "status"},
		"TLS nginx wants a client certificate, another CA's given":  {tlsServer(good, mutual), append(client(own), trust), nil, false, "status"},
		"TLS nginx wants a client certificate, the right one given": {tlsServer(good, mutual), append(client(good), trust), nil, true, ""},
		"TLS nginx that speaks only TLS 1.3":                        {tlsServer(good, "ssl_protocols TLSv1.3;"), []string{trust}, nil, true, ""},
		"TLS to a port that does not speak it":                      {statusServer, []string{trust}, nil, false, "tls"},
		"TLS nginx, CA of the system, no TLS flags at all":          {tlsServer(good, ""), nil, system, true, ""},
		"TLS nginx that speaks only TLS 1.1, no TLS flags at all":   {tlsServer(good, onlyTLS11), nil, system, false, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nginx := startNginx(t, row.server)
			e := serveSpec(t, &spec{args: append(row.args, nginx.uri("https")), env: row.env})
			for range 2 {
				p := e.scrape(t)
				if row.up {
					if !p.up("") {
						t.Errorf("nginx is not up:\n%s\n%s", p.data(), nginx.errors(t))
					}
					continue
				}
				p.wantDown(t, "")
				p.wantError(t, row.reason)
			}
			if asked := nginx.requests(t); row.reason == "tls" && asked != 0 {
				t.Errorf("nginx was sent %d requests", asked)
			}
		})
	}
	for name, test := range map[string]func(*testing.T){
		"nginx of the row above does speak TLS 1.1":    speaksTLS11,
		"client certificate renewed on disk":           clientCertificateRenewed,
		"CA renewed on disk":                           authorityRenewed,
		"TLS handshake never finishes":                 endlessHandshake,
		"certificate for another name, CA given":       anotherName,
		"client certificate is not sent where none is": noRequestBeforeTrust,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// client returns the flags with a client certificate.
func client(p pair) []string {
	return []string{"--nginx.ssl-client-cert=" + p.certificate, "--nginx.ssl-client-key=" + p.key}
}

// speaksTLS11 is the control: a client that allows the old version gets its
// page from the same nginx.
func speaksTLS11(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	nginx := startNginx(t, tlsServer(ca.issue(t, "nginx", 2), onlyTLS11))
	config := ca.client()
	config.MinVersion, config.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
	a, err := ask(t, "GET", "https://"+nginx.address()+"/stub_status", nil, config, patience)
	if err != nil || !strings.HasPrefix(string(a.body), "Active connections") {
		t.Errorf("no page over TLS 1.1: %v", err)
	}
}

// clientCertificateRenewed looks into nginx's log for the serial number of the
// certificate that it was shown.
func clientCertificateRenewed(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	server := tlsServer(ca.issue(t, "nginx", 2),
		"ssl_client_certificate "+ca.file+"; ssl_verify_client on; keepalive_timeout 0; access_log DIR/serials.log serials;")
	nginx := startNginx(t, "log_format serials $ssl_client_serial;\n"+server)
	shown := ca.issue(t, "exporter", 0x101)
	e := serve(t, append(client(shown), "--nginx.ssl-ca-cert="+ca.file, nginx.uri("https"))...)
	for i, want := range []string{"0101", "0102", "0103"} {
		if i > 0 {
			ca.issue(t, "exporter", int64(0x101+i)) // over the same files
		}
		if p := e.scrape(t); !p.up("") {
			t.Fatalf("nginx is not up:\n%s\n%s", p.data(), nginx.errors(t))
		}
		var serials []string // nginx logs a request after it has answered
		eventually(t, "nginx to log the request", func() bool {
			serials = strings.Fields(nginx.file(t, "serials.log"))
			return len(serials) > i
		})
		if serials[i] != want {
			t.Errorf("nginx was shown the certificates %s, not %s last", serials, want)
		}
	}
}

// authorityRenewed changes the authority of nginx and, at the same time, the
// file that the exporter trusts.
func authorityRenewed(t *testing.T) {
	t.Helper()
	before, after := newAuthority(t), newAuthority(t)
	server := tlsServer(before.issue(t, "nginx", 2), "keepalive_timeout 0;")
	nginx := startNginx(t, server)
	e := serve(t, "--nginx.ssl-ca-cert="+before.file, nginx.uri("https"))
	if p := e.scrape(t); !p.up("") {
		t.Fatalf("nginx is not up:\n%s", p.data())
	}
	nginx.configure(t, tlsServer(after.issue(t, "nginx", 2), "keepalive_timeout 0;"))
	nginx.reload(t)
	e.scrape(t).wantDown(t, "")
	write(t, before.file, after.PEM)
	if p := e.scrape(t); !p.up("") {
		t.Errorf("nginx is not up with the new authority:\n%s", p.data())
	}
}

func endlessHandshake(t *testing.T) {
	t.Helper()
	for _, script := range []script{
		func(c *call) { c.hang() },
		func(c *call) {
			c.say("\x16\x03\x03\x40\x00\x02")
			c.hang()
		},
		func(c *call) {
			for more := c.say("\x16\x03\x03\x40\x00\x02"); more; more = c.say("\x00") {
				c.pause(100 * time.Millisecond)
			}
		},
	} {
		nginx := fakeTCP(t, script)
		e := serve(t, uri(strings.Replace(nginx.uri, "http", "https", 1)), "--no-nginx.ssl-verify", impatient)
		p := e.scrapeInTime(t)
		p.wantDown(t, "")
		p.wantError(t, "timeout")
	}
}

func anotherName(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	nginx := startNginx(t, tlsServer(ca.issueLeaf(t, "nginx", nginxtest.Leaf{Name: "shop.example"}), ""))
	for _, host := range []string{"127.0.0.1", "localhost"} {
		e := serve(t, "--nginx.ssl-ca-cert="+ca.file, uri("https://"+strings.Replace(nginx.address(), "127.0.0.1", host, 1)+"/stub_status"))
		p := e.scrape(t)
		p.wantDown(t, "")
		p.wantError(t, "tls")
	}
	if asked := nginx.requests(t); asked != 0 {
		t.Errorf("nginx was sent %d requests", asked)
	}
}

// noRequestBeforeTrust listens as a man in the middle does: nothing may come
// through that he could read.
func noRequestBeforeTrust(t *testing.T) {
	t.Helper()
	ca, middle := newAuthority(t), newAuthority(t)
	listener := listen(t, "tcp", "127.0.0.1:0")
	secure := tls.NewListener(listener, &tls.Config{
		Certificates: middle.issue(t, "nginx", 2).load(t), MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequestClientCert,
	})
	nginx := fakeOn(t, secure, "https://"+listener.Addr().String()+"/stub_status", always(ok(usual().page())))
	e := serve(t, append(client(ca.issue(t, "exporter", 5)), "--nginx.ssl-ca-cert="+ca.file, uri(nginx.uri))...)
	for range 3 {
		e.scrape(t).wantDown(t, "")
	}
	if got := nginx.requested(); len(got) != 0 {
		t.Errorf("the man in the middle read %d requests", len(got))
	}
}
