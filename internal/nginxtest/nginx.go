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
	"testing"
	"time"
)

// patience is how long nginx may take to start or to end.
const patience = 10 * time.Second

// Nginx is a running nginx with a folder of its own.
type Nginx struct {
	Dir string // for whatever else its configuration names

	command *exec.Cmd
	ended   chan struct{}
}

// New makes the folder for an nginx that does not run yet.
func New(tb testing.TB) *Nginx {
	tb.Helper()
	return &Nginx{Dir: tb.TempDir()}
}

// Start runs an nginx that has the text in its http block, and waits until it
// listens. It ends with the test.
func Start(tb testing.TB, http string) *Nginx {
	tb.Helper()
	n := New(tb)
	n.Configure(tb, http)
	n.Start(tb)
	return n
}

// StartStatus starts an nginx with nothing but a status page behind a unix
// socket, and returns how the exporter is told to ask it. The directives stand
// beside the location.
func StartStatus(tb testing.TB, directives string) string {
	tb.Helper()
	// A path below tb.TempDir can be too long for a socket.
	folder, err := os.MkdirTemp("", "nginx") //nolint:usetesting // a longer path does not fit a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) }) // in the system's own folder for such things
	socket := filepath.Join(folder, "s")
	Start(tb, "server { listen unix:"+socket+"; "+directives+" location = /stub_status { stub_status; } }\n")
	return "unix:" + socket + ":/stub_status"
}

// Configure writes the configuration, which an nginx that runs already does not
// look at. The text is a file of its own in conf.d.
func (n *Nginx) Configure(tb testing.TB, http string) {
	tb.Helper()
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;\n" // else its workers could not enter the folder
	}
	main := fmt.Sprintf("%[2]sdaemon off;\nworker_processes 1;\npid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+
		"client_body_temp_path %[1]s/b;\nproxy_temp_path %[1]s/p;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n"+
		"include conf.d/*.conf;\n}\n", n.Dir, user)
	if err := os.MkdirAll(filepath.Join(n.Dir, "conf.d"), 0o700); err != nil {
		tb.Fatal(err)
	}
	n.Write(tb, "nginx.conf", main)
	n.Write(tb, "conf.d/test.conf", http)
}

// Write writes a file into the folder.
func (n *Nginx) Write(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(n.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// program is the nginx of the machine. Debian keeps it where only root looks.
func program(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// Program returns a program that is nginx with the configuration of this one,
// for those who ask nginx -T.
func (n *Nginx) Program(tb testing.TB) string {
	tb.Helper()
	path := n.Write(tb, "nginx", fmt.Sprintf("#!/bin/sh\nexec %s -e stderr -p %s -c %s \"$@\"\n", program(tb), n.Dir, filepath.Join(n.Dir, "nginx.conf")))
	if err := os.Chmod(path, 0o700); err != nil { // a program of ours
		tb.Fatal(err)
	}
	return path
}

// Start runs nginx and waits until it listens.
func (n *Nginx) Start(tb testing.TB) {
	tb.Helper()
	n.command, n.ended = exec.CommandContext(tb.Context(), program(tb), "-e", "stderr", "-p", n.Dir, "-c", "nginx.conf"), make(chan struct{})
	n.command.Cancel = func() error { return n.command.Process.Signal(syscall.SIGTERM) }
	n.command.WaitDelay = patience
	n.command.Stderr = tb.Output()
	if err := n.command.Start(); err != nil {
		tb.Fatal(err)
	}
	command, ended := n.command, n.ended
	go func() {
		_ = command.Wait() // the signal is how it ends
		close(ended)
	}()
	tb.Cleanup(func() { <-ended })
	n.awaitListening(tb)
}

// awaitListening waits for the file with its number, which nginx writes once
// its sockets are open.
func (n *Nginx) awaitListening(tb testing.TB) {
	tb.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for {
		text, err := os.ReadFile(filepath.Join(n.Dir, "pid"))
		if err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(n.command.Process.Pid) {
			return
		}
		select {
		case <-n.ended:
			tb.Fatal("nginx has ended")
		case <-deadline:
			tb.Fatal("nginx does not start")
		case <-ticker.C:
		}
	}
}

// FreeAddress returns an address at which nobody listens, outside of the range
// from which the kernel gives ports to others.
func FreeAddress(tb testing.TB, host string) string {
	tb.Helper()
	const lowest, count, tries = 10_000, 20_000, 100
	for range tries {
		address := net.JoinHostPort(host, strconv.Itoa(lowest+rand.IntN(count)))
		listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", address)
		if err == nil {
			_ = listener.Close() // it is for somebody else
			return address
		}
	}
	tb.Fatal("no port is free")
	return ""
}
