//go:build linux

package blackbox_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// procStatus returns a field of /proc/PID/status of the child.
func (e *exporter) procStatus(tb testing.TB, field string) string {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.command.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	tb.Fatalf("/proc/PID/status has no field %s", field)
	return ""
}

// peak returns the most memory that the child has had resident, in bytes.
func (e *exporter) peak(tb testing.TB) int {
	tb.Helper()
	kilobytes, err := strconv.Atoi(strings.TrimSuffix(e.procStatus(tb, "VmHWM"), " kB"))
	if err != nil {
		tb.Fatal(err)
	}
	return kilobytes << 10
}

// descriptors counts the open files of the child.
func (e *exporter) descriptors(tb testing.TB) int {
	tb.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", e.command.Process.Pid))
	if err != nil {
		tb.Fatal(err)
	}
	return len(files)
}
