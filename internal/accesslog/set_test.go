package accesslog

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-kit/log"
	"go.uber.org/goleak"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
	source "nginx-exporter/collector/source/accesslog"
	"nginx-exporter/internal/config"
	"nginx-exporter/internal/proctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newLog(t *testing.T, address string, settings config.AccessLog) config.Log {
	t.Helper()
	parsed, err := input.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	format, err := accesslog.Compile(accesslog.Options{Format: "combined"})
	if err != nil {
		t.Fatal(err)
	}
	settings.Input = address
	return config.Log{Settings: settings, Address: parsed, Target: -1, Options: source.Options{Name: settings.Name, Format: format}}
}

// set makes logs the current ones, and returns the sources.
func set(t *testing.T, s *Set, logs ...config.Log) []*openLog {
	t.Helper()
	change, err := s.Prepare(logs)
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Commit(); err != nil {
		t.Fatal(err)
	}
	return s.open
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A log that stays keeps its source, one whose settings change its input, and one
// that is removed is closed.
func TestSet(t *testing.T) {
	directory := t.TempDir()
	before := descriptors(t)
	s := NewSet(log.NewNopLogger())
	spool := newLog(t, "spool:"+filepath.Join(directory, "spool"), config.AccessLog{})
	file := newLog(t, filepath.Join(directory, "file"), config.AccessLog{Name: "file"})
	udp := newLog(t, "udp://127.0.0.1:0", config.AccessLog{Name: "udp"})
	first := set(t, s, spool, file, udp)
	second := set(t, s, udp, spool)
	if second[0].source != first[2].source || second[1].source != first[0].source {
		t.Error("a log that stays has another source")
	}
	changed := newLog(t, "udp://127.0.0.1:0", config.AccessLog{Name: "udp", CodeClass: true})
	third := set(t, s, changed, spool)
	if third[0].source == first[2].source || third[0].input != first[2].input {
		t.Error("a log whose settings change has the same source or another input")
	}
	for range 20 {
		set(t, s, spool, file, udp)
		set(t, s, changed)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	// The poller of the Go runtime has descriptors of its own.
	if after := descriptors(t); after > before+2 {
		t.Errorf("%d descriptors are open, %d before", after, before)
	}
}

// If a log cannot be opened, nothing changes and the others are closed again.
func TestSetFails(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }() // it received nothing
	s := NewSet(log.NewNopLogger())
	kept := newLog(t, "udp://127.0.0.1:0", config.AccessLog{})
	first := set(t, s, kept)
	socket := filepath.Join(filepath.Dir(socketPath(t)), "s")
	for range 3 {
		_, err := s.Prepare([]config.Log{kept, newLog(t, "unix:"+socket, config.AccessLog{}), newLog(t, "udp://"+taken.LocalAddr().String(), config.AccessLog{})})
		if err == nil {
			t.Fatal("two sockets have the same address")
		}
		if _, err := os.Stat(socket); err == nil {
			t.Fatal("a socket was left open")
		}
	}
	if len(s.open) != 1 || s.open[0] != first[0] {
		t.Error("the logs have changed")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// socketPath returns a path that is short enough for a Unix socket.
func socketPath(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "s") //nolint:usetesting // as above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return filepath.Join(directory, "x")
}

// Lines that arrive between scrapes are counted in the background.
func TestSetRuns(t *testing.T) {
	s := NewSet(log.NewNopLogger())
	open := set(t, s, newLog(t, "unix:"+socketPath(t), config.AccessLog{}))
	conn, err := net.Dial("unixgram", open[0].Address.Path) //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // it was only written
	if _, err := conn.Write([]byte("<190>Nov 28 12:29:38 nginx: text")); err != nil {
		t.Fatal(err)
	}
	proctest.Until(t, "the line", func() bool { return open[0].input.Stats().Lines == 1 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
