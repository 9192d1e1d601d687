// Package process starts the processes of a run, keeps their logs, and stops them
// by PID. It knows nothing of Kubernetes.
package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to stop before it is killed.
const stopTimeout = 5 * time.Second

// Group has the processes of one run.
type Group struct {
	logs string
	mu   sync.Mutex
	all  []*Process
}

// Process is a started command.
type Process struct {
	// Name is for messages, Log the file with its output.
	Name, Log string

	cmd  *exec.Cmd
	stop os.Signal
	done chan struct{}
	err  error
}

// NewGroup returns a group that keeps its logs in the directory.
func NewGroup(logs string) (*Group, error) {
	return &Group{logs: logs}, os.MkdirAll(logs, 0o755)
}

// Start starts a command, which is stopped with that signal. It is not bound to
// the context of the run: servers must outlive the signal that ends the run, so
// that others can stop in order.
func (g *Group) Start(name string, cmd *exec.Cmd, stop os.Signal) (*Process, error) {
	p := &Process{
		Name: name, Log: filepath.Join(g.logs, name+".log"),
		cmd: cmd, stop: stop, done: make(chan struct{}),
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the command has its own descriptor
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Ctrl-C goes to the run alone, which stops its processes in order.
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, p)
	return p, nil
}

// StopAll stops all running processes in reverse order.
func (g *Group) StopAll() {
	g.mu.Lock()
	all := g.all
	g.all = nil
	g.mu.Unlock()
	for i := len(all) - 1; i >= 0; i-- {
		all[i].Stop()
	}
}

// Stop stops the process, and kills it after a timeout.
func (p *Process) Stop() {
	if ended, _ := p.Ended(); ended {
		return
	}
	for _, signal := range []os.Signal{p.stop, syscall.SIGKILL} {
		if err := p.cmd.Process.Signal(signal); errors.Is(err, os.ErrProcessDone) {
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(stopTimeout):
		}
	}
}

// Signal sends a signal.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Ended reports whether the process has ended, and its error.
func (p *Process) Ended() (ended bool, err error) {
	select {
	case <-p.done:
		return true, p.err
	default:
		return false, nil
	}
}

// Done is closed when the process ends.
func (p *Process) Done() <-chan struct{} { return p.done }

// Tail is the end of the log, for messages.
func (p *Process) Tail() string {
	const lines = 15
	text, err := p.LastLines(lines)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(text)
}

// LastLines returns the last lines of the log.
func (p *Process) LastLines(lines int) (string, error) {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return "", err
	}
	all := strings.SplitAfter(string(text), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return strings.Join(all[max(0, len(all)-lines):], ""), nil
}

// ExitCode is the exit status of the ended process, -1 for a signal.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Await waits until the condition has no error. It fails at once if the process
// ends.
func (p *Process) Await(ctx context.Context, limit time.Duration, condition func(context.Context) error) error {
	err := Await(ctx, limit, func(ctx context.Context) error {
		if ended, err := p.Ended(); ended {
			return Permanent(fmt.Errorf("process ended: %w", errors.Join(errors.New("exited"), err)))
		}
		return condition(ctx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w; end of its log:\n%s", p.Name, err, p.Tail())
	}
	return nil
}

// permanentError is an error after which waiting is useless.
type permanentError struct{ error }

// Permanent marks an error after which waiting is useless.
func Permanent(err error) error { return permanentError{err} }

// Unwrap returns the marked error.
func (e permanentError) Unwrap() error { return e.error }

// Await waits until the condition has no error, or a permanent one, or the limit
// is reached.
func Await(ctx context.Context, limit time.Duration, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var lastErr error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		if final, ok := errors.AsType[permanentError](err); ok {
			return final.error
		}
		// An error caused by the limit says less than the one before it.
		if lastErr == nil || ctx.Err() == nil {
			lastErr = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out after %s: %w", limit, lastErr)
		case <-tick.C:
		}
	}
}

// Listening reports whether a TCP connection to the address is accepted.
func Listening(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second) //nolint:noctx // has a timeout
	if err != nil {
		return err
	}
	return conn.Close()
}

// Output runs a command and returns its standard output; the error includes its
// standard error.
func Output(cmd *exec.Cmd) (string, error) {
	var stderr strings.Builder
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), err
}
