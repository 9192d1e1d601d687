//go:build linux

package blackbox_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOwnEndpoint(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"own endpoint with TLS: right CA, wrong CA, plain HTTP to it":                ownTLS,
		"own endpoint with TLS: client of TLS 1.1":                                   ownTLSOldClient,
		"basic auth: none, wrong user, wrong password, empty, right":                 basicAuth,
		"basic auth: 60 wrong passwords, 10 at once, and the right one":              guessing,
		"client certificates required: none, of another CA, right":                   ownClientCertificates,
		"own certificate broken on disk while running":                               ownCertificateBroken,
		"own certificate renewed on disk while running":                              ownCertificateRenewed,
		"web config: unknown key":                                                    webConfigUnknownKey,
		"web config: certificate without key, key of another certificate":            webConfigWrongPair,
		"web config: password not bcrypt":                                            webConfigPlainPassword,
		"web config: cut while running":                                              webConfigCut,
		"web config: broken while running":                                           webConfigBroken,
		"TLS with --web.secured-metrics, --web.ssl-server-cert and -key (0.9..0.11)": securedMetrics,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// served is an exporter with a web configuration and its nginx.
type served struct {
	*exporter
	nginx *fake
	file  string // the web configuration
}

func serveWith(tb testing.TB, webConfig string) *served {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "web.yml")
	write(tb, file, webConfig)
	nginx := fakeTCP(tb, always(ok(usual().page())))
	return &served{serve(tb, uri(nginx.uri), "--web.config.file="+file), nginx, file}
}

// secure asks over TLS.
func (s *served) secure(tb testing.TB, config *tls.Config) (*answer, error) {
	tb.Helper()
	return ask(tb, http.MethodGet, "https://"+s.address+"/metrics", nil, config, patience)
}

// mustServe wants a page over TLS.
func (s *served) mustServe(tb testing.TB, config *tls.Config) {
	tb.Helper()
	a, err := s.secure(tb, config)
	if err != nil {
		tb.Fatalf("no page over TLS: %v\n%s", err, s.log)
	}
	read(tb, a).wantUp(tb, "", usual())
}

// mustRefuse wants that there is no answer over TLS.
func (s *served) mustRefuse(tb testing.TB, who string, config *tls.Config) {
	tb.Helper()
	if a, err := s.secure(tb, config); err == nil {
		tb.Errorf("%s got an answer with status %d", who, a.status)
	}
}

// refusesPlain asks without TLS: 400 or nothing, and never a page.
func (s *served) refusesPlain(tb testing.TB) {
	tb.Helper()
	text := exchange(tb, s.address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	if text != "" && !strings.HasPrefix(text, "HTTP/1.0 400 ") {
		tb.Errorf("the answer to plain HTTP is %q", clip(text))
	}
	if strings.Contains(text, "nginx_") {
		tb.Error("the page is served in plain")
	}
}

func tlsConfig(p pair) string {
	return "tls_server_config:\n  cert_file: " + p.certificate + "\n  key_file: " + p.key + "\n"
}

func ownTLS(t *testing.T) {
	t.Helper()
	ca, stranger := newAuthority(t), newAuthority(t)
	s := serveWith(t, tlsConfig(ca.issue(t, "exporter", 2)))
	s.mustRefuse(t, "a client that trusts another CA", stranger.client())
	s.refusesPlain(t)
	s.mustServe(t, ca.client())
	if asked := s.nginx.requests.Load(); asked != 1 {
		t.Errorf("nginx was asked %d times", asked)
	}
}

func ownTLSOldClient(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	s := serveWith(t, tlsConfig(ca.issue(t, "exporter", 2)))
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		config := ca.client()
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, version
		s.mustRefuse(t, tls.VersionName(version), config)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := ca.client()
		config.MaxVersion = version
		s.mustServe(t, config)
	}
}

// The hash of rightPassword, with the work that htpasswd and the manual of
// exporter-toolkit propose.
const (
	rightPassword = "correct-horse"
	rightHash     = "$2a$10$hmMVX91f1Fgf11Kw/b7YI.gxsZ58ZjIXQcKJAm2fa7oeBJhQycw/G"
	users         = "basic_auth_users:\n  prometheus: " + rightHash + "\n"
)

func login(user, password string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
}

func basicAuth(t *testing.T) {
	t.Helper()
	s := serveWith(t, users)
	for name, header := range map[string]http.Header{
		"none": nil, "wrong user": login("admin", rightPassword), "wrong password": login("prometheus", "wrong-horse"),
		"empty": login("", ""), "empty password": login("prometheus", ""), "the hash": login("prometheus", rightHash),
		"another scheme": {"Authorization": {"Bearer " + rightPassword}}, "garbage": {"Authorization": {"Basic %%%"}},
	} {
		for _, path := range []string{"/metrics", "/probe?target=http://127.0.0.1/", "/"} {
			if a := s.get(t, path, header); a.status != http.StatusUnauthorized {
				t.Errorf("%s: %s has status %d", name, path, a.status)
			}
		}
	}
	if asked := s.nginx.requests.Load(); asked != 0 {
		t.Errorf("nginx was asked %d times before the right password", asked)
	}
	read(t, s.get(t, "/metrics", login("prometheus", rightPassword))).wantUp(t, "", usual())
}

// guessing is tried again where the machine was too busy for bcrypt.
func guessing(t *testing.T) {
	t.Helper()
	const limit = 5 * time.Second
	after := time.Hour
	for try := 0; try < 3 && after > limit; try++ {
		after = rightAmongWrong(t)
	}
	if after > limit {
		t.Errorf("the right scrape was answered after %s", after)
	}
}

// rightAmongWrong returns how long the right password takes while others guess.
func rightAmongWrong(t *testing.T) time.Duration {
	t.Helper()
	s := serveWith(t, users)
	var group sync.WaitGroup
	defer group.Wait()
	for guesser := range 10 {
		group.Go(func() {
			for try := range 6 {
				header := login("prometheus", fmt.Sprintf("wrong-%d-%d", guesser, try))
				a, err := ask(t, http.MethodGet, s.url("/metrics"), header, nil, patience)
				if err == nil && a.status != http.StatusUnauthorized {
					t.Errorf("a wrong password has status %d", a.status)
				}
			}
		})
	}
	a := s.get(t, "/metrics", login("prometheus", rightPassword))
	read(t, a).wantUp(t, "", usual())
	return a.after
}

func ownClientCertificates(t *testing.T) {
	t.Helper()
	ca, stranger := newAuthority(t), newAuthority(t)
	s := serveWith(t, tlsConfig(ca.issue(t, "exporter", 2))+
		"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: "+ca.file+"\n")
	s.mustRefuse(t, "a client without certificate", ca.client())
	other := ca.client()
	other.Certificates = stranger.issue(t, "prometheus", 3).load(t)
	s.mustRefuse(t, "a client of another CA", other)
	if asked := s.nginx.requests.Load(); asked != 0 {
		t.Errorf("nginx was asked %d times before the right certificate", asked)
	}
	right := ca.client()
	right.Certificates = ca.issue(t, "prometheus", 4).load(t)
	s.mustServe(t, right)
}

func ownCertificateBroken(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	files := ca.issue(t, "exporter", 2)
	s := serveWith(t, tlsConfig(files))
	s.mustServe(t, ca.client())
	whole, err := os.ReadFile(files.certificate)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"", string(whole[:len(whole)/2]), "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"} {
		write(t, files.certificate, broken)
		s.mustRefuse(t, "a client while the certificate is broken", ca.client())
		s.refusesPlain(t)
	}
	if err := os.Remove(files.certificate); err != nil {
		t.Fatal(err)
	}
	s.mustRefuse(t, "a client while the certificate is gone", ca.client())
	s.refusesPlain(t)
	write(t, files.certificate, string(whole))
	s.mustServe(t, ca.client())
}

func ownCertificateRenewed(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	s := serveWith(t, tlsConfig(ca.issue(t, "exporter", 2)))
	for _, serial := range []int64{2, 3, 4} {
		ca.issue(t, "exporter", serial) // over the same files
		config := ca.client()
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if got := state.PeerCertificates[0].SerialNumber.Int64(); got != serial {
				t.Errorf("the exporter shows the certificate %d, not %d", got, serial)
			}
			return nil
		}
		s.mustServe(t, config)
	}
}

func webConfigUnknownKey(t *testing.T) {
	t.Helper()
	for _, text := range []string{"basic_auth_user:\n  prometheus: " + rightHash + "\n", "tls_server_config: {cert: x}\n", "http_server_config: {http3: true}\n"} {
		refusesWebConfig(t, text)
	}
}

func webConfigWrongPair(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	a, b := ca.issue(t, "a", 2), ca.issue(t, "b", 3)
	for _, text := range []string{
		"tls_server_config:\n  cert_file: " + a.certificate + "\n",
		"tls_server_config:\n  key_file: " + a.key + "\n",
		tlsConfig(pair{a.certificate, b.key}),
		tlsConfig(pair{a.certificate, a.certificate}),
		tlsConfig(pair{a.certificate, filepath.Join(ca.directory, "missing.key")}),
	} {
		refusesWebConfig(t, text)
	}
}

func webConfigPlainPassword(t *testing.T) {
	t.Helper()
	for _, password := range []string{"plain", "''", "$1$salt$qJH7.N4xYta3aEG/dfqo/0", rightHash[:30], "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="} {
		refusesWebConfig(t, "basic_auth_users:\n  prometheus: '"+strings.Trim(password, "'")+"'\n")
	}
}

// refusesWebConfig wants the end at the start, with the flag in the line.
func refusesWebConfig(tb testing.TB, text string) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "web.yml")
	write(tb, file, text)
	if line := refuses(tb, "--web.config.file="+file); !strings.Contains(line, "--web.config.file") {
		tb.Errorf("the refusal of %q does not name the flag: %s", text, line)
	}
}

func webConfigBroken(t *testing.T) {
	t.Helper()
	s := serveWith(t, users)
	right := login("prometheus", rightPassword)
	read(t, s.get(t, "/metrics", right)).wantUp(t, "", usual())
	for _, text := range []string{"basic_auth_users: [", "basic_auth_user:\n  prometheus: x\n", "", "basic_auth_users:\n", "http_server_config: {}\n"} {
		write(t, s.file, text)
		for _, header := range []http.Header{nil, right} {
			if a := s.get(t, "/metrics", header); a.status == http.StatusOK {
				t.Errorf("a page is served while the web configuration is %q", text)
			}
		}
	}
	write(t, s.file, users)
	read(t, s.get(t, "/metrics", right)).wantUp(t, "", usual())
	if a := s.get(t, "/metrics", nil); a.status != http.StatusUnauthorized {
		t.Errorf("without a password the status is %d", a.status)
	}
}

// webConfigCut writes the beginning of a file that asks for client
// certificates, as somebody does who writes it anew in place.
func webConfigCut(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	whole := tlsConfig(ca.issue(t, "exporter", 2)) + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: " + ca.file + "\n"
	s := serveWith(t, whole)
	right := ca.client()
	right.Certificates = ca.issue(t, "prometheus", 4).load(t)
	for n := range len(whole) {
		write(t, s.file, whole[:n])
		if a, err := s.secure(t, ca.client()); err == nil && a.status == http.StatusOK {
			t.Fatalf("a page is served to a client without certificate while the web configuration is %q", whole[:n])
		}
	}
	s.refusesPlain(t)
	write(t, s.file, whole)
	s.mustServe(t, right)
}

func securedMetrics(t *testing.T) {
	t.Helper()
	ca := newAuthority(t)
	files := ca.issue(t, "exporter", 2)
	nginx := fakeTCP(t, always(ok(usual().page())))
	flags := []string{"--web.secured-metrics", "--web.ssl-server-cert=" + files.certificate, "--web.ssl-server-key=" + files.key}
	s := &served{exporter: serve(t, append(flags, uri(nginx.uri))...), nginx: nginx}
	s.mustServe(t, ca.client())
	s.refusesPlain(t)
	old := ca.client()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	s.mustRefuse(t, "TLS 1.1", old)
	ca.issue(t, "exporter", 3) // over the same files
	s.mustServe(t, ca.client())
}
