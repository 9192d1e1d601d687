package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

// processes is the key of the processes that a script has started.
type processes struct{}

func started(ts *testscript.TestScript) map[string]*proctest.Process {
	all, ok := ts.Value(processes{}).(map[string]*proctest.Process)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return all
}

func named(ts *testscript.TestScript, name string) *proctest.Process {
	p := started(ts)[name]
	if p == nil {
		ts.Fatalf("no process called %s was started", name)
	}
	return p
}

// scriptTB implements [proctest.TB] for scripts.
type scriptTB struct{ *testscript.TestScript }

// Helper implements [proctest.TB].
func (scriptTB) Helper() {}

// Cleanup implements [proctest.TB].
func (s scriptTB) Cleanup(f func()) { s.Defer(f) }

// Failed implements [proctest.TB]: testscript shows what is logged only if the
// script failed.
func (scriptTB) Failed() bool { return true }

// TempDir implements [proctest.TB].
func (s scriptTB) TempDir() string {
	directory, err := os.MkdirTemp(s.MkAbs("."), "")
	s.Check(err)
	return directory
}

// logOf returns the path of the log of a process of that name.
func logOf(ts *testscript.TestScript, name string) string {
	if old := started(ts)[name]; old != nil && old.Alive() {
		ts.Fatalf("%s is running already", name)
	}
	return ts.MkAbs(name + ".log")
}

// environment returns the variables of the script.
func environment(ts *testscript.TestScript) []string {
	// testscript returns variables one by one only.
	var list []string
	for _, name := range environmentNames() {
		if value := ts.Getenv(name); value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// environmentNames lists the variables that programs of a script may read.
func environmentNames() []string {
	names := []string{"PATH", "TMPDIR", "HOME", "GOCOVERDIR", "GORACE", "HTTP_PROXY", "http_proxy", "WORK"}
	names = append(names, "METRICS_ADDR", "METRICS_ENDPOINT", "METRICS_NS", "NGINX_STATUS", "NGINX_HOST") // of nginx-vts-exporter
	for _, f := range newCLI(nil, nil, func(string) (string, bool) { return "", false }).flags {
		names = append(names, f.env...)
	}
	return names
}

func program(ts *testscript.TestScript, name string) string {
	for _, directory := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(directory, name); isProgram(path) {
			return path
		}
	}
	ts.Fatalf("%s is not installed", name)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// runProgram runs the exporter to its end.
func runProgram(ts *testscript.TestScript, args []string) (status int, stdout, stderr string) {
	var out, log bytes.Buffer
	command := exporterCommand(ts, args)
	command.Stdout, command.Stderr = &out, &log
	status = proctest.Start(scriptTB{ts}, "", command).Exit(scriptTB{ts})
	ts.Logf("%s %q: status %d\n%s%s", programName, args, status, out.String(), log.String())
	return status, out.String(), log.String()
}

func exporterCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	command := exec.Command(program(ts, programName), args...) //nolint:noctx // proctest ends it
	command.Env, command.Dir = environment(ts), ts.MkAbs(".")
	return command
}

// startExporter starts the program and waits until it listens:
//
//	exporter [-n=2] [-fd=ADDRESS] NAME ARGS...
//
// Its address goes into $NAME, its log into NAME.log. With -n it has to listen
// at that many addresses; the others go into $NAME_2 and so on. With -fd it gets
// a socket as from systemd.
func startExporter(ts *testscript.TestScript, neg bool, args []string) {
	options, args := cutOptions(args)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exporter [-n=N] [-fd=ADDRESS] NAME [ARGS...]")
	}
	name := args[0]
	command := exporterCommand(ts, args[1:])
	if address := options["fd"]; address != "" {
		handOver(ts, command, address)
	}
	p := proctest.Start(scriptTB{ts}, logOf(ts, name), command)
	started(ts)[name] = p
	count, _ := strconv.Atoi(options["n"])
	var addresses []string
	p.Await(scriptTB{ts}, name+" to listen", func() bool {
		addresses = listening(p.Log())
		return len(addresses) >= max(1, count)
	})
	for i, address := range addresses {
		if i == 0 {
			ts.Setenv(name, address)
		} else {
			ts.Setenv(name+"_"+strconv.Itoa(i+1), address)
		}
	}
}

// listening returns the addresses in a log.
func listening(log string) []string {
	var addresses []string
	address := regexp.MustCompile(`address"?[=:]"?([^\s"]+)["\n]`)
	for line := range strings.Lines(log) {
		if found := address.FindStringSubmatch(line); found != nil && strings.Contains(line, "Listening on") {
			addresses = append(addresses, found[1])
		}
	}
	return addresses
}

// handOver gives a listening socket to a program as systemd does: as file
// descriptor 3, with the number of the process in a variable.
func handOver(ts *testscript.TestScript, command *exec.Cmd, address string) {
	listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
	ts.Check(err)
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		ts.Fatalf("%s is not a TCP address", address)
	}
	file, err := tcp.File()
	ts.Check(err)
	ts.Check(listener.Close())
	ts.Defer(func() { _ = file.Close() }) // the program has a copy
	command.ExtraFiles = []*os.File{file}
	command.Args = append([]string{"sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"`, "sh", command.Path}, command.Args[1:]...)
	command.Path = program(ts, "sh")
}

// sendSignal sends a signal: signal NAME HUP.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME TERM|INT|QUIT|HUP|KILL|PIPE")
	}
	signals := map[string]os.Signal{
		"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL, "PIPE": syscall.SIGPIPE,
	}
	if signals[args[1]] == nil {
		ts.Fatalf("unknown signal %s", args[1])
	}
	named(ts, args[0]).Signal(scriptTB{ts}, signals[args[1]])
}

// reloads sends SIGHUP COUNT times, each once the one before was handled, and
// then waits until as many descriptors are open as before: reloads NAME COUNT.
func reloads(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reloads NAME COUNT")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	p := named(ts, args[0])
	descriptors := func() int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID()))
		ts.Check(err)
		return len(entries)
	}
	loads := func() int { return strings.Count(p.Log(), `msg="Configuration reloaded"`) }
	before, loaded := descriptors(), loads()
	for n := range count {
		p.Signal(scriptTB{ts}, syscall.SIGHUP)
		p.Await(scriptTB{ts}, fmt.Sprintf("reload %d", n+1), func() bool { return loads() > loaded+n })
	}
	p.Await(scriptTB{ts}, fmt.Sprintf("no more than %d descriptors after %d reloads", before, count),
		func() bool { return descriptors() <= before })
}

// exits waits for the end of a program: exits NAME STATUS.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: exits NAME STATUS")
	}
	if status := strconv.Itoa(named(ts, args[0]).Exit(scriptTB{ts})); status != args[1] {
		ts.Fatalf("%s ended with status %s, not %s", args[0], status, args[1])
	}
}

// end ends a program: end NAME [SIGNAL]. Its status must be 0.
func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: end NAME [SIGNAL]")
	}
	if len(args) == 1 {
		args = append(args, "TERM")
	}
	sendSignal(ts, false, args)
	exits(ts, false, []string{args[0], "0"})
}

// logged waits until lines of a log, or of any file, match:
// logs [-count=N] NAME|FILE PATTERN.
//
// With ! before it the log must not have such a line at this moment.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	options, args := cutOptions(args)
	if len(args) != 2 {
		ts.Fatalf("usage: [!] logs [-count=N] NAME PATTERN")
	}
	text := func() string {
		if p := started(ts)[args[0]]; p != nil {
			return p.Log()
		}
		text, _ := os.ReadFile(ts.MkAbs(args[0])) // it may appear later
		return string(text)
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	count := func() (found int) {
		for line := range strings.Lines(text()) {
			if pattern.MatchString(strings.TrimSuffix(line, "\n")) {
				found++
			}
		}
		return found
	}
	if neg {
		if n := count(); n > 0 {
			ts.Fatalf("%d lines match %s", n, args[1])
		}
		return
	}
	until(ts, func() error {
		n := count()
		if want := options["count"]; n == 0 || want != "" && want != strconv.Itoa(n) {
			return fmt.Errorf("%d lines match %s", n, args[1])
		}
		return nil
	})
}

// cutOptions takes -NAME=VALUE from the front of the arguments.
func cutOptions(args []string) (map[string]string, []string) {
	options := map[string]string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, value, _ := strings.Cut(args[0][1:], "=")
		if options[name] != "" {
			value = options[name] + "\n" + value
		}
		options[name], args = value, args[1:]
	}
	return options, args
}

// freeAddress puts an address at which nothing listens into a variable:
// freeaddr NAME.
func freeAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeaddr NAME")
	}
	ts.Setenv(args[0], nginxtest.FreeAddress(scriptTB{ts}, "127.0.0.1"))
}
