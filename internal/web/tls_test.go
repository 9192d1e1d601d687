package web_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

func tlsConfig(files pair) string {
	return "tls_server_config:\n  cert_file: " + files.certificate + "\n  key_file: " + files.key + "\n"
}

// serveWeb serves with a web configuration.
func serveWeb(tb testing.TB, text string) (r *running, n *nginx, path string) {
	tb.Helper()
	n = startNginx(tb, nil)
	c := configure(n.URL)
	c.Web.ConfigFile = file(tb, "web.yml", text)
	return serve(tb, c), n, c.Web.ConfigFile
}

func TestTLSVersions(t *testing.T) {
	t.Parallel()
	r, _, _ := serveWeb(t, tlsConfig(newPair(t, 1)))
	for version, served := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		dialer := &tls.Dialer{Config: &tls.Config{
			InsecureSkipVerify: true, // the test is about the version
			MinVersion:         version, MaxVersion: version,
		}}
		conn, err := dialer.DialContext(t.Context(), "tcp", r.address(t))
		if err == nil {
			_ = conn.Close() // only the handshake is needed
		}
		if (err == nil) != served {
			t.Errorf("a handshake with %s ends with %v", tls.VersionName(version), err)
		}
	}
}

// Clients without a certificate of the CA are refused before nginx gets a request,
// also while the web configuration is partly written.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	files, other := newPair(t, 1), newPair(t, 2)
	whole := tlsConfig(files) + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: " + files.certificate + "\n"
	r, n, path := serveWeb(t, whole)
	mustServe := func() {
		if got := fetchTLS(t, r.address(t), &files); got != http.StatusOK {
			t.Errorf("a client with the right certificate has status %d", got)
		}
	}
	mustServe()
	for name, shown := range map[string]*pair{"no certificate": nil, "a certificate of another CA": &other} {
		if got := fetchTLS(t, r.address(t), shown); got != 0 {
			t.Errorf("a client with %s has status %d", name, got)
		}
	}
	for n := range len(whole) {
		overwrite(t, path, whole[:n])
		if got := fetchTLS(t, r.address(t), nil); got == http.StatusOK {
			t.Fatalf("a client without certificate is served while the web configuration is %q", whole[:n])
		}
	}
	if got := n.requests.Load(); got != 1 {
		t.Errorf("nginx had %d requests for one scrape with a certificate", got)
	}
	overwrite(t, path, whole)
	mustServe()
}

// While its certificate file is broken the exporter serves nothing, neither over
// TLS nor without, and recovers with the file.
func TestCertificateBreaks(t *testing.T) {
	t.Parallel()
	files := newPair(t, 1)
	r, _, _ := serveWeb(t, tlsConfig(files))
	whole, err := os.ReadFile(files.certificate)
	if err != nil {
		t.Fatal(err)
	}
	if got := fetchTLS(t, r.address(t), nil); got != http.StatusOK {
		t.Fatalf("the status is %d before the certificate breaks", got)
	}
	for _, broken := range []string{"", string(whole[:len(whole)/2]), "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"} {
		overwrite(t, files.certificate, broken)
		if got := fetchTLS(t, r.address(t), nil); got != 0 {
			t.Errorf("the status is %d with the certificate %q", got, broken)
		}
		if status, _, err := fetch(t, "tcp", r.address(t), "/metrics", nil); err == nil && status != http.StatusBadRequest {
			t.Errorf("plain HTTP has status %d with the certificate %q", status, broken)
		}
	}
	overwrite(t, files.certificate, string(whole))
	if got := fetchTLS(t, r.address(t), nil); got != http.StatusOK {
		t.Errorf("the status is %d with the certificate repaired", got)
	}
}

// Every path requires the right password, also while others guess.
func TestPasswords(t *testing.T) {
	t.Parallel()
	r, n, _ := serveWeb(t, users)
	status := func(path, scheme, credentials string) int {
		var header http.Header
		if scheme != "" {
			header = http.Header{"Authorization": {scheme + " " + credentials}}
		}
		status, _, err := fetch(t, "tcp", r.address(t), path, header)
		if err != nil {
			t.Error(err)
		}
		return status
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, header := range map[string][2]string{
		"none": {}, "wrong user": {"Basic", encoded("admin:" + rightPassword)}, "wrong password": {"Basic", encoded("prometheus:wrong")},
		"empty": {"Basic", encoded(":")}, "empty password": {"Basic", encoded("prometheus:")},
		"the hash":       {"Basic", encoded("prometheus:" + strings.TrimSpace(users[strings.Index(users, "$"):]))},
		"another scheme": {"Bearer", rightPassword}, "garbage": {"Basic", "%%%"},
	} {
		for _, path := range []string{"/metrics", "/probe?target=http://127.0.0.1/", "/"} {
			if got := status(path, header[0], header[1]); got != http.StatusUnauthorized {
				t.Errorf("%s: %s has status %d", name, path, got)
			}
		}
	}
	if got := n.requests.Load(); got != 0 {
		t.Errorf("nginx had %d requests before the right password", got)
	}
	var group sync.WaitGroup
	for guesser := range 10 {
		group.Go(func() {
			for try := range 6 {
				guess := encoded(fmt.Sprintf("prometheus:wrong-%d-%d", guesser, try))
				if got := status("/metrics", "Basic", guess); got != http.StatusUnauthorized {
					t.Errorf("a wrong password has status %d", got)
				}
			}
		})
	}
	if got := status("/metrics", "Basic", encoded("prometheus:"+rightPassword)); got != http.StatusOK {
		t.Errorf("the right password has status %d", got)
	}
	group.Wait()
}
