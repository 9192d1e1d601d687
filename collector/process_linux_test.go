package collector

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// What the exporter tells of its own process is what the system says.
func TestProcessMetrics(t *testing.T) {
	c := newCollector(t, Options{})
	before := time.Now().Add(-time.Minute).Unix()
	page := c.Scrape(t.Context())
	if got, found := valueOf(t, page, "process_start_time_seconds"); !found || got < float64(before) || got > float64(time.Now().Unix()) {
		t.Errorf("the process started at %v; it is %v", got, time.Now().Unix())
	}
	if got, found := valueOf(t, page, "process_cpu_seconds_total"); !found || got <= 0 || got > time.Hour.Seconds() {
		t.Errorf("the process used %v s of CPU", got)
	}
	const twice = 2
	if got, found := valueOf(t, page, "process_resident_memory_bytes"); !found || got < resident(t)/twice || got > resident(t)*twice {
		t.Errorf("%v bytes are resident; the system says %v", got, resident(t))
	}
	open := func() float64 {
		got, found := valueOf(t, c.Scrape(t.Context()), "process_open_fds")
		if !found {
			t.Fatal("process_open_fds is missing")
		}
		return got
	}
	// Another test may have left connections that are being closed.
	eventually(t, "one more file to be one more", func() bool {
		before := open()
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }() // nothing was read
		return open() == before+1
	})
}

// resident returns what the system says in another place.
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

// A system without /proc costs those metrics, and nothing else.
func TestProcessWithoutFiles(t *testing.T) {
	t.Parallel()
	got := readProcess(t.TempDir())
	if got.residentBytes.IsSet() || got.openFiles.IsSet() {
		t.Errorf("got %v bytes and %v files without the files that tell", got.residentBytes.Float(), got.openFiles.Float())
	}
	if !got.cpuSeconds.IsSet() {
		t.Error("there is no CPU time")
	}
}
