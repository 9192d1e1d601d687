package nginxtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"nginx-exporter/internal/proctest"
)

// Nginx is an nginx with a folder of its own.
type Nginx struct {
	// Process is the running nginx, nil before the first Start. Its log is
	// the error log at level notice.
	*proctest.Process
	// Dir is the folder, which the configuration may use for files.
	Dir string
	// Events is the content of the events block, empty for the defaults.
	Events string
	// Workers is the number of worker processes, 1 if it is 0.
	Workers int
	// Logging leaves access logs to the configuration: there are none by default.
	Logging bool
	// LogPath is where the error log goes, a temporary file if empty.
	LogPath string
}

// New makes the folder for an nginx that does not run yet.
func New(tb proctest.TB) *Nginx {
	tb.Helper()
	return &Nginx{Dir: tb.TempDir()}
}

// Start runs an nginx that has the text in its http block, and waits until it
// listens. It ends with the test.
func Start(tb proctest.TB, http string) *Nginx {
	tb.Helper()
	n := New(tb)
	n.Configure(tb, http)
	n.Start(tb)
	return n
}

// StartStatus starts an nginx with nothing but stub_status on a unix socket, and
// returns the target for the exporter. The directives are added to the server
// block.
func StartStatus(tb proctest.TB, directives string) string {
	tb.Helper()
	socket := Socket(tb)
	Start(tb, "server { listen unix:"+socket+"; "+directives+" location = /stub_status { stub_status; } }\n")
	return "unix:" + socket + ":/stub_status"
}

// Socket returns a path for a unix socket. A path below TempDir can be too long
// for one.
func Socket(tb proctest.TB) string {
	tb.Helper()
	folder, err := os.MkdirTemp("", "nginx")
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) }) // in the temporary directory of the system
	return filepath.Join(folder, "s")
}

// Configure writes the configuration for the next Start or Reload. The text is
// a file of its own in conf.d; in it @DIR@ stands for Dir.
func (n *Nginx) Configure(tb proctest.TB, http string) {
	tb.Helper()
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;\n" // so that its workers may enter the folder
	}
	main := user + strings.ReplaceAll(`daemon off;
worker_processes @WORKERS@;
pid @DIR@/pid;
error_log stderr notice;
events { @EVENTS@ }
http {
@LOGS@
client_body_temp_path @DIR@/b;
proxy_temp_path @DIR@/p;
fastcgi_temp_path @DIR@/f;
uwsgi_temp_path @DIR@/u;
scgi_temp_path @DIR@/s;
include conf.d/*.conf;
}
`, "@DIR@", n.Dir)
	main = strings.ReplaceAll(main, "@EVENTS@", n.Events)
	logs := "access_log off;"
	if n.Logging {
		logs = ""
	}
	main = strings.ReplaceAll(main, "@LOGS@", logs)
	main = strings.ReplaceAll(main, "@WORKERS@", strconv.Itoa(max(1, n.Workers)))
	if err := os.MkdirAll(filepath.Join(n.Dir, "conf.d"), 0o700); err != nil {
		tb.Fatalf("%v", err)
	}
	n.Write(tb, "nginx.conf", main)
	n.Write(tb, "conf.d/test.conf", strings.ReplaceAll(http, "@DIR@", n.Dir))
}

// Write writes a file into the folder.
func (n *Nginx) Write(tb proctest.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(n.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatalf("%v", err)
	}
	return path
}

// program is the path of nginx, which on Debian is in the PATH of root only.
func program(tb proctest.TB) string {
	tb.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return path
}

// Program returns a program that runs nginx with the configuration of this one,
// for nginx -T.
func (n *Nginx) Program(tb proctest.TB) string {
	tb.Helper()
	// A process forked at the same time would keep the file open for writing, and
	// running it would fail (ETXTBSY).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	path := n.Write(tb, "nginx", fmt.Sprintf("#!/bin/sh\nexec %s -e stderr -p %s -c %s \"$@\"\n", program(tb), n.Dir, filepath.Join(n.Dir, "nginx.conf")))
	if err := os.Chmod(path, 0o700); err != nil { // it must be executable
		tb.Fatalf("%v", err)
	}
	return path
}

// Start runs nginx and waits until it listens: it writes its process id once
// its sockets are open.
func (n *Nginx) Start(tb proctest.TB) {
	tb.Helper()
	command := exec.Command(program(tb), "-e", "stderr", "-p", n.Dir, "-c", "nginx.conf") //nolint:noctx // proctest ends it
	n.Process = proctest.Start(tb, n.LogPath, command)
	n.Await(tb, "nginx to listen", func() bool {
		text, err := os.ReadFile(filepath.Join(n.Dir, "pid"))
		return err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(n.PID())
	})
}

// Reload makes nginx load its configuration, and waits until new workers have
// started and old ones are shutting down.
func (n *Nginx) Reload(tb proctest.TB) {
	tb.Helper()
	started, shutting := n.workers()
	n.Signal(tb, syscall.SIGHUP)
	n.Await(tb, "nginx to reload", func() bool {
		nowStarted, nowShutting := n.workers()
		return nowStarted > started && nowShutting > shutting
	})
}

// workers returns how many workers have been started and shut down.
func (n *Nginx) workers() (started, shutting int) {
	log := n.Log()
	return strings.Count(log, "start worker process "), strings.Count(log, "gracefully shutting down")
}

// FreeAddress returns an address at which nothing listens, outside of the range
// from which the kernel takes ports for connections.
func FreeAddress(tb proctest.TB, host string) string {
	tb.Helper()
	const lowest, count, tries = 10_000, 20_000, 100
	for range tries {
		address := net.JoinHostPort(host, strconv.Itoa(lowest+rand.IntN(count)))
		listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
		if err == nil {
			_ = listener.Close() // it is for another process
			return address
		}
	}
	tb.Fatalf("no port is free")
	return ""
}
