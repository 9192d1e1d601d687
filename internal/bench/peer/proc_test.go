//go:build linux

package main

import (
	"os"
	"testing"
	"testing/fstest"
	"time"
)

// stat makes a line of /proc/PID/stat.
func stat(name, utime, stime string) string {
	return "42 (" + name + ") S 1 42 42 0 -1 4194560 4301 0 12 0 " + utime + " " + stime + " 0 0 20 0 9 0 5171 1269 4890\n"
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		want       uint64
	}{
		{"plain", stat("exporter", "130", "21"), 151},
		{"blanks and brackets in the name", stat("a) R 1 (b) c", "7", "8"), 15},
		{"nothing used yet", stat("exporter", "0", "0"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat([]byte(c.line))
			if err != nil || got != c.want {
				t.Errorf("got %d, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestParseStatRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "42 exporter S 1", "42 (exporter) S 1 42 42",
		stat("exporter", "x", "1"), stat("exporter", "1", "-1"), stat("exporter", "1.5", "1"),
	} {
		if got, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q: got %d and no error", line, got)
		}
	}
}

func TestParseSchedstat(t *testing.T) {
	t.Parallel()
	if got, err := parseSchedstat([]byte("1288354 288540 1\n")); err != nil || got != 1288354 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, line := range []string{"", "1 2", "1 2 3 4", "x 2 3"} {
		if got, err := parseSchedstat([]byte(line)); err == nil {
			t.Errorf("%q: got %d and no error", line, got)
		}
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	const status = "Name:\texporter\nVmPeak:\t 1240000 kB\nVmHWM:\t   20400 kB\nVmRSS:\t   19000 kB\nRssAnon:\t    7800 kB\nThreads:\t9\n"
	for key, want := range map[string]uint64{"VmHWM": 20400 << 10, "RssAnon": 7800 << 10} {
		if got, err := parseStatus([]byte(status), key); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", key, got, err, want)
		}
	}
	for _, key := range []string{"VmSwap", "Threads", "Name"} {
		if got, err := parseStatus([]byte(status), key); err == nil {
			t.Errorf("%s: got %d and no error", key, got)
		}
	}
}

// procFS is a proc file system with one process.
func procFS(threads ...string) fstest.MapFS {
	proc := fstest.MapFS{
		"42/stat":   {Data: []byte(stat("exporter", "130", "21"))},
		"42/status": {Data: []byte("VmHWM:\t  20 kB\nRssAnon:\t  10 kB\n")},
	}
	for i, line := range threads {
		proc["42/task/"+string(rune('1'+i))+"/schedstat"] = &fstest.MapFile{Data: []byte(line)}
	}
	return proc
}

func TestReadUsageSumsThreads(t *testing.T) {
	t.Parallel()
	got, err := readUsage(procFS("1000 5 1\n", "200 5 1\n", "30 5 1\n"), 42)
	if want := (usage{ticks: 151, run: 1230, fine: true}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestReadUsageWithoutSchedulerStatistics(t *testing.T) {
	t.Parallel()
	got, err := readUsage(procFS(), 42)
	if want := (usage{ticks: 151}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestReadUsageRefusesNonsense(t *testing.T) {
	t.Parallel()
	if got, err := readUsage(procFS("not numbers"), 42); err == nil {
		t.Errorf("got %+v and no error", got)
	}
	if got, err := readUsage(procFS("1 2 3"), 43); err == nil {
		t.Errorf("no such process: got %+v and no error", got)
	}
}

func TestReadMemory(t *testing.T) {
	t.Parallel()
	got, err := readMemory(procFS(), 42)
	if want := (memory{peak: 20 << 10, anon: 10 << 10}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := readMemory(procFS(), 43); err == nil {
		t.Errorf("no such process: got %+v and no error", got)
	}
}

func TestUsageSince(t *testing.T) {
	t.Parallel()
	const second = uint64(time.Second / tick)
	before := usage{ticks: 100, run: time.Second, fine: true}
	for _, c := range []struct {
		name  string
		after usage
		want  spent
	}{
		{"the finer clock counts", usage{100 + second, 2*time.Second + 1, true}, spent{time.Second + 1, true}},
		{"ticks lag behind", usage{100 + second, 3 * time.Second, true}, spent{2 * time.Second, true}},
		{"ticks ahead by their coarseness", usage{103 + second, 2 * time.Second, true}, spent{time.Second, true}},
		{"a thread has ended", usage{100 + 2*second, 2 * time.Second, true}, spent{2 * time.Second, false}},
		{"no finer clock", usage{ticks: 100 + second}, spent{time.Second, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.after.since(before); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestOwnUsage reads the real thing: time spent here must show, and both
// clocks must tell about the same.
func TestOwnUsage(t *testing.T) {
	t.Parallel()
	proc, pid := os.DirFS("/proc"), os.Getpid()
	before, err := readUsage(proc, pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		after, err := readUsage(proc, pid)
		if err != nil {
			t.Fatal(err)
		}
		if after.since(before).time >= 100*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("ten seconds of reading used %+v", after.since(before))
		}
	}
	if m, err := readMemory(proc, pid); err != nil || m.peak < m.anon || m.anon == 0 {
		t.Errorf("memory %+v, %v", m, err)
	}
}
