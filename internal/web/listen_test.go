package web_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nginx-exporter/internal/proctest"
)

func TestListenTCP(t *testing.T) {
	t.Parallel()
	r := serve(t, configure(startNginx(t, nil).URL))
	mustScrape(t, "tcp", r.address(t))
}

func TestListenAddressInUse(t *testing.T) {
	t.Parallel()
	taken := listen(t, "tcp", "127.0.0.1:0").Addr().String()
	c := configure(startNginx(t, nil).URL)
	free := filepath.Join(t.TempDir(), "e.sock")
	c.Web.Listen = []string{"unix:" + free, taken}
	err := newExporter(t, c).Listen(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--web.listen-address") || !strings.Contains(err.Error(), taken) {
		t.Errorf("listening on %s ends with %v", taken, err)
	}
	// The listener that was opened first is closed again.
	if conn, err := new(net.Dialer).DialContext(t.Context(), "unix", free); err == nil {
		_ = conn.Close() // it should not have opened
		t.Errorf("%s listens", free)
	}
}

func TestListenUnix(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	socket := filepath.Join(t.TempDir(), "e.sock")
	c := configure(n.URL)
	c.Web.Listen = []string{"unix:" + socket}
	r := serve(t, c)
	mustScrape(t, "unix", r.address(t))
	r.mustEnd(t, r.stopping(nil))
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket is left behind")
	}
}

// leaveBehind makes a socket as a killed exporter leaves it.
func leaveBehind(tb testing.TB, path string) {
	tb.Helper()
	listener, isUnix := listen(tb, "unix", path).(*net.UnixListener)
	if !isUnix {
		tb.Fatal("no unix listener")
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestListenStaleSocket(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	socket := filepath.Join(t.TempDir(), "e.sock")
	leaveBehind(t, socket)
	c := configure(n.URL)
	c.Web.Listen = []string{"unix:" + socket}
	mustScrape(t, "unix", serve(t, c).address(t))
}

// TestListenKeepsOtherFiles checks that files and sockets of others are kept.
func TestListenKeepsOtherFiles(t *testing.T) {
	t.Parallel()
	n := startNginx(t, nil)
	directory := t.TempDir()
	text, live, link := filepath.Join(directory, "file"), filepath.Join(directory, "live.sock"), filepath.Join(directory, "link")
	overwrite(t, text, "precious")
	listen(t, "unix", live)
	if err := os.Symlink(live, link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text: "address already in use", live: "already in use", link: "address already in use",
		directory: "address already in use", filepath.Join(directory, "none", "e.sock"): "no such file",
	} {
		c := configure(n.URL)
		c.Web.Listen = []string{"unix:" + path}
		if err := newExporter(t, c).Listen(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("listening on %s ends with %v, not with %q", path, err, want)
		}
	}
	for _, path := range []string{text, live, link} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("it was removed: %v", err)
		}
	}
}

func TestListenSystemdWithoutSockets(t *testing.T) {
	t.Parallel()
	c := configure(startNginx(t, nil).URL)
	c.Web.Systemd, c.Web.Listen = true, nil
	if err := newExporter(t, c).Listen(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "--web.systemd-socket: no sockets from systemd") {
		t.Errorf("listening without sockets ends with %v", err)
	}
}

// TestListenSystemdRefuses passes unusable file descriptors: one plain error.
func TestListenSystemdRefuses(t *testing.T) {
	t.Parallel()
	file := func(of interface{ File() (*os.File, error) }, err error) *os.File {
		if err != nil {
			t.Fatal(err)
		}
		f, err := of.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	regular, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = regular.Close(), reader.Close(), writer.Close() })
	listener := file(net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	udp := file(net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	datagram := file(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"}))
	tcp, isTCP := listen(t, "tcp", "127.0.0.1:0").(*net.TCPListener)
	if !isTCP {
		t.Fatal("no TCP listener")
	}
	address, isTCP := tcp.Addr().(*net.TCPAddr)
	if !isTCP {
		t.Fatal("no TCP address")
	}
	connected := file(net.DialTCP("tcp", nil, address))
	for name, c := range map[string]struct {
		count string
		files []*os.File
		want  string
	}{
		"a file":          {"1", []*os.File{regular}, "file descriptor 3 from systemd is not a listening stream socket"},
		"a pipe":          {"1", []*os.File{reader}, "file descriptor 3 from systemd is not"},
		"UDP":             {"1", []*os.File{udp}, "file descriptor 3 from systemd is not"},
		"datagrams":       {"1", []*os.File{datagram}, "file descriptor 3 from systemd is not"},
		"a connection":    {"1", []*os.File{connected}, "file descriptor 3 from systemd is not"},
		"UDP as well":     {"2", []*os.File{listener, udp}, "file descriptor 4 from systemd is not"},
		"fewer":           {"64", []*os.File{listener}, "file descriptor 4 from systemd is not"},
		"none":            {"1", nil, "file descriptor 3 from systemd is not"},
		"0":               {"0", nil, "LISTEN_FDS is not a number of sockets between 1 and 64"},
		"below 0":         {"-1", nil, "LISTEN_FDS is not"},
		"text":            {"x", nil, "LISTEN_FDS is not"},
		"very many":       {"999999999", nil, "LISTEN_FDS is not"},
		"beyond integers": {"99999999999999999999", nil, "LISTEN_FDS is not"},
	} {
		command := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
		command.Env = append(os.Environ(), activatedVariable+"=http://127.0.0.1:1/", "LISTEN_FDS="+c.count)
		command.ExtraFiles = c.files
		p := proctest.Start(t, "", command)
		status, log := p.Exit(t), p.Log()
		if status != 1 || strings.Count(log, "\n") != 1 || !strings.HasPrefix(log, "--web.systemd-socket: "+c.want) {
			t.Errorf("%s: status %d: %s", name, status, log)
		}
	}
}

func TestListenSystemd(t *testing.T) {
	t.Parallel()
	listener, isTCP := listen(t, "tcp", "127.0.0.1:0").(*net.TCPListener)
	if !isTCP {
		t.Fatal("no TCP listener")
	}
	socket, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	// exec keeps the process id of the shell.
	command := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"`, os.Args[0])
	command.Env = append(os.Environ(), activatedVariable+"="+startNginx(t, nil).URL)
	command.ExtraFiles = []*os.File{socket}
	p := proctest.Start(t, "", command)
	_, _ = socket.Close(), listener.Close() // the child has its own
	mustScrape(t, "tcp", listener.Addr().String())
	p.Signal(t, syscall.SIGTERM)
	if status := p.Exit(t); status != 0 {
		t.Errorf("the exporter ended with status %d", status)
	}
}

// serveActivated is the exporter of the test above. It ends with SIGTERM.
func serveActivated() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	c := configure(os.Getenv(activatedVariable))
	c.Web.Systemd, c.Web.Listen = true, nil
	e, closer, err := assemble(c)
	if err != nil {
		return err
	}
	defer closer()
	if err := e.Listen(context.Background()); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-stop
		e.Shutdown(nil)
	}()
	if err := e.Serve(); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	<-ended
	return nil
}

// TestListenSecured serves TLS by the flags of nginx-prometheus-exporter 0.9 to 0.11.
func TestListenSecured(t *testing.T) {
	t.Parallel()
	files := newPair(t, 1)
	c := configure(startNginx(t, nil).URL)
	c.Web.SecuredMetrics, c.Web.TLSCert, c.Web.TLSKey = true, files.certificate, files.key
	r := serve(t, c)
	if _, body, err := fetch(t, "tcp", r.address(t), "/metrics", nil); err == nil && strings.Contains(body, "nginx_up") {
		t.Error("metrics are served over plain HTTP")
	}
	serial := func(newest uint16) (int64, error) {
		conn, err := (&tls.Dialer{Config: &tls.Config{
			InsecureSkipVerify: true, // the test checks the certificate itself
			MinVersion:         tls.VersionTLS10, MaxVersion: newest,
		}}).DialContext(t.Context(), "tcp", r.address(t))
		if err != nil {
			return 0, err
		}
		defer func() { _ = conn.Close() }()                                                     // only the handshake is needed
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil //nolint:forcetypeassert // of a TLS dialer
	}
	if got, err := serial(tls.VersionTLS13); err != nil || got != 1 {
		t.Errorf("the certificate has number %d, error %v", got, err)
	}
	if _, err := serial(tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	renewed := newPair(t, 2)
	move(t, renewed.certificate, files.certificate)
	move(t, renewed.key, files.key)
	if got, err := serial(tls.VersionTLS12); err != nil || got != 2 {
		t.Errorf("the renewed certificate has number %d, error %v", got, err)
	}
}

func move(tb testing.TB, from, to string) {
	tb.Helper()
	if err := os.Rename(from, to); err != nil {
		tb.Fatal(err)
	}
}

func listen(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), network, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return listener
}
