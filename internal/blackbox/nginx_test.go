//go:build linux

package blackbox_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
)

// nginx is a real one with a folder and a configuration of its own.
type nginx struct {
	directory string
	listens   string // what stands after its directive listen
	command   *exec.Cmd
	ended     chan struct{}
	output    *transcript
}

// statusServer is a server block with nothing but the status page. LISTEN
// becomes an address and DIR the folder.
const statusServer = `server {
    listen LISTEN;
    location = /stub_status { stub_status; }
}`

// startNginx runs nginx with that server block on a free port.
func startNginx(tb testing.TB, server string) *nginx {
	tb.Helper()
	n := &nginx{directory: nginxDirectory(tb)}
	for range 20 {
		n.listens = freeAddress(tb)
		n.configure(tb, server)
		if n.tryStart(tb) {
			return n
		}
	}
	tb.Fatalf("nginx does not start:\n%s", n.output)
	return nil
}

// startNginxUnix runs nginx with that server block on a socket.
func startNginxUnix(tb testing.TB, server string) *nginx {
	tb.Helper()
	n := &nginx{directory: nginxDirectory(tb)}
	n.listens = "unix:" + filepath.Join(n.directory, "n.sock")
	n.configure(tb, server)
	n.start(tb)
	return n
}

func nginxDirectory(tb testing.TB) string {
	tb.Helper()
	directory := tb.TempDir()
	for _, parent := range []string{filepath.Dir(directory), directory} {
		if err := os.Chmod(parent, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	return directory
}

// configure writes the configuration for the next start or reload.
func (n *nginx) configure(tb testing.TB, server string) {
	tb.Helper()
	const frame = `daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log notice;
events { worker_connections 256; }
http {
    access_log DIR/access.log combined;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    SERVER
}
`
	text := strings.NewReplacer("DIR", n.directory, "LISTEN", n.listens).Replace(strings.Replace(frame, "SERVER", server, 1))
	if os.Getuid() == 0 {
		text = "user root;\n" + text // else its workers may not write here
	}
	write(tb, filepath.Join(n.directory, "nginx.conf"), text)
}

// tryStart reports whether nginx listens. It does not if the port was taken
// meanwhile.
func (n *nginx) tryStart(tb testing.TB) bool {
	tb.Helper()
	n.output, n.ended = newTranscript(tb), make(chan struct{})
	n.command = exec.CommandContext(context.WithoutCancel(tb.Context()), "/usr/sbin/nginx",
		"-p", n.directory, "-c", "nginx.conf", "-e", filepath.Join(n.directory, "error.log"))
	n.command.Stdout, n.command.Stderr = n.output.File, n.output.File
	n.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true} // should the tests be killed
	if err := n.command.Start(); err != nil {
		tb.Fatalf("start nginx: %v", err)
	}
	ended, command := n.ended, n.command
	go func() {
		_ = command.Wait() // how it ended stays in ProcessState
		close(ended)
	}()
	tb.Cleanup(func() { end(command, ended) })
	eventually(tb, "nginx to start", func() bool { return n.listening(tb) || !n.alive() })
	return n.alive()
}

// end ends a process of ours, master and workers alike.
func end(command *exec.Cmd, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	default:
	}
	_ = command.Process.Signal(syscall.SIGTERM) // unless it has ended
	select {
	case <-ended:
	case <-time.After(patience):
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // it had its time
		<-ended
	}
}

func (n *nginx) start(tb testing.TB) {
	tb.Helper()
	if !n.tryStart(tb) {
		tb.Fatalf("nginx does not start: %s\n%s", n.output, n.errors(tb))
	}
}

// stop ends nginx as a service manager does.
func (n *nginx) stop(tb testing.TB) {
	tb.Helper()
	end(n.command, n.ended)
}

func (n *nginx) alive() bool {
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// listening reports whether it is this nginx that listens: it writes its pid
// file after its sockets are open.
func (n *nginx) listening(tb testing.TB) bool {
	tb.Helper()
	pid, err := os.ReadFile(filepath.Join(n.directory, "nginx.pid"))
	if err != nil || strings.TrimSpace(string(pid)) != strconv.Itoa(n.command.Process.Pid) {
		return false
	}
	network, address := "tcp", n.address()
	if socket, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		network, address = "unix", socket
	}
	conn, err := new(net.Dialer).DialContext(tb.Context(), network, address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// reload makes nginx read its configuration again, and waits until the new
// workers are there.
func (n *nginx) reload(tb testing.TB) {
	tb.Helper()
	const started, gone = "start worker process ", "gracefully shutting down"
	workers, old := strings.Count(n.errors(tb), started), strings.Count(n.errors(tb), gone)
	if err := n.command.Process.Signal(syscall.SIGHUP); err != nil {
		tb.Fatal(err)
	}
	eventually(tb, "nginx to reload", func() bool {
		log := n.errors(tb)
		return strings.Count(log, started) > workers && strings.Count(log, gone) > old
	})
}

// address returns HOST:PORT or unix:SOCKET.
func (n *nginx) address() string { return n.listens }

// uri returns the flag with the status page as target.
func (n *nginx) uri(scheme string) string {
	if strings.HasPrefix(n.listens, "unix:") {
		return uri(n.listens + ":/stub_status")
	}
	return uri(scheme + "://" + n.listens + "/stub_status")
}

// errors returns the error log.
func (n *nginx) errors(tb testing.TB) string {
	tb.Helper()
	return n.file(tb, "error.log")
}

// requests returns the lines of the access log that are of status pages.
func (n *nginx) requests(tb testing.TB) int {
	tb.Helper()
	return strings.Count(n.file(tb, "access.log"), "/stub_status")
}

func (n *nginx) file(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(n.directory, name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(bytes.ToValidUTF8(text, []byte("?")))
}

// freeAddress returns an address of loopback at which nobody listens.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	return nginxtest.FreeAddress(tb, "127.0.0.1")
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
