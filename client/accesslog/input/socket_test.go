//go:build unix

package input

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-exporter/internal/proctest"
)

// The headers that nginx can send, with real lines.
func TestMessage(t *testing.T) {
	const log = `127.0.0.1 - - [28/Nov/2026:12:29:38 +0000] "GET /a: b HTTP/1.1" 200`
	for text, want := range map[string]string{
		"<190>Nov 28 12:29:38 nginx: " + log:                    log,
		"<190>Nov  8 12:29:38 nginx: " + log:                    log,
		"<190>Nov 28 12:29:38 web-1 nginx: " + log:              log,
		"<190>Nov 28 12:29:38 fe80::1 my_tag: " + log:           log,
		"<0>Nov 28 12:29:38 web.example.com edge: v1\tname:\tx": "v1\tname:\tx",
		"<190>Nov 28 12:29:38 nginx: " + log + "\n\x00":         log,
		"<190>nginx: " + log:                                    log,
		log:                                                     log,
		"<190>Nov 28 12:29:38 nginx:  leading":                  " leading",
		"<190>":                                                 "",
		"<190>Nov 28 12:29:38 no tag at all":                    "",
		"<x>y z: a":                                             "<x>y z: a",
		"<1":                                                    "<1",
		"":                                                      "",
	} {
		if got := string(message([]byte(text))); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte("<190>Nov 28 12:29:38 nginx: x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		line := message(text)
		if len(line) > 0 && !strings.Contains(string(text), string(line)) {
			t.Errorf("%q is not in %q", line, text)
		}
		prefix := "<190>Nov 28 12:29:38 host.example nginx: "
		want := strings.TrimRight(string(text), "\r\n\x00")
		if got := message([]byte(prefix + string(text))); want != "" && string(got) != want {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// start runs an input until the test ends, and counts its lines.
func start(t *testing.T, in Input) *atomic.Int64 {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background()) //nolint:usetesting // it must end before the input is closed
	var count atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		in.Run(ctx, func(lines Lines) {
			for range lines {
				count.Add(1)
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return &count
}

func newUDP(t *testing.T) *socket {
	t.Helper()
	in, err := NewUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return in.(*socket)
}

// dial returns a function that sends messages.
func dial(t *testing.T, to net.Addr) func(text string) error {
	t.Helper()
	conn, err := net.Dial(to.Network(), to.String()) //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return func(text string) error { _, err := conn.Write([]byte(text)); return err }
}

// Every message is either counted or known to be dropped.
func TestUDPDrops(t *testing.T) {
	s := newUDP(t)
	if granted := s.Stats().Buffer; granted < socketBuffer && s.Stats().Warning == "" {
		t.Errorf("a buffer of %d bytes has no warning", granted)
	}
	if _, err := s.receiver.setBuffer(1 << 16); err != nil {
		t.Fatal(err)
	}
	send := dial(t, s.conn.LocalAddr())
	const messages = 5000
	for i := range messages {
		if err := send("<190>Nov 28 12:29:38 nginx: " + line(i)); err != nil {
			t.Fatal(err)
		}
	}
	dropped := s.Stats().Dropped
	if dropped == 0 || !s.Stats().HasDropped || s.Stats().Backlog == 0 {
		t.Fatalf("nothing was dropped: %+v", s.Stats())
	}
	count := start(t, s)
	proctest.Until(t, "all messages", func() bool { return count.Load()+int64(s.Stats().Dropped) == messages })
	if err := send("<190>Nov 28 12:29:38 nginx: " + strings.Repeat("x", maxMessage)); err != nil {
		t.Fatal(err)
	}
	proctest.Until(t, "the long message", func() bool { return s.Stats().Oversized == 1 })
	if got := s.Stats(); got.Lines+got.Dropped != messages+1 || got.Dropped != dropped {
		t.Errorf("%+v", got)
	}
}

// A scrape reads what has arrived, even before Run does.
func TestUDPRead(t *testing.T) {
	s := newUDP(t)
	r := open(t, s)
	send := dial(t, s.conn.LocalAddr())
	const messages = 100
	for i := range messages {
		if err := send("<190>Nov 28 12:29:38 web-1 nginx: " + line(i)); err != nil {
			t.Fatal(err)
		}
	}
	proctest.Until(t, "all messages", func() bool { r.look(t); return len(r.all) == messages })
	for i, text := range r.all {
		if text != line(i) {
			t.Fatalf("line %d is %q", i, text)
		}
	}
}

// Run can end and begin again, as when the configuration is reloaded.
func TestUDPRunAgain(t *testing.T) {
	s := newUDP(t)
	for range 3 {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(ctx, func(Lines) {}) }()
		stop()
		<-ended
	}
	count := start(t, s)
	if err := dial(t, s.conn.LocalAddr())("text"); err != nil {
		t.Fatal(err)
	}
	proctest.Until(t, "a message", func() bool { return count.Load() == 1 })
}

// A Unix socket is replaced only if no process uses it, and other users can send.
func TestUnix(t *testing.T) {
	directory := shortDir(t)
	path := filepath.Join(directory, "log")
	first, err := NewUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := NewUnix(path); err == nil || !strings.Contains(err.Error(), "is used by another process") {
		t.Fatalf("got %v", err)
	}
	_ = first.(*socket).conn.Close()
	second, err := NewUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	count := start(t, second)
	if err := dial(t, second.(*socket).conn.LocalAddr())("<190>Nov 28 12:29:38 nginx: x"); err != nil {
		t.Fatal(err)
	}
	proctest.Until(t, "a message", func() bool { return count.Load() == 1 })
	if got := second.Stats(); got.HasDropped || got.Lines != 1 {
		t.Errorf("%+v", got)
	}
}

// A socket that was removed is reported, and does not remove its successor.
func TestUnixRemoved(t *testing.T) {
	path := filepath.Join(shortDir(t), "log")
	first, err := NewUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	mustRemove(t, path)
	if err := first.Read(t.Context(), func(Lines) {}); err == nil || !strings.Contains(err.Error(), "was removed or replaced") {
		t.Errorf("got %v", err)
	}
	second, err := NewUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Read(t.Context(), func(Lines) {}); err != nil {
		t.Errorf("closing a socket has removed its successor: %v", err)
	}
	if err := second.Close(); err != nil || second.(*socket).reachable() {
		t.Errorf("%s is left behind: %v", path, err)
	}
}

// An address that cannot be listened on says what to do.
func TestSocketRefused(t *testing.T) {
	directory := shortDir(t)
	for path, want := range map[string]string{
		filepath.Join(directory, "missing", "log"):         "create the directory " + filepath.Join(directory, "missing"),
		filepath.Join(directory, strings.Repeat("x", 100)): "too long",
	} {
		if _, err := NewUnix(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := NewUDP("192.0.2.1:0"); err == nil || !strings.Contains(err.Error(), "not an address of this host") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(directory, "file")
	create(t, file)
	if _, err := NewUnix(file); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("got %v", err)
	}
}

// shortDir returns a directory whose path leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "s") //nolint:usetesting // its path would be too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

func TestExposed(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": false, "[::1]:1": false, "localhost:1": false, ":1": true, "0.0.0.0:1": true, "10.0.0.1:1": true, "[::]:1": true, "web-1:1": true,
	} {
		if got := Exposed(address); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

// BenchmarkUDP receives as fast as one process can send.
func BenchmarkUDP(b *testing.B) {
	in, err := NewUDP("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := in.(*socket)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx, func(Lines) {}) }()
	conn, err := net.Dial("udp", s.conn.LocalAddr().String()) //nolint:noctx // it does not wait
	if err != nil {
		b.Fatal(err)
	}
	text := []byte("<190>Nov 28 12:29:38 nginx: " + strings.Repeat("x", 100))
	for b.Loop() {
		if _, err := conn.Write(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Stats().Dropped), "dropped")
	stop()
	<-ended
	_ = conn.Close()
	_ = in.Close()
}
