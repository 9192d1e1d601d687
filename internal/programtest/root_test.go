//go:build linux

package programtest_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// root is the root directory of the exporter.
type root struct{ directory string }

// newRoot creates a root that contains only the program.
func newRoot(tb testing.TB) *root {
	tb.Helper()
	mustBeRoot(tb)
	r := &root{directory: tb.TempDir()}
	// Not a copy: a process forked at the same time by another test would keep the
	// file open for writing, and running it would fail (ETXTBSY).
	if err := os.Link(os.Getenv(binaryVariable), filepath.Join(r.directory, "nginx-exporter")); err != nil {
		tb.Fatal(err)
	}
	return r
}

// write writes a file that every user can read.
func (r *root) write(tb testing.TB, path, text string) {
	tb.Helper()
	path = filepath.Join(r.directory, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// spec runs the exporter in the root, as an unprivileged user.
func (r *root) spec(args ...string) *spec {
	return &spec{args: args, path: "/nginx-exporter", attr: syscall.SysProcAttr{Chroot: r.directory, Credential: unprivileged()}}
}

// targetForms are entries of a configuration file for one target: plain, and
// with a login, which goes through other code of the client.
func targetForms() []string {
	return []string{"", "http_client_config: {basic_auth: {username: a, password: b}}"}
}

// writeTarget writes a configuration file with the host at the port of a fake.
func (r *root) writeTarget(tb testing.TB, host string, nginx *fake, more string) {
	tb.Helper()
	port := nginx.listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a fake on TCP
	r.write(tb, "config.yml", fmt.Sprintf("targets:\n  - uri: http://%s:%d/stub_status\n    %s\n", host, port, more))
}

// HTTP_PROXY is not used. nginx has a name, since Go never uses a proxy for an
// address of loopback.
func TestProxyVariable(t *testing.T) {
	t.Parallel()
	for _, form := range targetForms() {
		nginx, proxy := fakeTCP(t, good()), fakeTCP(t, good())
		root := newRoot(t)
		root.write(t, "etc/hosts", "127.0.0.1 nginx.example\n")
		root.writeTarget(t, "nginx.example", nginx, form)
		s := root.spec("--config.file=/config.yml")
		address := strings.TrimSuffix(proxy.uri, "/stub_status")
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
			s.env = append(s.env, name+"="+address)
		}
		serveSpec(t, s).scrape(t).wantUp(t, "", usual())
		if got := proxy.connections.Load(); got != 0 {
			t.Errorf("the proxy saw %d connections", got)
		}
	}
}

// nginx is down while its name does not resolve, and up in the first scrape after
// that. Go shares DNS queries and continues them after the scrape that began them,
// so the resolver's own timeout is long.
func TestDNS(t *testing.T) {
	t.Parallel()
	for _, form := range targetForms() {
		nginx, names := fakeTCP(t, good()), startResolver(t)
		root := newRoot(t)
		root.write(t, "etc/resolv.conf", "nameserver "+names.address+"\noptions attempts:1 timeout:30\n")
		root.writeTarget(t, "nginx.example.", nginx, form)
		e := serveSpec(t, root.spec("--config.file=/config.yml", "--nginx.timeout=5s"))
		x := e.scrape(t)
		x.wantDown(t, "")
		x.wantError(t, "", "dns")
		names.mode.Store(int32(mute))
		e.scrape(t).wantDown(t, "")
		names.mode.Store(int32(responding))
		e.scrape(t).wantUp(t, "", usual())
	}
}

// mode is how a resolver responds.
type mode int32

const (
	nxdomain   mode = iota // no name exists
	mute                   // not at all
	responding             // every name is 127.0.0.1
)

// resolver is a DNS server on loopback. It has port 53, since resolv.conf knows
// no other, on an address that no other test uses.
type resolver struct {
	address string
	mode    atomic.Int32
}

func startResolver(tb testing.TB) *resolver {
	tb.Helper()
	mustBeRoot(tb)
	for range 20 {
		r := &resolver{address: fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))}
		conn, err := new(net.ListenConfig).ListenPacket(tb.Context(), "udp", r.address+":53")
		if err != nil {
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.serve(conn)
		}()
		tb.Cleanup(func() {
			_ = conn.Close() // ends the goroutine
			<-done
		})
		return r
	}
	tb.Fatal("no address of loopback has its port 53 free")
	return nil
}

func (r *resolver) serve(conn net.PacketConn) {
	query := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(query)
		if err != nil {
			return
		}
		if mode := mode(r.mode.Load()); mode != mute {
			_, _ = conn.WriteTo(reply(query[:n], mode), from) // the client may have gone
		}
	}
}

// reply makes a response to a query, by RFC 1035.
func reply(query []byte, mode mode) []byte {
	const header, typeA = 12, 1
	end := header
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // the root label, the type, the class
	if end > len(query) {
		return nil
	}
	response := append([]byte(nil), query[:end]...)
	response[2], response[3] = 0x84, 0 // a response with authority
	copy(response[4:header], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case mode == nxdomain:
		response[3] = 3
	case binary.BigEndian.Uint16(response[end-4:]) == typeA:
		response[7] = 1
		response = append(response, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return response
}

// A configuration file that is unreadable for a while is loaded when it is readable
// again, although neither its content nor its time has changed.
func TestConfigFileMode(t *testing.T) {
	t.Parallel()
	nginx := fakeTCP(t, good())
	root := newRoot(t)
	root.writeTarget(t, "127.0.0.1", nginx, "")
	e := serveSpec(t, root.spec("--config.file=/config.yml"))
	path := filepath.Join(root.directory, "config.yml")
	for _, step := range []struct {
		mode os.FileMode
		want string
	}{
		{0, "permission denied"},
		{0o644, `msg="Configuration reloaded"`},
	} {
		if err := os.Chmod(path, step.mode); err != nil {
			t.Fatal(err)
		}
		if step.mode == 0 {
			root.writeTarget(t, "127.0.0.1", nginx, "name: one")
		}
		e.Await(t, step.want, func() bool { return e.logged(step.want) == 1 })
	}
	e.scrape(t).wantUp(t, "one", usual())
}
