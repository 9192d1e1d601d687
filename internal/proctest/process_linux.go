package proctest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endWithParent makes the kernel end the process if the tests are killed.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }

// Status returns a field of /proc/PID/status.
func (p *Process) Status(tb TB, field string) string {
	tb.Helper()
	for line := range strings.Lines(p.proc(tb, "status")) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	tb.Fatalf("/proc/PID/status has no field %s", field)
	return ""
}

// Memory returns a field of /proc/PID/status that is a size, such as RssAnon or
// VmHWM, in bytes.
func (p *Process) Memory(tb TB, field string) int {
	tb.Helper()
	kilobytes, err := strconv.Atoi(strings.TrimSuffix(p.Status(tb, field), " kB"))
	if err != nil {
		tb.Fatalf("%s: %v", field, err)
	}
	return kilobytes << 10
}

// Descriptors returns the number of open files.
func (p *Process) Descriptors(tb TB) int {
	tb.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID()))
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return len(files)
}

// tick is the unit of CPU times in /proc/PID/stat on every architecture that
// Go runs on.
const tick = 10 * time.Millisecond

// CPUSoFar returns the CPU time, user and system, of a process that is running.
// It counts in steps of 10 ms.
func (p *Process) CPUSoFar(tb TB) time.Duration {
	tb.Helper()
	stat := p.proc(tb, "stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // the name may have blanks
	const utime, stime = 14 - 3, 15 - 3                                 // fields of proc(5), of which the first three are cut off or first
	var sum time.Duration
	for _, i := range []int{utime, stime} {
		ticks, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			tb.Fatalf("/proc/PID/stat: %v", err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum
}

func (p *Process) proc(tb TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID(), name))
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return string(text)
}
