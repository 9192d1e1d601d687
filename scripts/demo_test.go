//go:build unix

// Package scripts_test runs the scripts of the build, and checks what the
// container image promises.
package scripts_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is the timeout of a script on a busy machine. It takes a few seconds, but
// for the build.
const limit = 10 * time.Minute

// TestDemo builds the program and runs the demo, which keeps both programs running
// until Ctrl-C.
func TestDemo(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	if out, status := run(t, command(t, "build.sh", program)); status != 0 {
		t.Fatalf("build.sh: status %d:\n%s", status, out)
	}
	demo := command(t, "demo.sh", program)
	demo.Env = append([]string{"DEMO_KEEP=1"}, demo.Env...)
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as with a terminal
	text := filepath.Join(t.TempDir(), "out")
	var err error
	if demo.Stdout, err = os.Create(text); err != nil {
		t.Fatal(err)
	}
	demo.Stderr = demo.Stdout
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`(?m)^Both programs run until Ctrl-C\. The live page:\n  (http://127\.0\.0\.1:[0-9]+/)\n$`)
	var out string
	within(t, func() bool {
		content, err := os.ReadFile(text)
		out = string(content)
		return err != nil || page.MatchString(out) || syscall.Kill(demo.Process.Pid, 0) != nil
	})
	if found := page.FindStringSubmatch(out); found == nil || !strings.Contains(get(t, found[1]+"api/v1/state"), `"up":true`) {
		t.Errorf("there is no live page in\n%s", out)
	}
	if err := syscall.Kill(-demo.Process.Pid, syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := demo.Wait(); err != nil {
		t.Fatalf("demo.sh: %v:\n%s", err, out)
	}
	for _, pattern := range []string{
		`(?m)^  nginx_http_requests_total +[0-9]+ +[0-9]+ +\+202$`,
		`(?m)^  nginx_connections_accepted +[0-9]+ +[0-9]+ +\+6$`,
		`(?m)^  nginx_up +1 +1 *$`,
		`(?m)^Status codes and latency, .*\n  nginx_http_responses_total\{code="200",method="GET",server="shop\.example\.com"\} 200\n` +
			`  nginx_http_responses_total\{code="503",method="GET",server="shop\.example\.com"\} 1\n  95% of requests took at most [0-9.]+ s\n`,
		`(?m)^nginx is stopped\..*\n(  .*\n)*  nginx_exporter_scrape_errors_total\{reason="refused",source="stub_status"\} 1\n  nginx_up 0\n` +
			`The log has one line:\n  .* msg="Scrape failed" .* reason=refused .*\n` +
			`"nginx-exporter doctor" finds the cause:\n(  .*\n)*  .* \[[a-z-]+\]\n(  .*\n)*  .* fix: .*\n(  .*\n)*  Problem found\.`,
		`(?m)^nginx is started again:\n  nginx_up 1\n  .* msg="Scrape recovered" `,
	} {
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("nothing matches %s in\n%s", pattern, out)
		}
	}
	checkEnded(t, out, 3) // of site, status and exporter
	empty(t, demo)
}

// get returns the body of a response.
func get(t *testing.T, uri string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

func TestDemoFails(t *testing.T) {
	demo := command(t, "demo.sh", program(t, "echo 'test failure' >&2; exit 1"))
	out, status := run(t, demo)
	if status != 1 || !strings.Contains(out, "test failure\ndemo: the exporter did not start\n") {
		t.Errorf("status %d:\n%s", status, out)
	}
	empty(t, demo)
}

// TestDemoInterrupted sends Ctrl-C while the exporter starts, and again while the
// demo cleans up.
func TestDemoInterrupted(t *testing.T) {
	dir := t.TempDir()
	started, ending := filepath.Join(dir, "started"), filepath.Join(dir, "ending")
	exporter := program(t, "trap 'echo 1 >"+ending+"; sleep 0.5; exit' TERM; echo 1 >"+started+"; while :; do sleep 0.1; done")
	demo := command(t, "demo.sh", exporter)
	demo.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as with a terminal
	result := start(t, demo)
	for _, moment := range []string{started, ending} {
		if !within(t, func() bool { return filled(moment) }) {
			break
		}
		if err := syscall.Kill(-demo.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}
	if out, status := result(); status != 130 {
		t.Errorf("status %d:\n%s", status, out)
	}
	empty(t, demo)
	if err := syscall.Kill(-demo.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the demo left processes behind (%v)", err)
	}
}

// program writes a shell script to be run instead of the exporter.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { // it is to be run
		t.Fatal(err)
	}
	return path
}

// command returns a command that runs a script, with its own directory for temporary
// files as the last variable of its environment.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = limit
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return cmd
}

// run runs a command.
func run(t *testing.T, cmd *exec.Cmd) (out string, status int) {
	t.Helper()
	return start(t, cmd)()
}

// start starts a command and returns a function that waits for it.
func start(t *testing.T, cmd *exec.Cmd) func() (out string, status int) {
	t.Helper()
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (string, int) {
		err := cmd.Wait()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, &both)
		}
		return both.String(), cmd.ProcessState.ExitCode()
	}
}

// empty checks that a script left no temporary files behind.
func empty(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR=")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%s left %v behind (%v)", filepath.Base(cmd.Path), left, err)
	}
}

func filled(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// within waits until the condition holds, and reports whether it did.
func within(t *testing.T, condition func() bool) bool {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(limit / 2)
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Error("condition not reached")
			return false
		}
	}
	return true
}
