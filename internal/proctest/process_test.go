//go:build linux

package proctest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"nginx-exporter/internal/proctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shell(t *testing.T, tb proctest.TB, script string) *proctest.Process {
	t.Helper()
	return proctest.Start(tb, "", exec.CommandContext(t.Context(), "sh", "-c", script))
}

func TestLogAndExit(t *testing.T) {
	t.Parallel()
	p := shell(t, t, "echo one; echo address=two >&2; exit 3")
	if got := p.AwaitLog(t, `^address=(\w+)$`); got[1] != "two" {
		t.Errorf("the match is %q", got)
	}
	if status := p.Exit(t); status != 3 || p.Log() != "one\naddress=two\n" {
		t.Errorf("exit status %d, log %q", status, p.Log())
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	p := shell(t, t, `trap 'echo usr1' USR1; trap 'echo term; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
	p.AwaitLog(t, "^ready$")
	p.Signal(t, syscall.SIGUSR1)
	p.AwaitLog(t, "^usr1$")
	p.Stop(t)
	if status := p.Exit(t); status != 0 || p.Alive() {
		t.Errorf("exit status %d", status)
	}
}

// fakeTB records a failure and then runs its cleanups.
type fakeTB struct {
	*testing.T
	failure  string
	log      string
	cleanups []func()
}

func (f *fakeTB) Cleanup(cleanup func()) { f.cleanups = append(f.cleanups, cleanup) }

func (f *fakeTB) Failed() bool { return f.failure != "" }

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.failure = fmt.Sprintf(format, args...)
	panic(f)
}

func (f *fakeTB) Logf(format string, args ...any) { f.log += fmt.Sprintf(format, args...) }

// run returns once the test is over, failed or not.
func (f *fakeTB) run(test func()) {
	defer func() {
		if failure := recover(); failure != nil && failure != any(f) {
			panic(failure)
		}
		for _, cleanup := range f.cleanups {
			cleanup()
		}
	}()
	test()
}

// The report of a failed test has the log, and the children of the process are
// ended with it.
func TestEndsChildrenAndReports(t *testing.T) {
	t.Parallel()
	f := &fakeTB{T: t}
	var p *proctest.Process
	f.run(func() {
		p = shell(t, f, "sleep 1000 & echo child $!; wait")
		p.AwaitLog(f, `^child \d+$`)
		f.Fatalf("on purpose")
	})
	if p.Alive() || !strings.Contains(f.log, "child ") {
		t.Errorf("alive: %t, report: %q", p.Alive(), f.log)
	}
	child := strings.Fields(p.Log())[1]
	proctest.Until(t, "the child to end", func() bool {
		stat, err := os.ReadFile("/proc/" + child + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ") // it may be left to be reaped
	})
}

func TestAwaitFailsWhenTheProcessEnds(t *testing.T) {
	t.Parallel()
	f := &fakeTB{T: t}
	f.run(func() { shell(t, f, "echo no such option; exit 2").AwaitLog(f, "^ready$") })
	if !strings.Contains(f.failure, "exit status 2") || !strings.Contains(f.log, "no such option") {
		t.Errorf("the failure is %q with the report %q", f.failure, f.log)
	}
}
