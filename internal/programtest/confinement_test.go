//go:build linux

package programtest_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// A process without free descriptors recovers when clients disconnect.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	e := serveSpec(t, &spec{
		args:   []string{uri(fakeTCP(t, good()).uri)},
		prefix: []string{"/bin/sh", "-c", `ulimit -n 32 && exec "$@"`, "sh"},
	})
	e.scrape(t).wantUp(t, "", usual())
	var clients []net.Conn
	for range 100 {
		clients = append(clients, dial(t, e.address))
	}
	e.Await(t, "the descriptors to be used up", func() bool { return e.Descriptors(t) >= 32 })
	for _, client := range clients {
		_ = client.Close() // it was idle
	}
	e.Await(t, "nginx to be up again", func() bool {
		status, body, err := e.request(t, "/metrics")
		return err == nil && status == http.StatusOK && parse(t, body).up("")
	})
	e.scrape(t).wantUp(t, "", usual())
}

// The restrictions of a pod with the security standard "restricted": an
// unprivileged user without capabilities on read-only file systems.
func TestRestricted(t *testing.T) {
	t.Parallel()
	mustBeRoot(t)
	const remount = `while read -r _ at _; do mount -o remount,bind,ro "$at" 2>/dev/null || :; done </proc/self/mounts; exec "$@"`
	e := serveSpec(t, &spec{
		args: []string{uri(fakeTCP(t, good()).uri)},
		prefix: []string{
			"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", remount, "sh",
			"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
			"--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
		},
	})
	e.wantReadOnly(t)
	for field, want := range map[string]string{
		"Uid": "65534\t65534\t65534\t65534", "CapPrm": "0000000000000000", "CapEff": "0000000000000000",
		"CapBnd": "0000000000000000", "NoNewPrivs": "1",
	} {
		if got := e.Status(t, field); got != want {
			t.Errorf("%s is %q, not %q", field, got, want)
		}
	}
	e.scrape(t).wantUp(t, "", usual())
	e.terminate(t, syscall.SIGTERM)
}

// wantReadOnly checks the mounts as the process sees them.
func (e *exporter) wantReadOnly(tb testing.TB) {
	tb.Helper()
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", e.PID()))
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

// The root folder of an image FROM scratch has the binary and nothing else.
func TestNothingButTheBinary(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	files, err := os.ReadDir(root.directory)
	if err != nil || len(files) != 1 {
		t.Fatalf("the root folder has %d files: %v", len(files), err)
	}
	for _, metrics := range []string{"basic", "full"} {
		e := serveSpec(t, root.spec(uri(fakeTCP(t, good()).uri), "--web.exporter-metrics="+metrics))
		e.scrape(t).wantUp(t, "", usual())
	}
}

// A socket of another user is a common mistake between containers.
func TestSocketOfAnotherUser(t *testing.T) {
	t.Parallel()
	mustBeRoot(t)
	nginx := fakeUnix(t, good())
	socket := nginx.listener.Addr().String()
	folder := strings.TrimSuffix(socket, "/s")
	if err := os.Chmod(folder, 0o711); err != nil { // others may enter but not list it
		t.Fatal(err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	e := serveSpec(t, &spec{args: []string{uri(nginx.uri)}, attr: syscall.SysProcAttr{Credential: unprivileged()}})
	for range 3 {
		e.scrape(t).wantDown(t, "")
	}
	e.wantLogged(t, 1, "target="+nginx.uri, "permission denied")
	if err := os.Chmod(socket, 0o666); err != nil { // every user may connect
		t.Fatal(err)
	}
	e.scrape(t).wantUp(t, "", usual())
}

// Thousands of failed scrapes leak neither memory, goroutines nor descriptors.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	responses := []string{
		ok(usual().body()), ok("nothing"), status("503 Service Unavailable", "busy"), "garbage\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
	}
	nginx := fakeTCP(t, func(c *call) {
		for c.read() {
			response := responses[len(c.fake.requests())%len(responses)]
			if !c.say(response) || !strings.HasPrefix(response, "HTTP/1.1 200 OK\r\nServer") {
				return
			}
		}
	})
	e := serve(t, uri(nginx.uri), "--web.exporter-metrics=full")
	scrapes := func(n int) (goroutines float64) {
		for range n {
			if status, _, err := e.request(t, "/metrics"); err != nil || status != http.StatusOK {
				t.Fatalf("a scrape has status %d, error %v", status, err)
			}
		}
		return e.scrape(t).series["go_goroutines"][""]
	}
	goroutines := scrapes(200) // the caches are filled
	descriptors, memory := e.Descriptors(t), e.Memory(t, "RssAnon")
	after := scrapes(1800)
	if after > goroutines+10 {
		t.Errorf("%v goroutines became %v", goroutines, after)
	}
	e.Await(t, "descriptors to be closed", func() bool { return e.Descriptors(t) <= descriptors+10 })
	if now := e.Memory(t, "RssAnon"); now > memory+8<<20 || now > 32<<20 {
		t.Errorf("%d bytes of anonymous memory became %d", memory, now)
	}
}

func mustBeRoot(tb testing.TB) {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Fatal("this test confines the exporter or opens port 53, which only root may do: run the tests as root")
	}
}

// unprivileged is the user of Kubernetes' restricted pods.
func unprivileged() *syscall.Credential { return &syscall.Credential{Uid: 65534, Gid: 65534} }
