// Package process starts the servers of a run, keeps their logs, and ends them
// by their ids. It knows nothing of Kubernetes.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is what a process has to end on its own.
const patience = 5 * time.Second

// Group is the processes of one run.
type Group struct {
	logs string
	mu   sync.Mutex
	all  []*Process
}

// Process is one of them.
type Process struct {
	// Name is how the process is called in messages; its log is Log.
	Name, Log string

	cmd  *exec.Cmd
	stop os.Signal
	done chan struct{}
	err  error
}

// NewGroup makes a group that logs into the folder.
func NewGroup(logs string) (*Group, error) {
	return &Group{logs: logs}, os.MkdirAll(logs, 0o755)
}

// Start starts a command. It gets stop when it is to end. The context is not
// the command's: a server must outlive the signal that ends the run, so that
// those that need it can end in order.
func (g *Group) Start(name string, cmd *exec.Cmd, stop os.Signal) (*Process, error) {
	p := &Process{
		Name: name, Log: filepath.Join(g.logs, name+".log"),
		cmd: cmd, stop: stop, done: make(chan struct{}),
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the command has a descriptor of its own
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Ctrl-C is for the run, which ends its processes in order.
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

// StopAll ends all that still run, the last first.
func (g *Group) StopAll() {
	g.mu.Lock()
	all := g.all
	g.all = nil
	g.mu.Unlock()
	for i := len(all) - 1; i >= 0; i-- {
		all[i].Stop()
	}
}

// Stop asks the process to end, and ends it if it does not.
func (p *Process) Stop() {
	if over, _ := p.Over(); over {
		return
	}
	for _, signal := range []os.Signal{p.stop, syscall.SIGKILL} {
		if err := p.cmd.Process.Signal(signal); errors.Is(err, os.ErrProcessDone) {
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(patience):
		}
	}
}

// Signal sends a signal.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Over tells whether the process has ended, and how.
func (p *Process) Over() (over bool, err error) {
	select {
	case <-p.done:
		return true, p.err
	default:
		return false, nil
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Tail is the end of the log, for a message.
func (p *Process) Tail() string {
	const lines = 15
	text, err := p.Last(lines)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(text)
}

// Last is the last lines of the log.
func (p *Process) Last(lines int) (string, error) {
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

// ExitCode is the status that the process ended with, -1 for a signal.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Await asks again and again until ask has no error. What it waits for is lost
// when the process ends.
func (p *Process) Await(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	err := Await(ctx, limit, func(ctx context.Context) error {
		if over, err := p.Over(); over {
			return Final(fmt.Errorf("it ended: %w", errors.Join(errors.New("process over"), err)))
		}
		return ask(ctx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w; its log ends:\n%s", p.Name, err, p.Tail())
	}
	return nil
}

// finalError is one that waiting does not mend.
type finalError struct{ error }

// Final marks an error that asking again does not mend.
func Final(err error) error { return finalError{err} }

// Unwrap gives the error itself.
func (e finalError) Unwrap() error { return e.error }

// Await asks again and again until ask has no error, the limit is over, or the
// error is final.
func Await(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if final, ok := errors.AsType[finalError](err); ok {
			return final.error
		}
		// An answer that the limit cut off tells less than the one before it.
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", limit, last)
		case <-tick.C:
		}
	}
}

// Output runs a command to its end and gives what it printed; its error has
// what it printed to standard error.
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
