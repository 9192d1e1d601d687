//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// portTries bounds the search for a port that stays free.
	portTries = 5
	// startWait is how long a process may take until it answers.
	startWait = 15 * time.Second
	// stopWait is how long a process may take to end when asked to.
	stopWait = 5 * time.Second
	// endNotice is how long the end of a process may take to be noticed after
	// its connections broke.
	endNotice = 200 * time.Millisecond
	// versionWait bounds a --version.
	versionWait = 5 * time.Second
	// askEvery is the pause between two looks at a process that starts.
	askEvery = 20 * time.Millisecond
	// keptOutput is how much of a process's last words an error may quote.
	keptOutput = 1024
)

// errChildEnded says that a process ended by itself.
var errChildEnded = errors.New("ended by itself")

// child is a process that this program started and has to end.
type child struct {
	cmd    *exec.Cmd
	output *tail
	ended  chan struct{}
	once   sync.Once
}

// startChild starts a process in a group of its own, so that Ctrl-C reaches
// this program alone and it ends the processes in order. The context does not
// end the process either: stop does. Should this program be killed, the kernel
// ends the process for it.
func startChild(ctx context.Context, path string, args ...string) (*child, error) {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, args...)
	c := &child{cmd: cmd, output: &tail{}, ended: make(chan struct{})}
	c.cmd.Env = childEnv(os.Environ())
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	c.cmd.WaitDelay = stopWait
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	go func() {
		_ = c.cmd.Wait() // how it ended is kept in ProcessState
		close(c.ended)
	}()
	return c, nil
}

// childEnv leaves what a Go or C program needs to run and drops the rest:
// exporters take settings from variables such as TIMEOUT or SCRAPE_URI, and
// both sides have to run with what their flags say.
func childEnv(environ []string) []string {
	var kept []string
	for _, pair := range environ {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "PATH", "HOME", "TMPDIR", "TZ", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG":
			kept = append(kept, pair)
		}
	}
	return kept
}

// pid is the process's id.
func (c *child) pid() int { return c.cmd.Process.Pid }

// await asks until the answer is no error, and gives up when the process ends
// or the time is over.
func (c *child) await(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		last := ask(ctx)
		if alive := c.alive(); alive != nil {
			return alive
		}
		if last == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-c.ended:
		case <-ctx.Done():
			return fmt.Errorf("no good answer within %s: %w%s", limit, last, c.output.quote())
		}
	}
}

// alive is an error with the last words of a process that has ended.
func (c *child) alive() error {
	select {
	case <-c.ended:
		return fmt.Errorf("%s %w: %s%s", c.cmd.Path, errChildEnded, c.cmd.ProcessState, c.output.quote())
	default:
		return nil
	}
}

// stop asks the process to end, waits, and after a while no longer asks. The
// last signal goes to the whole group, because the workers of an nginx whose
// master is killed would stay.
func (c *child) stop() {
	c.once.Do(func() {
		select {
		case <-c.ended:
		default:
			if c.cmd.Process.Signal(syscall.SIGTERM) == nil && c.endsWithin(stopWait) {
				return
			}
		}
		_ = syscall.Kill(-c.pid(), syscall.SIGKILL) // no such group: nothing left to end
		<-c.ended
	})
}

// endsWithin waits for the end of the process.
func (c *child) endsWithin(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.ended:
		return true
	case <-timer.C:
		return false
	}
}

// freeAddr finds a loopback address that nobody listens on.
func freeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("free the port again: %w", err)
	}
	return addr, nil
}

// tail keeps the end of what a process wrote.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements io.Writer and never fails: a process that writes a lot must
// not be slowed down by who watches it.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - keptOutput; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// quote is the kept output as the end of an error message.
func (t *tail) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	words := strings.TrimSpace(string(t.kept))
	if words == "" {
		return ""
	}
	return fmt.Sprintf("; its last words: %q", words)
}
