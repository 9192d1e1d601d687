//go:build linux

package programtest_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

const password = "hunter2-s3cr3t"

// Passwords and tokens reach nginx, and neither the log at level debug nor any
// response.
func TestSecrets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder+"/password", password)
	login := func(f *fake) string { return strings.Replace(f.uri, "http://", "http://admin:"+password+"@", 1) }
	refusing := always(status("401 Unauthorized", password+" is wrong"))
	inURI, wrong, file, query := fakeTCP(t, good()), fakeTCP(t, refusing), fakeTCP(t, refusing), fakeTCP(t, good())
	config := write(t, folder+"/config.yml", `targets:
  - uri: `+login(inURI)+`
  - uri: `+login(wrong)+`
  - uri: `+query.uri+`?token=`+password+`
  - uri: `+file.uri+`
    http_client_config:
      basic_auth: {username: admin, password_file: password}
`)
	e := serve(t, "--config.file="+config, "--log.level=debug")
	for range 2 {
		x := e.scrape(t)
		x.wantUp(t, inURI.uri, usual())
		x.wantUp(t, query.uri+"?token=REDACTED", usual())
		x.wantDown(t, wrong.uri)
		x.wantDown(t, file.uri)
	}
	for _, f := range []*fake{inURI, wrong, file} {
		if user, given, sent := f.requests()[0].BasicAuth(); user != "admin" || given != password || !sent {
			t.Errorf("nginx was sent the login %q, %q", user, given)
		}
	}
	if got := query.requests()[0].URL.Query().Get("token"); got != password {
		t.Errorf("nginx was sent the token %q", got)
	}
	inURI.close()
	query.close()
	e.scrape(t).wantDown(t, inURI.uri)
	e.keepsPassword(t)
}

// keepsPassword searches the log and all responses for the password and for its
// form in a header.
func (e *exporter) keepsPassword(tb testing.TB) {
	tb.Helper()
	shown := map[string]string{"the log": e.Log()}
	for _, path := range []string{"/metrics", "/", "/api/v1/state", "/-/healthy", "/-/ready", "/probe?target=http://x/", "/nothing"} {
		_, body, err := e.request(tb, path)
		if err != nil {
			tb.Fatal(err)
		}
		shown[path] = body
	}
	header := base64.StdEncoding.EncodeToString([]byte("admin:" + password))
	for where, text := range shown {
		if strings.Contains(text, password) || strings.Contains(text, header) {
			tb.Errorf("%s shows the password", where)
		}
	}
}

// The error for an invalid configuration does not show its password.
func TestSecretsRefused(t *testing.T) {
	t.Parallel()
	web := write(t, t.TempDir()+"/web.yml", "basic_auth_users:\n  prometheus: "+password+"\n")
	for _, flag := range []string{
		uri("ftp://admin:" + password + "@nginx/"), uri("http://admin:" + password + "@:99999/"), uri("http://admin:" + password + "#@nginx/"),
		uri("http://admin:" + password + "@[::1"), uri("admin:" + password + "@nginx"), uri("http://admin:" + password + "@/"),
		"--web.config.file=" + web,
	} {
		if text := refuses(t, flag); strings.Contains(text, password) {
			t.Errorf("%s: the error shows the password: %s", flag, text)
		}
	}
}

// At most 64 bytes of a response that is not from stub_status are logged.
func TestResponsesStayOutOfLog(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("0123456789abcdef", 64)
	var args []string
	for _, body := range []string{"<html>" + secret, secret, `{"token":"` + secret + `"}`, usual().body()[:40] + secret, "[" + secret} {
		args = append(args, uri(fakeTCP(t, always(ok(body))).uri))
	}
	e := serve(t, append(args, "--log.level=debug")...)
	e.scrape(t)
	e.wantLogged(t, len(args), "reason=parse")
	const most = 64
	if strings.Contains(e.Log(), secret[:most+1]) {
		t.Errorf("the log shows more than %d bytes of a response", most)
	}
}

// What a server sends after its response is not logged.
func TestExcessStaysOutOfLog(t *testing.T) {
	t.Parallel()
	nginx := fakeTCP(t, always(ok(usual().body())+"token=secret"))
	e := serve(t, uri(nginx.uri), "--log.level=debug")
	for range 10 {
		e.scrape(t).wantUp(t, "", usual())
	}
	if strings.Contains(e.Log(), "secret") {
		t.Error("the log shows what follows a response")
	}
}
