//go:build linux

package blackbox_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
)

const password = "hunter2-s3cr3t"

func TestSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"password in the scrape URI":                                passwordInURI,
		"password in one of two scrape URIs (target label)":         passwordInOneOfTwo,
		"password in a scrape URI that is refused":                  passwordRefused,
		"a secret in nginx's answer (wrong location)":               secretInAnswer,
		"HTTP_PROXY set, nginx by name":                             proxyVariable,
		"a token in the query of the scrape URI":                    tokenInQuery,
		"a password in the web configuration that is refused":       passwordInWebConfig,
		"a password in the configuration file, nginx answers badly": passwordInFile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// withLogin puts credentials into the URI of a fake.
func withLogin(f *fake) string {
	return strings.Replace(f.uri, "http://", "http://admin:"+password+"@", 1)
}

// keepsPassword looks for the password in all that the exporter has shown, in
// plain and as it goes over the wire.
func (e *exporter) keepsPassword(tb testing.TB) {
	tb.Helper()
	wire := base64.StdEncoding.EncodeToString([]byte("admin:" + password))
	shown := map[string]string{"log": e.log.String()}
	if e.alive() {
		for _, path := range []string{"/metrics", "/", "/-/healthy", "/-/ready", "/probe?target=http://x/", "/nothing"} {
			shown[path] = string(e.get(tb, path, nil).body)
		}
	}
	for where, text := range shown {
		if strings.Contains(text, password) || strings.Contains(text, wire) {
			tb.Errorf("%s shows the password:\n%s", where, clip(text))
		}
	}
}

func passwordInURI(t *testing.T) {
	t.Helper()
	pages := make(chan string, 1)
	nginx := fakeTCP(t, eachOf(pages))
	e := serve(t, uri(withLogin(nginx)), "--log.level=debug", "--nginx.addr-label=always")
	pages <- usual().page()
	e.scrape(t).wantUp(t, nginx.uri, usual())
	user, given, sent := nginx.requested()[0].BasicAuth()
	if user != "admin" || given != password || !sent {
		t.Errorf("nginx was shown the login %q, %q", user, given)
	}
	nginx.close()
	e.scrape(t).wantDown(t, nginx.uri)
	e.keepsPassword(t)
}

func passwordInOneOfTwo(t *testing.T) {
	t.Helper()
	a, b := fakeTCP(t, always(ok(usual().page()))), fakeTCP(t, always(status("401 Unauthorized", "")))
	e := serve(t, uri(withLogin(a)), uri(withLogin(b)), "--log.level=debug")
	p := e.scrape(t)
	p.wantUp(t, a.uri, usual())
	p.wantDown(t, b.uri)
	e.keepsPassword(t)
}

func passwordRefused(t *testing.T) {
	t.Helper()
	for _, target := range []string{
		"ftp://admin:" + password + "@nginx/", "http://admin:" + password + "@:99999/", "http://admin:" + password + "#@nginx/",
		"http://admin:" + password + "@[::1", "admin:" + password + "@nginx", "http://admin:" + password + "@/",
	} {
		text := refuses(t, uri(target))
		if strings.Contains(text, password) {
			t.Errorf("%s: the refusal shows the password: %s", target, text)
		}
	}
}

func secretInAnswer(t *testing.T) {
	t.Helper()
	secret := strings.Repeat("0123456789abcdef", 64)
	for _, body := range []string{"<html>" + secret, secret, `{"token":"` + secret + `"}`, usual().page()[:40] + secret, "[" + secret} {
		e := serve(t, uri(fakeTCP(t, always(ok(body))).uri), "--log.level=debug")
		e.scrape(t).wantDown(t, "")
		shown := 0
		for n := range len(secret) {
			if strings.Contains(e.log.String(), secret[:n]) {
				shown = n
			}
		}
		if shown > 64 {
			t.Errorf("the log shows %d bytes of the answer:\n%s", shown, e.log)
		}
	}
}

// proxyVariable gives nginx a name, because Go never takes a proxy to an
// address of loopback. A target with a login takes another way through the
// client.
func proxyVariable(t *testing.T) {
	t.Helper()
	for _, login := range []string{"", "http_client_config: {basic_auth: {username: a, password: b}}"} {
		nginx, proxy := fakeTCP(t, always(ok(usual().page()))), fakeTCP(t, always(ok(other().page())))
		root := newRoot(t)
		root.write(t, "etc/hosts", "127.0.0.1 nginx.example\n")
		port := nginx.listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a fake on TCP
		root.write(t, "config.yml", fmt.Sprintf("targets:\n  - uri: http://nginx.example:%d/stub_status\n    %s\n", port, login))
		s := root.spec("--config.file=/config.yml")
		address := strings.TrimSuffix(proxy.uri, "/stub_status")
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
			s.env = append(s.env, name+"="+address)
		}
		e := serveSpec(t, s)
		e.scrape(t).wantUp(t, "", usual())
		if got := proxy.connections.Load(); got != 0 {
			t.Errorf("the proxy saw %d connections", got)
		}
	}
}

func tokenInQuery(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	e := serve(t, uri(nginx.uri+"?token="+password), "--nginx.addr-label=always", "--log.level=debug")
	e.scrape(t).wantUp(t, nginx.uri+"?token=REDACTED", usual())
	if got := nginx.requested()[0].URL.Query().Get("token"); got != password {
		t.Errorf("nginx was sent the token %q", got)
	}
	e.keepsPassword(t)
}

func passwordInWebConfig(t *testing.T) {
	t.Helper()
	file := t.TempDir() + "/web.yml"
	write(t, file, "basic_auth_users:\n  prometheus: "+password+"\n")
	if text := refuses(t, "--web.config.file="+file); strings.Contains(text, password) {
		t.Errorf("the refusal shows the password: %s", text)
	}
}

func passwordInFile(t *testing.T) {
	t.Helper()
	directory := t.TempDir()
	write(t, directory+"/password", password)
	nginx := fakeTCP(t, always(status("401 Unauthorized", "")))
	write(t, directory+"/config.yml", `targets:
  - uri: `+nginx.uri+`
    http_client_config:
      basic_auth: {username: admin, password_file: password}
`)
	e := serve(t, "--config.file="+directory+"/config.yml", "--log.level=debug")
	e.scrape(t).wantDown(t, "")
	if _, given, _ := nginx.requested()[0].BasicAuth(); given != password {
		t.Errorf("nginx was shown the password %q", given)
	}
	e.keepsPassword(t)
}
