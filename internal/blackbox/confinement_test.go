//go:build linux

package blackbox_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestResourcesAndConfinement(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"32 file descriptors, 100 idle clients":                                  fewDescriptors,
		"read-only file systems":                                                 readOnly,
		"uid 65534, no capabilities, no_new_privs, no HOME, read-only":           restricted,
		"chroot with nothing but the binary (image FROM scratch)":                nothingButTheBinary,
		"unix socket without permission (0600, other user)":                      socketOfAnother,
		"start: time to the first answer":                                        timeToFirstAnswer,
		"descriptors and memory after 2000 scrapes of an nginx that fails":       nothingLeaks,
		"listening on a socket of its own, over one that a killed exporter left": ownSocket,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func fewDescriptors(t *testing.T) {
	t.Helper()
	e := serveSpec(t, &spec{
		args:   []string{uri(fakeTCP(t, always(ok(usual().page()))).uri)},
		prefix: []string{"/bin/sh", "-c", `ulimit -n 32 && exec "$@"`, "sh"},
	})
	e.scrape(t).wantUp(t, "", usual())
	var clients []net.Conn
	for range 100 {
		clients = append(clients, dial(t, e.address))
	}
	eventually(t, "the descriptors to be used up", func() bool { return e.descriptors(t) >= 32 })
	for _, client := range clients {
		_ = client.Close() // it was idle
	}
	eventually(t, "the exporter to serve again", func() bool {
		a, err := ask(t, http.MethodGet, e.url("/metrics"), nil, nil, timeout)
		return err == nil && a.status == http.StatusOK && read(t, a).up("")
	})
	e.scrape(t).wantUp(t, "", usual())
}

// remount makes every file system of a new mount namespace read-only, and then
// runs what stands behind it.
func remount(tb testing.TB, behind ...string) []string {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Fatal("this case makes file systems read-only, which only root may do: run the tests as root")
	}
	const script = `while read -r _ at _; do mount -o remount,bind,ro "$at" 2>/dev/null || :; done </proc/self/mounts; exec "$@"`
	return append([]string{"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"}, behind...)
}

// wantReadOnly looks at the mounts as the child sees them.
func (e *exporter) wantReadOnly(tb testing.TB) {
	tb.Helper()
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", e.command.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	options := map[string]string{} // a later mount hides an earlier one
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		options[fields[4]] = fields[5]
	}
	for at, option := range options {
		if !strings.HasPrefix(option, "ro") {
			tb.Errorf("%s is not read-only: %s", at, option)
		}
	}
}

func readOnly(t *testing.T) {
	t.Helper()
	e := serveSpec(t, &spec{
		args:   []string{uri(fakeTCP(t, always(ok(usual().page()))).uri)},
		prefix: remount(t),
	})
	e.wantReadOnly(t)
	e.scrape(t).wantUp(t, "", usual())
}

func restricted(t *testing.T) {
	t.Helper()
	drop := []string{
		"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
		"--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
	}
	e := serveSpec(t, &spec{
		args:   []string{uri(fakeTCP(t, always(ok(usual().page()))).uri)},
		prefix: remount(t, drop...),
	})
	e.wantReadOnly(t)
	for field, want := range map[string]string{
		"Uid": "65534\t65534\t65534\t65534", "CapPrm": "0000000000000000", "CapEff": "0000000000000000",
		"CapBnd": "0000000000000000", "NoNewPrivs": "1",
	} {
		if got := e.procStatus(t, field); got != want {
			t.Errorf("%s is %q, not %q", field, got, want)
		}
	}
	e.scrape(t).wantUp(t, "", usual())
	e.signal(t, syscall.SIGTERM)
	if status := e.exits(t, 2*time.Second); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
}

func nothingButTheBinary(t *testing.T) {
	t.Helper()
	root := newRoot(t)
	files, err := os.ReadDir(root.directory)
	if err != nil || len(files) != 1 {
		t.Fatalf("the root folder has %d files: %v", len(files), err)
	}
	e := root.serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri))
	e.scrape(t).wantUp(t, "", usual())
	full := root.serve(t, uri(fakeTCP(t, always(ok(usual().page()))).uri), "--web.exporter-metrics=full")
	full.scrape(t).wantUp(t, "", usual())
}

func socketOfAnother(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this case needs a second user, which only root may become: run the tests as root")
	}
	nginx := startNginxUnix(t, statusServer)
	socket := strings.TrimPrefix(nginx.address(), "unix:")
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	e := serveSpec(t, &spec{
		args: []string{nginx.uri("")},
		attr: syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
	})
	for range 3 {
		e.scrape(t).wantDown(t, "")
	}
	if log := e.log.String(); !strings.Contains(log, "check its owner and mode") {
		t.Errorf("the log has no advice:\n%s", log)
	}
	if err := os.Chmod(socket, 0o666); err != nil { // a status page is for everybody here
		t.Fatal(err)
	}
	if p := e.scrape(t); !p.up("") {
		t.Errorf("nginx is not up once the socket may be opened:\n%s", p.data())
	}
}

// timeToFirstAnswer asks from the moment of the start on, as a scraper does.
func timeToFirstAnswer(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	fastest := time.Hour // a busy machine may spoil a try
	for range 3 {
		address := freeAddress(t)
		began := time.Now()
		e := launch(t, &spec{args: []string{uri(nginx.uri)}, listen: address})
		var first *answer
		eventually(t, "the first answer", func() bool {
			a, err := ask(t, http.MethodGet, "http://"+address+"/metrics", nil, nil, patience)
			first = a
			return err == nil
		})
		fastest = min(fastest, time.Since(began))
		read(t, first).wantUp(t, "", usual())
		e.signal(t, syscall.SIGTERM)
		e.exits(t, patience)
	}
	if fastest > 1500*time.Millisecond {
		t.Errorf("the first answer came after %s", fastest)
	}
}

// nothingLeaks counts once the caches are warm.
func nothingLeaks(t *testing.T) {
	t.Helper()
	answers := []string{
		ok(usual().page()), ok("nothing"), status("503 Service Unavailable", "busy"), "garbage\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
	}
	nginx := fakeTCP(t, func(c *call) {
		for c.read() {
			answer := answers[int(c.fake.requests.Load())%len(answers)]
			if !c.say(answer) || !strings.HasPrefix(answer, "HTTP/1.1 200 OK\r\nServer") {
				return
			}
		}
	})
	e := serve(t, uri(nginx.uri))
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	scrapes := func(n int) {
		for range n {
			scrapeOver(t, transport, e)
		}
	}
	scrapes(200)
	before, memory := e.descriptors(t), e.peak(t)
	scrapes(1800)
	if after := e.descriptors(t); after > before+10 {
		t.Errorf("2000 scrapes left %d descriptors, %d before", after, before)
	}
	if grown := e.peak(t) - memory; grown > 8<<20 || e.peak(t) > 48<<20 {
		t.Errorf("2000 scrapes took %d bytes of memory more", grown)
	}
}

// ownSocket serves on a socket of its own, whose left-over must not be in the
// way of the next start, unless somebody listens on it.
func ownSocket(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(ok(usual().page())))
	socket := filepath.Join(t.TempDir(), "exporter.sock")
	for range 3 {
		e := serve(t, uri(nginx.uri), "--web.listen-address=unix:"+socket)
		second := launch(t, &spec{args: []string{uri(nginx.uri), "--web.listen-address=unix:" + socket}})
		if status := second.exits(t, patience); status != 1 || !strings.Contains(second.log.String(), "another program listens there") {
			t.Errorf("a second exporter on the socket ends with %d:\n%s", status, second.log)
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		send(t, conn, "GET /metrics HTTP/1.0\r\n\r\n")
		_, body, _ := strings.Cut(string(all(t, conn)), "\r\n\r\n")
		_ = conn.Close() // it was read to its end
		readText(t, body).wantUp(t, "", usual())
		e.signal(t, syscall.SIGKILL)
		e.exits(t, 2*time.Second)
	}
}
