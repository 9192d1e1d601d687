package proctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Process is a running command.
type Process struct {
	name    string
	log     string // path
	command *exec.Cmd
	ended   chan struct{}
}

// Start starts the command and ends it with the test, together with the
// processes that it started. Its output goes to a file at the path log (a temporary
// file if empty) unless the command has a destination already. A file, unlike a
// pipe, has every line as soon as the process has written it. It is printed if the
// test fails.
func Start(tb TB, log string, command *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{name: filepath.Base(command.Path), log: log, command: command, ended: make(chan struct{})}
	if p.log == "" {
		p.log = filepath.Join(tb.TempDir(), p.name+".log")
	} else {
		p.name = strings.TrimSuffix(filepath.Base(p.log), ".log")
	}
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatalf("start %s: %v", p.name, err)
	}
	defer func() { _ = file.Close() }() // the command has a descriptor of its own
	if command.Stdout == nil {
		command.Stdout = file
	}
	if command.Stderr == nil {
		command.Stderr = file
	}
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	ownGroup(command.SysProcAttr)
	endWithParent(command.SysProcAttr)
	if err := command.Start(); err != nil {
		tb.Fatalf("start %s: %v", p.name, err)
	}
	go p.reap()
	tb.Cleanup(func() { p.finish(tb) })
	return p
}

// reap waits for the end of the process and ends what it left running, such as
// the workers of an nginx whose master was killed.
func (p *Process) reap() {
	_ = p.command.Wait() // ProcessState keeps how it ended
	killGroup(p.PID())
	close(p.ended)
}

func (p *Process) finish(tb TB) {
	tb.Helper()
	p.Kill()
	if log := p.Log(); tb.Failed() && log != "" {
		tb.Logf("log of %s (%s):\n%s", p.name, p.command.ProcessState, clip(log))
	}
}

// clip shortens a log for a report.
func clip(text string) string {
	const limit = 16 << 10
	if len(text) > limit {
		return text[:limit/2] + "\n...\n" + text[len(text)-limit/2:]
	}
	return text
}

// PID returns the process id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Log returns what the process has written so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "cannot read the log: " + err.Error()
	}
	return string(text)
}

// Await waits for a condition and fails the test if the process ends before.
func (p *Process) Await(tb TB, what string, condition func() bool) {
	tb.Helper()
	if !until(tb, what, p.ended, condition) {
		tb.Fatalf("%s ended (%s) before: %s", p.name, p.command.ProcessState, what)
	}
}

// AwaitLog waits until the log matches the pattern, and returns the match and
// its submatches.
func (p *Process) AwaitLog(tb TB, pattern string) []string {
	tb.Helper()
	compiled, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	var match []string
	p.Await(tb, p.name+" to log "+pattern, func() bool {
		match = compiled.FindStringSubmatch(p.Log())
		return match != nil
	})
	return match
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Alive reports whether the process is running.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process, which must be running.
func (p *Process) Signal(tb TB, signal os.Signal) {
	tb.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		tb.Fatalf("send %s to %s: %v", signal, p.name, err)
	}
}

// Exit waits until the process has ended and returns its exit status, which is
// -1 for one that a signal ended.
func (p *Process) Exit(tb TB) int {
	tb.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		tb.Fatalf("%s is still running after %s", p.name, Patience)
	}
	return p.command.ProcessState.ExitCode()
}

// Stop sends SIGTERM, as a service manager does, and waits for the end.
func (p *Process) Stop(tb TB) {
	tb.Helper()
	if p.Alive() {
		_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended already
	}
	p.Exit(tb)
}

// Kill ends the process and its children at once.
func (p *Process) Kill() {
	if p.Alive() {
		killGroup(p.PID())
	}
	<-p.ended
}

// CPU returns the CPU time, user and system, that a process used which has
// ended.
func (p *Process) CPU() time.Duration {
	<-p.ended
	return p.command.ProcessState.UserTime() + p.command.ProcessState.SystemTime()
}
