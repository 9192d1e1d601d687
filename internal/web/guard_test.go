package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// users has the hash of rightPassword, with the lowest cost of bcrypt.
const (
	rightPassword = "correct-horse"
	users         = "basic_auth_users:\n  prometheus: $2a$04$KfEJU1X.dySI66Ve2NOu1eoktUE3IOcDQJY6yqqy9TGVbVyE1iBze\n"
)

func login(password string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("prometheus:"+password))}}
}

// TestPasswordStaysRequired rewrites the web configuration while it is in use.
func TestPasswordStaysRequired(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	c := configure(n.URL)
	c.Web.ConfigFile = file(t, "web.yml", users)
	r := serve(t, c)
	address := r.address(t)
	request := func(header http.Header) int {
		status, _, err := fetch(t, "tcp", address, "/metrics", header)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	right, wrong := login(rightPassword), login("wrong-horse")
	if none, bad, good := request(nil), request(wrong), request(right); none != http.StatusUnauthorized || bad != http.StatusUnauthorized || good != http.StatusOK {
		t.Fatalf("without, with a wrong and with the right password: %d, %d, %d", none, bad, good)
	}
	requests := n.requests.Load()
	for _, text := range []string{"", "\n", "basic_auth_users:\n", "basic_auth_users: {}\n", "tls_server_config:\n", "basic_auth_users: ["} {
		overwrite(t, c.Web.ConfigFile, text)
		for _, header := range []http.Header{nil, wrong, right} {
			if got := request(header); got != http.StatusInternalServerError {
				t.Errorf("with the web configuration %q and %v the status is %d", text, header, got)
			}
		}
	}
	if more := n.requests.Load() - requests; more != 0 {
		t.Errorf("nginx had %d requests", more)
	}
	if got := strings.Count(r.log.String(), "would weaken authentication"); got != 1 {
		t.Errorf("the log has %d lines about it:\n%s", got, r.log)
	}
	overwrite(t, c.Web.ConfigFile, users)
	if none, good := request(nil), request(right); none != http.StatusUnauthorized || good != http.StatusOK {
		t.Errorf("with the file whole again, without and with password: %d, %d", none, good)
	}
}

// TestPolicyMayBecomeStricter adds a password where there was none.
func TestPolicyMayBecomeStricter(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.ConfigFile = file(t, "web.yml", "")
	r := serve(t, c)
	mustScrape(t, "tcp", r.address(t))
	overwrite(t, c.Web.ConfigFile, users)
	if status, _, err := fetch(t, "tcp", r.address(t), "/metrics", nil); err != nil || status != http.StatusUnauthorized {
		t.Errorf("without a password the status is %d, error %v", status, err)
	}
}

// TestCertificateStaysRequired truncates the file line by line.
func TestCertificateStaysRequired(t *testing.T) {
	t.Parallel()
	files := newPair(t, 1)
	for _, policy := range []string{"RequireAndVerifyClientCert", "RequireAnyClientCert"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			without := "tls_server_config:\n  cert_file: " + files.certificate + "\n  key_file: " + files.key + "\n"
			whole := without + "  client_ca_file: " + files.certificate + "\n  client_auth_type: " + policy + "\n"
			c := configure(startNginx(t, nil).URL)
			c.Web.ConfigFile = file(t, "web.yml", whole)
			address := serve(t, c).address(t)
			if got := fetchTLS(t, address, nil); got != 0 {
				t.Errorf("a client without certificate has status %d", got)
			}
			if got := fetchTLS(t, address, &files); got != http.StatusOK {
				t.Errorf("a client with a certificate has status %d", got)
			}
			overwrite(t, c.Web.ConfigFile, without)
			for _, shown := range []*pair{nil, &files} {
				if got := fetchTLS(t, address, shown); got == http.StatusOK {
					t.Errorf("a client with certificate %v is served although the file does not require one", shown)
				}
			}
			overwrite(t, c.Web.ConfigFile, whole)
			if got := fetchTLS(t, address, &files); got != http.StatusOK {
				t.Errorf("a client with a certificate has status %d once the file is whole again", got)
			}
		})
	}
}

// TestWebConfigGoneBeforeServing removes the file before the server starts.
func TestWebConfigGoneBeforeServing(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.ConfigFile = file(t, "web.yml", users)
	e := newExporter(t, c)
	if err := os.Remove(c.Web.ConfigFile); err != nil {
		t.Fatal(err)
	}
	if err := e.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Serve(); err == nil || !strings.Contains(err.Error(), "web.yml") {
		t.Errorf("serving without the file ends with %v", err)
	}
}

// fetchTLS returns the status of /metrics, or 0 without a response.
func fetchTLS(tb testing.TB, address string, shown *pair) int {
	tb.Helper()
	config := &tls.Config{
		InsecureSkipVerify: true, // the test is about the client
		MinVersion:         tls.VersionTLS12,
	}
	if shown != nil {
		certificate, err := tls.LoadX509KeyPair(shown.certificate, shown.key)
		if err != nil {
			tb.Fatal(err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // only the status is needed
	return response.StatusCode
}

// pair has the files of a self-signed certificate and its key.
type pair struct{ certificate, key string }

func newPair(tb testing.TB, serial int64) pair {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	encode := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return pair{file(tb, "a.pem", encode("CERTIFICATE", certificate)), file(tb, "a.key", encode("EC PRIVATE KEY", der))}
}
