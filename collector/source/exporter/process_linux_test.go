package exporter

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The metrics of the process agree with those of the system.
func TestProcess(t *testing.T) {
	before := time.Now().Add(-time.Minute).Unix()
	e := New(true)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := collected(t, e)
	if got := b.Value("process_start_time_seconds").Float(); got < float64(before) || got > float64(time.Now().Unix()) {
		t.Errorf("the process started at %v; it is %v", got, time.Now().Unix())
	}
	if got := b.Value("process_cpu_seconds_total").Float(); got <= 0 || got > time.Hour.Seconds() {
		t.Errorf("the process used %v s of CPU", got)
	}
	const twice = 2
	if got := b.Value("process_resident_memory_bytes").Float(); got < resident(t)/twice || got > resident(t)*twice {
		t.Errorf("%v bytes are resident; the system says %v", got, resident(t))
	}
	open := b.Value("process_open_fds").Float()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // nothing was read
	if got := collected(t, e).Value("process_open_fds").Float(); got != open+1 {
		t.Errorf("%v files are open after one more; before it were %v", got, open)
	}
	if got := countEntries("/proc/self/fd").Float(); got != open+1 {
		t.Errorf("%v files are open when counted; want %v", got, open+1)
	}
	if b := collected(t, New(false)); b.Value("process_open_fds").IsSet() {
		t.Error("metrics of the process are exposed without being requested")
	}
}

// resident returns the resident memory from another file of the system.
func resident(tb testing.TB) float64 {
	tb.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		tb.Fatal(err)
	}
	const kilobyte = 1024
	return kilobytes * kilobyte
}

// Without /proc, only the metrics that need it are missing.
func TestProcessWithoutFiles(t *testing.T) {
	t.Parallel()
	files := openProcess(t.TempDir())
	got := files.read()
	if got.residentBytes.IsSet() || got.openFiles.IsSet() {
		t.Errorf("got %v bytes and %v files without the files that have them", got.residentBytes.Float(), got.openFiles.Float())
	}
	if !got.cpuSeconds.IsSet() {
		t.Error("no CPU time")
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
}
