package client_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/nginxtest"
)

const (
	adviceTrust  = "give the CA with --nginx.ssl-ca-cert"
	advicePlain  = "the port does not speak TLS; use http:// in the target"
	adviceOther  = "the certificate is for another name; set tls_config.server_name"
	adviceClient = "the client certificate nginx wants with --nginx.ssl-client-cert"
)

// tlsFailures are servers to which there is no trusted connection.
func tlsFailures(tb testing.TB, ca *nginxtest.Authority) map[string]struct {
	server *tls.Config // nil speaks no TLS
	client *tls.Config // nil is what a target without any TLS settings gets
	text   string
	advice string
} {
	tb.Helper()
	certificates := issue(tb, ca, nginxtest.Leaf{})
	good := &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}
	trusting := &tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12}
	mutual := func(version uint16) *tls.Config {
		return &tls.Config{
			Certificates: certificates, MinVersion: version, MaxVersion: version,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool,
		}
	}
	return map[string]struct {
		server, client *tls.Config
		text, advice   string
	}{
		"unknown CA":     {good, nil, "certificate signed by unknown authority", adviceTrust},
		"another CA":     {good, &tls.Config{RootCAs: nginxtest.NewAuthority(tb).Pool, MinVersion: tls.VersionTLS12}, "unknown authority", adviceTrust},
		"expired":        {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Expired: true}), MinVersion: tls.VersionTLS12}, trusting, "expired", adviceTrust},
		"wrong name":     {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Name: "shop.example"}), MinVersion: tls.VersionTLS12}, trusting, "", adviceOther},
		"no server cert": {&tls.Config{Certificates: issue(tb, ca, nginxtest.Leaf{Client: true}), MinVersion: tls.VersionTLS12}, trusting, "", adviceTrust},
		"plain HTTP":     {nil, trusting, "does not look like a TLS handshake", advicePlain},
		"TLS 1.1 only": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			trusting, "protocol version", adviceTrust,
		},
		"TLS 1.1, no settings": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			nil, "protocol version", adviceTrust,
		},
		"TLS 1.3 too much": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS13},
			&tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}, "protocol version", adviceTrust,
		},
		"client certificate in 1.2": {mutual(tls.VersionTLS12), trusting, "", adviceClient},
		"client certificate in 1.3": {mutual(tls.VersionTLS13), trusting, "certificate required", adviceClient},
		"client certificate of another CA": {
			mutual(tls.VersionTLS13),
			&tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12, Certificates: issue(tb, nginxtest.NewAuthority(tb), nginxtest.Leaf{Client: true})},
			"", adviceClient,
		},
	}
}

func TestTLSFailures(t *testing.T) {
	t.Parallel()
	for name, c := range tlsFailures(t, nginxtest.NewAuthority(t)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			address := listener.Addr().String()
			if c.server != nil {
				listener = tls.NewListener(listener, c.server)
			}
			script := always(ok(page))
			if c.server == nil {
				listener = answering{listener} // HTTP servers tell a stranger what they are
			}
			fake := start(t, listener, script)
			options := client.Options{Target: target(t, "https://user:"+secret+"@"+address+"/s?token="+secret), Timeout: patience}
			if c.client != nil {
				options.Transport = trust{c.client}
			}
			asker := connect(t, options)
			for range 3 {
				_, err := ask(t, asker)
				check(t, err, failure{reason: client.ReasonTLS, text: c.text, advice: c.advice})
			}
			if got := fake.requests.Load(); got != 0 {
				t.Errorf("%d requests came through", got)
			}
		})
	}
}

// answering is a listener of a server that answers 400 before it has read a
// request, as it does to the hello of a TLS client.
type answering struct{ net.Listener }

func (a answering) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	_, err = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
	return conn, err
}

// The 1.1 in the failures is not refused for another reason.
func TestTLSControls(t *testing.T) {
	t.Parallel()
	ca := nginxtest.NewAuthority(t)
	certificates := issue(t, ca, nginxtest.Leaf{})
	for name, c := range map[string]struct{ server, client *tls.Config }{
		"TLS 1.2": {
			&tls.Config{Certificates: certificates, MaxVersion: tls.VersionTLS12, MinVersion: tls.VersionTLS12},
			&tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12},
		},
		"TLS 1.3": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS13},
			&tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS12},
		},
		"TLS 1.1, asked for": {
			&tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			&tls.Config{RootCAs: ca.Pool, MinVersion: tls.VersionTLS10},
		},
		"nobody verifies": {
			&tls.Config{Certificates: issue(t, ca, nginxtest.Leaf{Expired: true, Name: "shop.example"}), MinVersion: tls.VersionTLS12},
			&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
		},
		"another name": {
			&tls.Config{Certificates: issue(t, ca, nginxtest.Leaf{Name: "shop.example"}), MinVersion: tls.VersionTLS12},
			&tls.Config{RootCAs: ca.Pool, ServerName: "shop.example", MinVersion: tls.VersionTLS12},
		},
		"client certificate": {
			&tls.Config{Certificates: certificates, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool, MinVersion: tls.VersionTLS12},
			&tls.Config{RootCAs: ca.Pool, Certificates: issue(t, ca, nginxtest.Leaf{Client: true}), MinVersion: tls.VersionTLS12},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t, "tcp", "127.0.0.1:0")
			start(t, tls.NewListener(listener, c.server), always(ok(page)))
			mustAsk(t, connect(t, client.Options{
				Target: target(t, "https://"+listener.Addr().String()), Timeout: patience, Transport: trust{c.client},
			}))
		})
	}
}

// The handshake is part of the time-out, the scrape's and the target's own.
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
			began := time.Now()
			_, err := askWithin(t, c, times.scrape)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
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

// A transport that cannot be made, or that fails before it connects, is told.
func TestTransport(t *testing.T) {
	t.Parallel()
	cause := errors.New("no such file")
	options := client.Options{Target: target(t, "https://127.0.0.1:1/"), Timeout: patience, Transport: transport{err: cause}}
	if _, err := client.New(options); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	for text, reason := range map[string]client.Reason{
		"unable to read CA cert: /ca.pem":            client.ReasonTLS,
		"unable to use specified client cert (/a)":   client.ReasonTLS,
		"unable to use specified client key (/a)":    client.ReasonTLS,
		"tls: no supported versions satisfy both":    client.ReasonTLS,
		"unable to read basic auth password":         client.ReasonNetwork,
		"unable to read the credentials of a bearer": client.ReasonNetwork,
	} {
		options.Transport = transport{tripper: failing{errors.New(text)}}
		c := connect(t, options)
		_, err := ask(t, c)
		if got := client.ReasonOf(err); got != reason || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got reason %s of %v", text, got, err)
		}
		if c.Requests() != 0 {
			t.Errorf("%s: counted %d requests", text, c.Requests())
		}
	}
	options.Transport = transport{tripper: failing{os.ErrDeadlineExceeded}}
	if _, err := ask(t, connect(t, options)); client.ReasonOf(err) != client.ReasonTimeout {
		t.Errorf("got %v", err)
	}
}

// transport is a [client.Transport] made in advance.
type transport struct {
	tripper http.RoundTripper
	err     error
}

func (t transport) RoundTripper(func(*tls.Config) *http.Transport) (http.RoundTripper, error) {
	return t.tripper, t.err
}

// failing is a round tripper that never gets so far as to connect.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
