package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-kit/log"

	"nginx-exporter/internal/proctest"
)

// manager is the socket of a service manager, and what was sent to it.
type manager struct {
	path string

	mu       sync.Mutex
	messages []string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{path: filepath.Join(t.TempDir(), "notify")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		buffer := make([]byte, 4<<10)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return // closed
			}
			m.mu.Lock()
			m.messages = append(m.messages, string(buffer[:n]))
			m.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		reading.Wait()
	})
	return m
}

// received returns the messages so far, without those of the watchdog.
func (m *manager) received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.messages), func(message string) bool { return message == "WATCHDOG=1" })
}

// watchdogs returns how many messages of the watchdog were received.
func (m *manager) watchdogs() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Count(strings.Join(m.messages, "\n"), "WATCHDOG=1")
}

func (m *manager) start(t *testing.T, variables ...string) *proctest.Process {
	t.Helper()
	command := exec.Command(programName, "--web.listen-address=127.0.0.1:0") //nolint:noctx // proctest ends it
	command.Env = append(os.Environ(), append(variables, "NOTIFY_SOCKET="+m.path)...)
	return proctest.Start(t, "", command)
}

// TestNotify follows the messages for systemd through the life of the process.
func TestNotify(t *testing.T) {
	m := newManager(t)
	p := m.start(t)
	want := func(what string, messages ...string) {
		t.Helper()
		p.Await(t, what, func() bool { return len(m.received()) >= len(messages) })
		if got := m.received(); !slices.EqualFunc(got, messages, func(got, want string) bool {
			return regexp.MustCompile("^" + want + "$").MatchString(got)
		}) {
			t.Fatalf("%s: received %q", what, got)
		}
	}
	want("ready", "READY=1")
	p.Signal(t, syscall.SIGHUP)
	const reloading = "RELOADING=1\nMONOTONIC_USEC=[0-9]+\n"
	want("reloaded", "READY=1", reloading, "READY=1")
	p.Signal(t, syscall.SIGTERM)
	if status := p.Exit(t); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	want("stopping", "READY=1", reloading, "READY=1", "STOPPING=1")
	if n := m.watchdogs(); n > 0 {
		t.Errorf("%d messages of a watchdog that is not enabled", n)
	}
}

// TestNotifyFails starts with a socket that does not exist: the log says why the unit times out.
func TestNotifyFails(t *testing.T) {
	m := &manager{path: filepath.Join(t.TempDir(), "missing")}
	p := m.start(t)
	p.AwaitLog(t, "Notifying systemd failed; the unit must allow AF_UNIX")
	p.Stop(t)
}

// TestNotifyFailsOnce logs the first of several failures, and again after a success.
func TestNotifyFailsOnce(t *testing.T) {
	m := newManager(t)
	var lines strings.Builder
	n := &notifier{logger: log.NewLogfmtLogger(&lines)}
	for _, path := range []string{"/nowhere/first", m.path, "/nowhere/second"} {
		t.Setenv("NOTIFY_SOCKET", path)
		for range 3 {
			n.notify("WATCHDOG=1")
		}
	}
	if text := lines.String(); strings.Count(text, "Notifying systemd failed") != 2 || !strings.Contains(text, "/nowhere/second") {
		t.Errorf("the log is\n%s", text)
	}
	proctest.Until(t, "the messages between", func() bool { return m.watchdogs() == 3 })
}

// TestWatchdog sets a watchdog. It is for the process that systemd has started only.
func TestWatchdog(t *testing.T) {
	m := newManager(t)
	p := m.start(t, "WATCHDOG_USEC=300000")
	p.Await(t, "several messages of the watchdog", func() bool { return m.watchdogs() > 3 })
	p.Stop(t)

	// Too short for any check, which systemd must judge: no check is logged as failed, again and again.
	m = newManager(t)
	p = m.start(t, "WATCHDOG_USEC=1")
	p.Await(t, "several messages of a short watchdog", func() bool { return m.watchdogs() > 3 })
	p.Stop(t)
	if text := p.Log(); strings.Contains(text, "does not respond to itself") {
		t.Errorf("the log is\n%s", text)
	}

	m = newManager(t)
	p = m.start(t, "WATCHDOG_USEC=many")
	p.AwaitLog(t, "No watchdog: the variables of systemd are not valid")
	p.Stop(t)

	m = newManager(t)
	p = m.start(t, "WATCHDOG_USEC=300000", "WATCHDOG_PID=1")
	p.Await(t, "ready", func() bool { return len(m.received()) > 0 })
	p.Stop(t)
	if n := m.watchdogs(); n > 0 {
		t.Errorf("%d messages of the watchdog of another process", n)
	}
}

// TestWatchdogFails logs the first of several failed checks, and again after a success.
func TestWatchdogFails(t *testing.T) {
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.path)
	t.Setenv("WATCHDOG_USEC", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results := []error{errors.New("first"), errors.New("same"), nil, errors.New("second"), errors.New("same"), nil}
	alive := func(context.Context) error {
		if len(results) == 0 {
			cancel()
			return ctx.Err()
		}
		err := results[0]
		results = results[1:]
		return err
	}
	var lines strings.Builder
	watchdog(ctx, alive, &notifier{logger: log.NewLogfmtLogger(&lines)})
	if text := lines.String(); strings.Count(text, "does not respond to itself") != 2 || !strings.Contains(text, "err=first") || !strings.Contains(text, "err=second") {
		t.Errorf("the log is\n%s", text)
	}
	proctest.Until(t, "the messages between", func() bool { return m.watchdogs() == 2 })
}
