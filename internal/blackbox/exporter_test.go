//go:build linux

package blackbox_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// patience is how long a test waits for what must happen where no case
	// gives a time.
	patience = 15 * time.Second
	// timeout is the --nginx.timeout of children whose nginx hangs, and slack
	// how much later their answer may come. Others have all the patience, so
	// that a busy machine does not make nginx look down.
	timeout   = time.Second
	impatient = "--nginx.timeout=1s"
	slack     = 1500 * time.Millisecond
)

// spec says how a child is started.
type spec struct {
	args   []string
	env    []string            // all of it
	prefix []string            // a command that runs the program in its place
	attr   syscall.SysProcAttr // confinement
	path   string              // of the program, within its root
	files  []*os.File          // descriptors from 3 on; they are closed here
	stderr *os.File            // in place of the transcript
	listen string              // address, a free port of loopback if empty
}

// exporter is the program as a child process.
type exporter struct {
	command *exec.Cmd
	log     *transcript
	ended   chan struct{}
	address string
	may     struct{ end bool } // the test expects the child to end
}

// serve starts the program on loopback and waits until it listens.
func serve(tb testing.TB, args ...string) *exporter {
	tb.Helper()
	return serveSpec(tb, &spec{args: args})
}

func serveSpec(tb testing.TB, s *spec) *exporter {
	tb.Helper()
	e := launch(tb, s)
	if s.stderr == nil {
		e.awaitAddress(tb)
	}
	return e
}

func (e *exporter) awaitAddress(tb testing.TB) {
	tb.Helper()
	listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	// It says so before it has read its certificate, which a test may renew.
	ready := regexp.MustCompile(`msg="TLS is (en|dis)abled\."`)
	eventually(tb, "the exporter to listen", func() bool {
		if found := listening.FindStringSubmatch(e.log.String()); found != nil {
			e.address = found[1]
		}
		if !e.alive() {
			tb.Fatalf("the exporter ended: %s\n%s", e.command.ProcessState, e.log)
		}
		return e.address != "" && ready.MatchString(e.log.String())
	})
}

// launch starts the program. What it left running and what it wrote is looked
// at when the test is over.
func launch(tb testing.TB, s *spec) *exporter {
	tb.Helper()
	e := &exporter{log: newTranscript(tb), ended: make(chan struct{})}
	args := slices.Clone(s.args)
	given := func(flag string) bool {
		return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, flag) })
	}
	if !given("--web.listen-address") && !given("--web.systemd-socket") {
		address := s.listen
		if address == "" {
			address = "127.0.0.1:0"
		}
		args = append(args, "--web.listen-address="+address)
	}
	if !given("--nginx.timeout") {
		args = append(args, "--nginx.timeout="+patience.String())
	}
	path := program(tb)
	if s.path != "" {
		path = s.path
	}
	line := append(append(slices.Clone(s.prefix), path), args...)
	e.command = exec.CommandContext(context.WithoutCancel(tb.Context()), line[0], line[1:]...)
	e.command.Env = append([]string{}, s.env...)
	e.command.Dir = "/"
	e.command.Stdout, e.command.Stderr = e.log.File, e.log.File
	if s.stderr != nil { // then the log cannot tell where it listens
		e.command.Stdout, e.command.Stderr, e.address = s.stderr, s.stderr, s.listen
	}
	e.command.ExtraFiles = s.files
	attr := s.attr
	attr.Pdeathsig = syscall.SIGKILL // should the tests be killed
	e.command.SysProcAttr = &attr
	if err := e.command.Start(); err != nil {
		tb.Fatalf("start the exporter: %v", err)
	}
	for _, file := range s.files {
		_ = file.Close() // the child has its own
	}
	go func() {
		_ = e.command.Wait() // how it ended stays in ProcessState
		close(e.ended)
	}()
	tb.Cleanup(func() { e.finish(tb) })
	return e
}

// finish ends the child and checks what must hold for every case: it lived to
// the end of the test, and its log is fit for people.
func (e *exporter) finish(tb testing.TB) {
	tb.Helper()
	if !e.may.end && !e.alive() {
		tb.Errorf("the exporter did not survive: %s", e.command.ProcessState)
	}
	_ = e.command.Process.Kill() // unless it has ended
	<-e.ended
	e.checkLog(tb)
	if tb.Failed() {
		tb.Logf("the log of the exporter:\n%s", clip(e.log.String()))
	}
}

// longestLine is how long a line of the log may be.
const longestLine = 1 << 10

func (e *exporter) checkLog(tb testing.TB) {
	tb.Helper()
	text := e.log.String()
	for _, trace := range []string{"panic:", "goroutine 1 [", "fatal error:", "SIGSEGV"} {
		if strings.Contains(text, trace) {
			tb.Errorf("the log has a stack trace (%s)", trace)
		}
	}
	if !utf8.ValidString(text) {
		tb.Error("the log is not valid UTF-8")
	}
	for line := range strings.Lines(text) {
		if len(line) > longestLine {
			tb.Errorf("a line of the log has %d bytes: %s", len(line), clip(line))
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
			tb.Errorf("a line of the log has control characters: %q", line)
		}
	}
}

func (e *exporter) alive() bool {
	select {
	case <-e.ended:
		return false
	default:
		return true
	}
}

func (e *exporter) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if signal != syscall.SIGHUP {
		e.may.end = true
	}
	if err := e.command.Process.Signal(signal); err != nil {
		tb.Fatalf("%s: %v", signal, err)
	}
}

// exits waits for the end of the child and returns its exit status.
func (e *exporter) exits(tb testing.TB, within time.Duration) int {
	tb.Helper()
	e.may.end = true
	select {
	case <-e.ended:
		return e.command.ProcessState.ExitCode()
	case <-time.After(within):
		tb.Fatalf("the exporter still runs after %s\n%s", within, e.log)
		return -1
	}
}

// refuses starts the program with a configuration that cannot be, and returns
// the one line with which it must end.
func refuses(tb testing.TB, args ...string) string {
	tb.Helper()
	e := launch(tb, &spec{args: args})
	if status := e.exits(tb, patience); status != 1 {
		tb.Errorf("the exit status is %d, not 1", status)
	}
	text := e.log.String()
	if strings.Count(text, "\n") != 1 {
		tb.Errorf("the exporter says more or less than one line:\n%s", text)
	}
	return text
}

func (e *exporter) url(path string) string { return "http://" + e.address + path }

// ask makes one request on a connection of its own.
func ask(tb testing.TB, method, url string, header http.Header, config *tls.Config, limit time.Duration) (*answer, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	began := time.Now()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header, body, time.Since(began)}, nil
}

func all(tb testing.TB, reader io.Reader) []byte {
	tb.Helper()
	text, err := io.ReadAll(reader)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// answer is an answer of the exporter, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	after  time.Duration
}

// get asks for a path and wants an answer, whatever it says.
func (e *exporter) get(tb testing.TB, path string, header http.Header) *answer {
	tb.Helper()
	return e.request(tb, http.MethodGet, path, header)
}

func (e *exporter) request(tb testing.TB, method, path string, header http.Header) *answer {
	tb.Helper()
	a, err := ask(tb, method, e.url(path), header, nil, patience)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// scrape asks for the page and checks that it is one.
func (e *exporter) scrape(tb testing.TB) *page {
	tb.Helper()
	return read(tb, e.get(tb, "/metrics", nil))
}

// scrapeInTime is scrape, and the page must be there soon after the time-out.
func (e *exporter) scrapeInTime(tb testing.TB) *page {
	tb.Helper()
	a := e.get(tb, "/metrics", nil)
	if a.after > timeout+slack {
		tb.Errorf("the page came after %s, not within %s", a.after, timeout+slack)
	}
	return read(tb, a)
}

// transcript is the file into which a child writes. What the child wrote before
// it answered is there when the answer is, as it would not be behind a pipe.
type transcript struct{ *os.File }

func newTranscript(tb testing.TB) *transcript {
	tb.Helper()
	file, err := os.OpenFile(filepath.Join(tb.TempDir(), "output"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = file.Close() }) // it was read
	return &transcript{file}
}

// String returns what was written so far.
func (t *transcript) String() string {
	text, err := os.ReadFile(t.Name())
	if err != nil {
		return "the log cannot be read: " + err.Error()
	}
	return string(text)
}

func program(tb testing.TB) string {
	tb.Helper()
	path := os.Getenv(binaryVariable)
	if path == "" {
		tb.Fatal(errors.New("TestMain has built no program"))
	}
	return path
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	within(tb, patience, what, condition)
}

func within(tb testing.TB, limit time.Duration, what string, condition func() bool) {
	tb.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(limit)
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline:
			tb.Fatalf("waited %s for %s", limit, what)
		}
	}
}

// clip shows the beginning of what may be long.
func clip(text string) string {
	const most = 4 << 10
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
