//go:build linux

package setup

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
)

// scene is a machine with a real nginx and a systemctl that only records.
type scene struct {
	options Options
	nginx   *nginxtest.Nginx
	calls   string // file with the arguments of systemctl
}

// newScene returns a machine whose systemctl succeeds for the calls that match a pattern of the shell.
func newScene(t *testing.T, http, succeeds string) *scene {
	t.Helper()
	s := &scene{nginx: nginxtest.New(t)}
	s.nginx.Configure(t, http)
	bin := t.TempDir()
	s.calls = filepath.Join(bin, "calls")
	script := "#!/bin/sh\necho \"$*\" >>" + s.calls + "\ncase \"$*\" in " + succeeds + ") exit 0 ;; esac\necho no; exit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s.options = Options{
		NginxBinary: s.nginx.Program(t), DefaultURI: "http://" + nginxtest.FreeAddress(t, "127.0.0.1") + "/stub_status",
		Listen: nginxtest.FreeAddress(t, "127.0.0.1"), Responds: responds,
		ServiceURI: func() string { return "" }, systemd: t.TempDir(),
	}
	return s
}

func responds(ctx context.Context, uri string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return false
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// systemctl returns the calls that change something.
func (s *scene) systemctl(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.calls)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var changes []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "cat ") && !strings.HasPrefix(line, "is-active ") {
			changes = append(changes, line)
		}
	}
	return strings.Join(changes, "; ")
}

// plan makes a plan and checks its text.
func (s *scene) plan(t *testing.T, newPlan func(context.Context, Options) (*Plan, error), contains ...string) *Plan {
	t.Helper()
	p, err := newPlan(t.Context(), s.options)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range contains {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in the plan:\n%s", want, &b)
		}
	}
	return p
}

// TestSetup adds a page to a running nginx, starts the service, and takes both back.
func TestSetup(t *testing.T) {
	s := newScene(t, "", "cat*|daemon-reload*|enable*|disable*")
	s.nginx.Start(t)
	page := filepath.Join(s.nginx.Dir, "conf.d", fileName)

	p := s.plan(t, New, "+ "+page+"\n", "listen "+s.options.Listen+";", "~ systemctl enable --now nginx-exporter.service\n")
	if p.Serving || !p.Service || p.URI != "http://"+s.options.Listen+"/stub_status" {
		t.Errorf("%+v", p)
	}
	if _, err := os.Stat(page); err == nil || s.systemctl(t) != "" {
		t.Error("planning has changed something")
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.nginx.Await(t, "the page", func() bool { return responds(t.Context(), p.URI) })
	dropIn, err := os.ReadFile(s.options.dropIn())
	if err != nil || !strings.Contains(string(dropIn), `"NGINX_EXPORTER_NGINX_SCRAPE_URI=`+p.URI+`"`) {
		t.Errorf("drop-in %q, %v", dropIn, err)
	}
	if calls := s.systemctl(t); calls != "daemon-reload; enable --now nginx-exporter.service" {
		t.Errorf("systemctl was called: %s", calls)
	}
	if again := s.plan(t, New); again.reload || !again.Serving {
		t.Errorf("a second setup changes nginx: %+v", again)
	}

	undo := s.plan(t, NewUndo, "- "+page+"\n", "- "+s.options.dropIn()+"\n", "~ systemctl disable --now")
	if err := undo.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.nginx.Await(t, "the page to go", func() bool { return !responds(t.Context(), p.URI) })
	for _, path := range []string{page, s.options.dropIn()} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
	if !s.plan(t, NewUndo).Empty() {
		t.Error("a second undo has something to take back")
	}
}

// TestRunning gives a service that runs the URI of the new page, and leaves it running after an undo.
func TestRunning(t *testing.T) {
	s := newScene(t, "", "cat*|is-active*|daemon-reload*|restart*")
	s.nginx.Start(t)
	p := s.plan(t, New, "+ "+s.options.dropIn()+"\n", "~ systemctl daemon-reload\n~ systemctl restart nginx-exporter.service\n")
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.nginx.Await(t, "the page", func() bool { return responds(t.Context(), p.URI) })
	s.options.ServiceURI = func() string { return p.URI }
	if again := s.plan(t, New); !again.Empty() {
		t.Errorf("a second setup has something to change: %+v", again)
	}
	if err := s.plan(t, NewUndo).Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls := s.systemctl(t); calls != "daemon-reload; restart nginx-exporter.service; daemon-reload; restart nginx-exporter.service" {
		t.Errorf("systemctl was called: %s", calls)
	}
}

// TestServing leaves an nginx alone that has a status page.
func TestServing(t *testing.T) {
	address := nginxtest.FreeAddress(t, "127.0.0.1")
	s := newScene(t, "server { listen "+address+"; location = /page { stub_status; } }", "nothing")
	p := s.plan(t, New, "reload nginx, or start it")
	if p.Serving || len(p.files) > 0 || p.Service {
		t.Errorf("nginx does not run: %+v", p)
	}
	s.nginx.Start(t)
	if p := s.plan(t, New); !p.Empty() || p.URI != "http://"+address+"/page" || !p.Serving {
		t.Errorf("nginx runs: %+v", p)
	}
}

// TestPortInUse refuses an address on which another program listens: nginx would keep its old configuration, and not
// start again.
func TestPortInUse(t *testing.T) {
	s := newScene(t, "", "cat*")
	s.nginx.Start(t)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", s.options.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if _, err := New(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "choose another one with --listen") {
		t.Errorf("error %v", err)
	}
}

// TestNotServed takes the page back if nginx accepts it, but does not serve it: the port may have been taken since.
func TestNotServed(t *testing.T) {
	s := newScene(t, "", "cat*|daemon-reload*|enable*")
	s.nginx.Start(t)
	s.options.Responds = func(context.Context, string) bool { return false }
	s.options.patience = time.Second
	p := s.plan(t, New)
	err := p.Apply(t.Context())
	if err == nil || !strings.Contains(err.Error(), "was taken back: see the error log of nginx") {
		t.Errorf("error %v", err)
	}
	for _, f := range p.files {
		if _, err := os.Stat(f.path); err == nil {
			t.Errorf("%s is left", f.path)
		}
	}
	if calls := s.systemctl(t); calls != "" {
		t.Errorf("systemctl was called: %s", calls)
	}
	s.nginx.Await(t, "the page to go", func() bool { return !responds(t.Context(), p.URI) })
}

// TestUndoStopped does not start an nginx that does not run.
func TestUndoStopped(t *testing.T) {
	s := newScene(t, "", "nothing")
	path := s.nginx.Write(t, "conf.d/"+fileName, marker+"\n")
	if err := s.plan(t, NewUndo, "-t, then reload nginx if it runs\n").Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the page is left")
	}
	if pid, err := os.ReadFile(filepath.Join(s.nginx.Dir, "pid")); err != nil || len(pid) > 0 { // nginx -t makes an empty file
		t.Errorf("nginx was started: %s, %v", pid, err)
	}
	if calls := s.systemctl(t); calls != "" {
		t.Errorf("systemctl was called: %s", calls)
	}
}

// TestUndoBroken takes back its files while nginx rejects its configuration because of another file. nginx keeps running on the
// configuration that it has loaded.
func TestUndoBroken(t *testing.T) {
	s := newScene(t, "", "cat*|daemon-reload*|enable*|disable*")
	s.nginx.Start(t)
	p := s.plan(t, New)
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.nginx.Await(t, "the page", func() bool { return responds(t.Context(), p.URI) })
	other := s.nginx.Write(t, "conf.d/other.conf", "nonsense \"secret\";\n")

	undo := s.plan(t, NewUndo, "- "+filepath.Join(s.nginx.Dir, "conf.d", fileName)+"\n", "- "+s.options.dropIn()+"\n",
		"nginx rejects its configuration now: unknown directive \"nonsense\"", "~ systemctl disable --now")
	err := undo.Apply(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nginx was not reloaded") || !strings.Contains(err.Error(), "unknown directive \"nonsense\" in "+other+":1") ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	for _, f := range p.files {
		if _, err := os.Stat(f.path); err == nil {
			t.Errorf("%s is left", f.path)
		}
	}
	if calls := s.systemctl(t); !strings.HasSuffix(calls, "; daemon-reload; disable --now nginx-exporter.service") {
		t.Errorf("systemctl was called: %s", calls)
	}
	if !responds(t.Context(), p.URI) {
		t.Error("nginx has lost the configuration that it had loaded")
	}
	if again := s.plan(t, NewUndo); !again.Empty() {
		t.Errorf("a second undo has something to take back: %+v", again)
	}
}

// TestUndoOwnFault takes back a page for which nginx rejects its configuration, such as after a change to an nginx without the module.
func TestUndoOwnFault(t *testing.T) {
	s := newScene(t, "", "nothing")
	s.nginx.Start(t)
	page := s.nginx.Write(t, "conf.d/"+fileName, marker+"\nnonsense;\n")
	if err := s.plan(t, NewUndo, "- "+page+"\n").Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("the page is left")
	}
}

// TestUndoWithoutNginx takes back what the service has, and says that the rest was not looked for.
func TestUndoWithoutNginx(t *testing.T) {
	s := newScene(t, "", "cat*|daemon-reload*|disable*")
	s.options.NginxBinary = "/nowhere/nginx"
	if _, err := NewUndo(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "nginx was not found") {
		t.Errorf("with nothing to take back: error %v", err)
	}
	path := s.options.dropIn()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(marker+"\n"+enabled+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	err := s.plan(t, NewUndo, "- "+path+"\n", "~ systemctl disable --now").Apply(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nginx was not found") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the drop-in is left")
	}
	if calls := s.systemctl(t); calls != "daemon-reload; disable --now nginx-exporter.service" {
		t.Errorf("systemctl was called: %s", calls)
	}
}

// TestServiceFailed sets up again after the service could not start: the files of the first time are there.
func TestServiceFailed(t *testing.T) {
	s := newScene(t, "", "cat*|daemon-reload*")
	s.nginx.Start(t)
	first := s.plan(t, New)
	if err := first.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "systemctl enable --now nginx-exporter.service failed") {
		t.Errorf("error %v", err)
	}
	for _, uri := range []string{first.URI, "http://127.0.0.1:1/before"} { // the URI may have changed
		s.nginx.Await(t, "the page", func() bool { return responds(t.Context(), first.URI) })
		text := marker + "\n" + enabled + "\n[Service]\nEnvironment=\"NGINX_EXPORTER_NGINX_SCRAPE_URI=" + uri + "\"\n"
		if err := os.WriteFile(s.options.dropIn(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := s.plan(t, New, "~ systemctl enable --now nginx-exporter.service\n").Apply(t.Context())
		if err == nil || !strings.Contains(err.Error(), "systemctl enable --now nginx-exporter.service failed") {
			t.Errorf("%s: error %v", uri, err)
		}
		dropIn, err := os.ReadFile(s.options.dropIn())
		if want := strings.Replace(text, uri, first.URI, 1); err != nil || string(dropIn) != want {
			t.Errorf("drop-in %q, %v; want %q", dropIn, err, want)
		}
	}
	if err := os.WriteFile(s.options.dropIn(), []byte("# of the user\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "was not written by setup") {
		t.Errorf("error %v", err)
	}
}

// TestRejected restores all files if nginx rejects them.
func TestRejected(t *testing.T) {
	s := newScene(t, "", "cat*")
	s.nginx.Start(t)
	p := s.plan(t, New)
	p.files[0].text = strings.Replace(p.files[0].text, "stub_status;", "no_such_directive \"secret\";", 1)
	err := p.Apply(t.Context())
	if err == nil || !strings.Contains(err.Error(), `nothing was changed: unknown directive "no_such_directive"`) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	for _, f := range p.files {
		if _, err := os.Stat(f.path); err == nil {
			t.Errorf("%s is left", f.path)
		}
	}
	if calls := s.systemctl(t); calls != "" {
		t.Errorf("systemctl was called: %s", calls)
	}
}

// TestRefuses names what is in the way, and changes nothing.
func TestRefuses(t *testing.T) {
	for want, main := range map[string]string{
		"includes no directory":            "pid pid; events {} http {}",
		"nginx rejects its configuration:": "nonsense on;",
	} {
		s := newScene(t, "", "nothing")
		s.nginx.Write(t, "nginx.conf", main)
		if _, err := New(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", main, err)
		}
	}
	s := newScene(t, "", "nothing")
	s.options.NginxBinary = "/nowhere/nginx"
	if _, err := New(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "nginx was not found") {
		t.Errorf("error %v", err)
	}
	s = newScene(t, "", "nothing")
	s.nginx.Write(t, "conf.d/"+fileName, "# of the user\n")
	if _, err := New(t.Context(), s.options); err == nil || !strings.Contains(err.Error(), "exists, but") {
		t.Errorf("error %v", err)
	}
	if p := s.plan(t, NewUndo); !p.Empty() {
		t.Errorf("undo would remove a file of the user: %+v", p)
	}
}

// TestFreeAddress avoids addresses in use.
func TestFreeAddress(t *testing.T) {
	first, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if second, err := freeAddress(); err != nil || second == first {
		t.Errorf("%s, %v", second, err)
	}
}
