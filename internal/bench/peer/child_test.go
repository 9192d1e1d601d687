//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start starts a shell script and ends it with the test.
func start(t *testing.T, script string) *child {
	t.Helper()
	c, err := startChild(t.Context(), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

func TestChildThatEndsLeavesItsLastWords(t *testing.T) {
	t.Parallel()
	c := start(t, "echo port taken >&2; exit 7")
	err := c.await(t.Context(), startWait, func(context.Context) error { return errors.New("no answer") })
	if !errors.Is(err, errChildEnded) || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "port taken") {
		t.Errorf("got %v", err)
	}
	c.stop()
}

func TestChildThatDoesNotAnswerInTime(t *testing.T) {
	t.Parallel()
	c := start(t, "exec sleep 60")
	never := errors.New("no answer")
	if err := c.await(t.Context(), time.Millisecond, func(context.Context) error { return never }); !errors.Is(err, never) {
		t.Errorf("got %v", err)
	}
	c.stop()
	c.stop() // a second time is no harm
	if err := syscall.Kill(c.pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", c.pid(), err)
	}
}

// TestStubbornChildIsEnded has a process, with one of its own, that does not
// end when asked to.
func TestStubbornChildIsEnded(t *testing.T) {
	t.Parallel()
	c := start(t, "trap '' TERM; sleep 60 & echo ready; wait; sleep 60")
	err := c.await(t.Context(), startWait, func(context.Context) error {
		if c.output.quote() == "" {
			return errors.New("not ready")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	members := group(t, c.pid())
	if len(members) != 2 {
		t.Fatalf("the group is %q", members)
	}
	c.stop()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for deadline := time.Now().Add(startWait); len(members) > 0; members = group(t, c.pid()) {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %q", members)
		}
		<-ticker.C
	}
}

// group lists the processes of a group that run: one that has ended may have
// to wait until somebody takes note of it.
func group(t *testing.T, id int) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // that process has just ended
		}
		fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
		if fields[0] != "Z" && fields[2] == strconv.Itoa(id) {
			members = append(members, string(line))
		}
	}
	return members
}

func TestChildEnvDropsSettings(t *testing.T) {
	t.Parallel()
	got := childEnv([]string{"PATH=/bin", "SCRAPE_URI=http://elsewhere", "TIMEOUT=1ns", "GOMAXPROCS=1", "NGINX_EXPORTER_LOG_LEVEL=debug"})
	if !slices.Equal(got, []string{"PATH=/bin", "GOMAXPROCS=1"}) {
		t.Errorf("got %q", got)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var kept tail
	for range 10 {
		if n, err := kept.Write([]byte(strings.Repeat("x", 1000))); n != 1000 || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
	}
	_, _ = kept.Write([]byte("the end"))
	if got := kept.quote(); !strings.HasSuffix(got, `the end"`) || len(got) > keptOutput+50 {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
}
