//go:build linux

package programtest_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// patient is the timeout of exporters whose nginx responds: it must not seem down
// on a busy machine. Exporters whose nginx hangs get a short one.
const (
	patient   = "--nginx.timeout=10m"
	impatient = "--nginx.timeout=1s"
)

// spec is how the program is started.
type spec struct {
	args   []string
	env    []string            // the whole environment
	prefix []string            // a command that executes the program
	attr   syscall.SysProcAttr // confinement
	path   string              // of the program, within its root folder
	stderr *os.File            // instead of the log
	listen string              // address; a free port of loopback if empty
}

// exporter is the program as a child process.
type exporter struct {
	*proctest.Process
	address string
	mayEnd  bool // the test expects the process to end
}

// serve starts the program on loopback and waits until it listens.
func serve(tb testing.TB, args ...string) *exporter {
	tb.Helper()
	return serveSpec(tb, &spec{args: args})
}

func serveSpec(tb testing.TB, s *spec) *exporter {
	tb.Helper()
	e := launch(tb, s)
	e.address = e.AwaitLog(tb, `msg="Listening on" address=(\S+)`)[1]
	return e
}

// launch starts the program.
func launch(tb testing.TB, s *spec) *exporter {
	tb.Helper()
	args, listen, path := slices.Clone(s.args), s.listen, s.path
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	if path == "" {
		path = os.Getenv(binaryVariable)
	}
	args = append(args, "--web.listen-address="+listen)
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--nginx.timeout") }) {
		args = append(args, patient)
	}
	line := append(append(slices.Clone(s.prefix), path), args...)
	command := exec.Command(line[0], line[1:]...) //nolint:noctx // proctest ends it
	command.Env, command.Dir = append([]string{}, s.env...), "/"
	if s.stderr != nil {
		command.Stdout, command.Stderr = s.stderr, s.stderr
	}
	attr := s.attr
	command.SysProcAttr = &attr
	e := &exporter{Process: proctest.Start(tb, "", command), address: s.listen}
	tb.Cleanup(func() { e.check(tb) })
	return e
}

// check verifies what holds in every test: the process lives to its end, and the
// log has no stack traces, overlong lines or control characters.
func (e *exporter) check(tb testing.TB) {
	tb.Helper()
	if !e.mayEnd && !e.Alive() {
		tb.Error("the exporter has ended")
	}
	e.Kill()
	text := e.Log()
	for _, trace := range []string{"panic:", "goroutine 1 [", "fatal error:", "SIGSEGV"} {
		if strings.Contains(text, trace) {
			tb.Errorf("the log has a stack trace (%s)", trace)
		}
	}
	if !utf8.ValidString(text) {
		tb.Error("the log is not valid UTF-8")
	}
	const longest = 1 << 10
	for line := range strings.Lines(text) {
		if len(line) > longest {
			tb.Errorf("a line of the log has %d bytes", len(line))
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
			tb.Errorf("a line of the log has control characters: %q", line)
		}
	}
}

// terminate sends a signal and checks for exit status 0.
func (e *exporter) terminate(tb testing.TB, signal os.Signal) {
	tb.Helper()
	e.mayEnd = true
	e.Signal(tb, signal)
	if status := e.Exit(tb); status != 0 {
		tb.Errorf("the exit status after %s is %d", signal, status)
	}
}

// logged returns how many lines of the log have all the texts.
func (e *exporter) logged(texts ...string) int {
	count := 0
	for line := range strings.Lines(e.Log()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			count++
		}
	}
	return count
}

// wantLogged checks how many lines of the log have all the texts. It waits until
// there are as many, since the log is written in the background.
func (e *exporter) wantLogged(tb testing.TB, want int, texts ...string) {
	tb.Helper()
	if want == 0 {
		e.terminate(tb, syscall.SIGTERM) // which writes what is pending
	} else {
		e.Await(tb, strings.Join(texts, " ")+" in the log", func() bool { return e.logged(texts...) >= want })
	}
	if got := e.logged(texts...); got != want {
		tb.Errorf("%d lines of the log have %q, not %d", got, texts, want)
	}
}

// refuses starts the program with a wrong configuration, and returns the one
// line with which it must end.
func refuses(tb testing.TB, args ...string) string {
	tb.Helper()
	e := launch(tb, &spec{args: args})
	e.mayEnd = true
	if status := e.Exit(tb); status != 1 {
		tb.Errorf("the exit status is %d, not 1", status)
	}
	if strings.Count(e.Log(), "\n") != 1 {
		tb.Errorf("the exporter wrote more or less than one line:\n%s", e.Log())
	}
	return e.Log()
}

// request sends a GET request on a connection of its own.
func (e *exporter) request(tb testing.TB, path string) (status int, body string, err error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), proctest.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://exporter"+path, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", e.address)
	}}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// scrape requests the metrics and checks that they are well-formed.
func (e *exporter) scrape(tb testing.TB) *exposition {
	tb.Helper()
	status, body, err := e.request(tb, "/metrics")
	if err != nil || status != http.StatusOK {
		tb.Fatalf("a scrape has status %d, error %v", status, err)
	}
	return parse(tb, body)
}

// dial connects to an address until the end of the test.
func dial(tb testing.TB, address string) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{Timeout: proctest.Patience}).DialContext(tb.Context(), "tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(tb testing.TB, conn net.Conn, text string) {
	tb.Helper()
	if err := conn.SetWriteDeadline(time.Now().Add(proctest.Patience)); err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
}

// freeAddress returns an address of loopback at which nothing listens.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	return nginxtest.FreeAddress(tb, "127.0.0.1")
}

// uri returns the flag for a target.
func uri(target string) string { return "--nginx.scrape-uri=" + target }

func write(tb testing.TB, path, text string) string {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
