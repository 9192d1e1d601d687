package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// processes is the key of what a script has started.
type processes struct{}

// process is a program that runs beside the script.
type process struct {
	command *exec.Cmd
	log     string // path of what it writes
	ended   chan struct{}
	err     error // of its end, to be read after ended
}

func started(ts *testscript.TestScript) map[string]*process {
	all, ok := ts.Value(processes{}).(map[string]*process)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return all
}

func named(ts *testscript.TestScript, name string) *process {
	p := started(ts)[name]
	if p == nil {
		ts.Fatalf("nothing called %s was started", name)
	}
	return p
}

// spawn starts a program whose output goes to NAME.log, and ends it with the
// script if nobody else does.
func spawn(ts *testscript.TestScript, name string, command *exec.Cmd) *process {
	if old := started(ts)[name]; old != nil && !old.hasEnded() {
		ts.Fatalf("%s runs already", name)
	}
	p := &process{command: command, log: ts.MkAbs(name + ".log"), ended: make(chan struct{})}
	output, err := os.Create(p.log)
	ts.Check(err)
	defer func() { _ = output.Close() }() // the program has a copy
	command.Dir = ts.MkAbs(".")
	command.Stdout, command.Stderr = output, output
	ts.Check(command.Start())
	go func() {
		defer close(p.ended)
		p.err = command.Wait()
	}()
	started(ts)[name] = p
	ts.Defer(func() {
		_ = command.Process.Kill() // it may have ended long ago
		<-p.ended
		ts.Logf("[%s]\n%s", name, p.output())
	})
	return p
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "" // it is not there yet
	}
	return string(text)
}

// environment returns the variables of the script.
func environment(ts *testscript.TestScript) []string {
	// The shell alone knows all of them: testscript tells one by one.
	var list []string
	for _, name := range environmentNames() {
		if value := ts.Getenv(name); value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// environmentNames lists the variables that may mean something to a program of
// a script.
func environmentNames() []string {
	names := []string{"PATH", "TMPDIR", "HOME", "GOCOVERDIR", "GORACE", "HTTP_PROXY", "http_proxy", "WORK"}
	for _, f := range newCLI(nil, nil, func(string) (string, bool) { return "", false }).flags {
		names = append(names, f.env...)
	}
	return names
}

func program(ts *testscript.TestScript, name string) string {
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(folder, name); isProgram(path) {
			return path
		}
	}
	ts.Fatalf("there is no %s", name)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// runProgram runs the exporter to its end.
func runProgram(ts *testscript.TestScript, args []string) (status int, stdout, stderr string) {
	var out, log bytes.Buffer
	command := exec.Command(program(ts, programName), args...) //nolint:noctx // the timer below bounds it
	command.Env, command.Dir = environment(ts), ts.MkAbs(".")
	command.Stdout, command.Stderr = &out, &log
	ts.Check(command.Start())
	timer := time.AfterFunc(patience, func() { _ = command.Process.Kill() }) // an exit status of -1 tells
	defer timer.Stop()
	err := command.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	ts.Logf("%s %q: status %d\n%s%s", programName, args, command.ProcessState.ExitCode(), out.String(), log.String())
	return command.ProcessState.ExitCode(), out.String(), log.String()
}

// startExporter starts the program and waits until it listens:
//
//	exporter [-n=2] [-fd=ADDRESS] NAME ARGS...
//
// Its address goes into $NAME, its log into NAME.log. With -n it has to listen
// at so many addresses; the others go into $NAME_2 and so on. With -fd it gets
// a socket in the way of systemd.
func startExporter(ts *testscript.TestScript, neg bool, args []string) {
	options, args := cutOptions(args)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exporter [-n=N] [-fd=ADDRESS] NAME [ARGS...]")
	}
	name := args[0]
	command := exec.Command(program(ts, programName), args[1:]...) //nolint:noctx // it ends with the script
	command.Env = environment(ts)
	if address := options["fd"]; address != "" {
		handOver(ts, command, address)
	}
	p := spawn(ts, name, command)
	count, _ := strconv.Atoi(options["n"])
	var addresses []string
	until(ts, func() error {
		addresses = listening(p.output())
		if p.hasEnded() {
			ts.Fatalf("%s has ended: %v", name, p.err)
		}
		if len(addresses) < max(1, count) {
			return fmt.Errorf("%s listens at %q", name, addresses)
		}
		return nil
	})
	for i, address := range addresses {
		if i == 0 {
			ts.Setenv(name, address)
		} else {
			ts.Setenv(name+"_"+strconv.Itoa(i+1), address)
		}
	}
}

// listening returns the addresses that a log tells.
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
		ts.Fatalf("%s is no TCP address", address)
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
		ts.Fatalf("there is no signal %s here", args[1])
	}
	ts.Check(named(ts, args[0]).command.Process.Signal(signals[args[1]]))
}

// exits waits for the end of a program: exits NAME STATUS.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: exits NAME STATUS")
	}
	p := named(ts, args[0])
	select {
	case <-p.ended:
	case <-time.After(patience):
		ts.Fatalf("%s goes on", args[0])
	}
	if status := strconv.Itoa(p.command.ProcessState.ExitCode()); status != args[1] {
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
// With ! before it there must be no such line at this moment.
func logged(ts *testscript.TestScript, neg bool, args []string) {
	options, args := cutOptions(args)
	if len(args) != 2 {
		ts.Fatalf("usage: [!] logs [-count=N] NAME PATTERN")
	}
	p := started(ts)[args[0]]
	if p == nil {
		p = &process{log: ts.MkAbs(args[0])}
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	count := func() (found int) {
		for line := range strings.Lines(p.output()) {
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

// freeAddress finds a port that nobody uses, on an address that nobody else
// does: freeaddr NAME.
func freeAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeaddr NAME")
	}
	// The whole of 127.0.0.0/8 is loopback; the process and the time part
	// test runs from each other.
	now := time.Now().UnixNano()
	address := fmt.Sprintf("127.%d.%d.%d:0", 1+os.Getpid()%250, now/1e6%250, 1+now/1e3%250)
	listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
	ts.Check(err)
	ts.Setenv(args[0], listener.Addr().String())
	ts.Check(listener.Close())
}
