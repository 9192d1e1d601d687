//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build compiles a main package into a folder of the test's own.
func build(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "binary")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// arguments makes a command line with the same exporter on both sides.
func arguments(exporter string, more ...string) []string {
	return append([]string{"-ours", exporter, "-peer", exporter}, more...)
}

// nothingLeft fails the test if a file, or a process that names one of the
// folders, outlived the run.
func nothingLeft(t *testing.T, tmp, exporter string) {
	t.Helper()
	files, err := os.ReadDir(tmp)
	if err != nil || len(files) > 0 {
		t.Errorf("left behind in %s: %v, %v", tmp, files, err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // that process has just ended
		}
		if bytes.Contains(line, []byte(tmp)) || bytes.Contains(line, []byte(exporter)) {
			t.Errorf("still running: %q", line)
		}
	}
}

// onWrite calls back at the first word of progress.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// TestRun is the whole program against a real nginx.
func TestRun(t *testing.T) {
	exporter := build(t, "./testdata/exporter")
	for name, test := range map[string]func(t *testing.T, tmp, exporter string){
		"compares two exporters":     comparesTwo,
		"ends with its context":      endsWithItsContext,
		"keeps its time limit":       keepsItsTimeLimit,
		"tells which exporter ended": tellsWhichExporterEnded,
		"needs nginx":                needsNginx,
		"is interrupted":             isInterrupted,
	} {
		t.Run(name, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			test(t, tmp, exporter)
			nothingLeft(t, tmp, exporter)
		})
	}
}

func comparesTwo(t *testing.T, _, exporter string) {
	t.Helper()
	var out, log bytes.Buffer
	if err := run(t.Context(), arguments(exporter, "-n", "200", "-rounds", "1"), &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^load +nginx/\d`,
		`(?m)^peer +` + exporter + ` \(fake exporter, version 0\.0; built with go1\.`,
		`(?m)^CPU a scrape, ms( +\d+\.\d+){7}$`,
		`(?m)^latency p99, ms( +\d+\.\d+){7}$`,
		`(?m)^peak RSS after 200 scrapes, MiB( +[\d.]+){3}$`,
		`(?m)^page unpacked, bytes +71 +71 +1$`,
		`(?m)^series on the page +2 +2 +1$`,
		`(?m)^requests to nginx a scrape +1 +1 +1$`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("nothing matches %s in:\n%s", want, out.String())
		}
	}
	if !strings.HasPrefix(log.String(), "round 1 of 1: CPU a scrape ") {
		t.Errorf("progress: %q", log.String())
	}
}

func endsWithItsContext(t *testing.T, _, exporter string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	args := arguments(exporter, "-n", "50", "-rounds", "1000", "-concurrency", "2")
	err := run(ctx, args, io.Discard, onWrite(func() { cancel(why) }))
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func keepsItsTimeLimit(t *testing.T, _, exporter string) {
	t.Helper()
	args := arguments(exporter, "-n", "1000000", "-timeout", "1s")
	if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "not done after 1s") {
		t.Errorf("got %v", err)
	}
}

func tellsWhichExporterEnded(t *testing.T, tmp, exporter string) {
	t.Helper()
	for name, dieAt := range map[string]int{"at its start": 1, "while it warms up": 10, "in a round": 100} {
		t.Run(name, func(t *testing.T) {
			args := arguments(exporter, "-n", "200", "-rounds", "1", "-peer-flags", "--die-at="+strconv.Itoa(dieAt))
			err := run(t.Context(), args, io.Discard, io.Discard)
			if err == nil || !strings.HasPrefix(err.Error(), "peer: ") || !strings.Contains(err.Error(), "I have had enough") {
				t.Errorf("got %v", err)
			}
			nothingLeft(t, tmp, exporter)
		})
	}
}

func needsNginx(t *testing.T, _, exporter string) {
	t.Helper()
	for nginx, want := range map[string]string{"/nonexistent/nginx": "-nginx:", "false": "ask /"} {
		err := run(t.Context(), arguments(exporter, "-nginx", nginx), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", nginx, err, want)
		}
	}
}

// isInterrupted runs the program itself and sends what Ctrl-C sends.
func isInterrupted(t *testing.T, _, exporter string) {
	t.Helper()
	program := build(t, ".")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments(exporter, "-n", "50", "-rounds", "1000")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stderr, make([]byte, len("round 1"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !bytes.Contains(said, []byte("bench-peer: error: stopped: interrupt")) {
		t.Errorf("got %v and %q", err, said)
	}
}
