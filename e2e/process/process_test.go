package process

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, script string) *Process {
	t.Helper()
	g, err := NewGroup(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Start("it", exec.CommandContext(t.Context(), "sh", "-c", script), syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.StopAll)
	return p
}

func TestAwaitOfEndedProcess(t *testing.T) {
	t.Parallel()
	p := start(t, "echo no such option; exit 3")
	err := p.Await(t.Context(), time.Minute, func(context.Context) error { return errors.New("closed") })
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such option") {
		t.Fatalf("Await gives %v, want status and log", err)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	p := start(t, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")
	err := p.Await(t.Context(), time.Minute, func(context.Context) error {
		if p.Tail() != "ready" {
			return errors.New("not ready")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if ended, err := p.Ended(); !ended || err != nil {
		t.Fatalf("over %v with %v, want a clean end", ended, err)
	}
}

func TestAwaitLimit(t *testing.T) {
	t.Parallel()
	want := errors.New("still closed")
	err := Await(t.Context(), time.Millisecond, func(context.Context) error { return want })
	if !errors.Is(err, want) || !strings.Contains(err.Error(), "timed out after 1ms") {
		t.Fatalf("Await gives %v", err)
	}
}

func TestAwaitErrorBeforeLimit(t *testing.T) {
	t.Parallel()
	first := errors.New("closed")
	calls := 0
	err := Await(t.Context(), time.Second, func(ctx context.Context) error {
		if calls++; calls == 1 {
			return first
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, first) {
		t.Fatalf("Await gives %v, want the first error", err)
	}
}
