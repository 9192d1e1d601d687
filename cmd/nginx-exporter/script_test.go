package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"nginx-exporter/internal/proctest"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/angietest"
	"nginx-exporter/internal/standin/plustest"
	"nginx-exporter/internal/standin/vtstest"
)

// TestScript runs the scripts of testdata/script: the program as its users
// start it. README.md there lists their commands.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"angie":      startStandin(angietest.Dialect{}, angietest.Dialect{}.Documents(standin.Size{})),
			"certs":      makeCertificates,
			"configmaps": configMaps,
			"eachsource": eachSource,
			"end":        end,
			"exits":      exits,
			"exporter":   startExporter,
			"fill":       fill,
			"freeaddr":   freeAddress,
			"get":        get,
			"hang":       hang,
			"hangsup":    hangsUp,
			"logs":       logged,
			"nginx":      startNginx,
			"plus":       startStandin(plustest.Dialect{}, plustest.Sample()),
			"refused":    refused,
			"rejected":   rejected,
			"reloads":    reloads,
			"signal":     sendSignal,
			"stub":       stub,
			"vts":        startStandin(vtstest.Dialect{}, map[string][]byte{standin.Root: vtstest.Recorded("full")}),
			"warned":     warned,
		},
	})
}

// setUp lets every exporter listen on a free port of its own unless the script
// sets another address.
func setUp(env *testscript.Env) error {
	env.Setenv("NGINX_EXPORTER_WEB_LISTEN_ADDRESS", "127.0.0.1:0")
	// The race detector would wait a second at the end of each run.
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	env.Setenv("PATH", env.Getenv("PATH")+":/usr/sbin")
	env.Values[processes{}] = map[string]*proctest.Process{}
	return nil
}

// refused runs the program, which must not start: refused PATTERN ARGS...
//
// It has to end with status 1 and one plain line of error that matches.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: refused PATTERN [ARGS...]")
	}
	oneLine(ts, 1, args[0], args[1:])
}

// rejected runs autoscale, which must not accept its input: rejected PATTERN ARGS...
//
// It has to end with status 2 and one plain line of error that matches.
func rejected(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: rejected PATTERN [ARGS...]")
	}
	oneLine(ts, badInputStatus, args[0], append([]string{autoscaleCommand}, args[1:]...))
}

// oneLine runs the program, which must end with a status and one line of error.
func oneLine(ts *testscript.TestScript, want int, pattern string, args []string) {
	status, stdout, stderr := runProgram(ts, args)
	line, rest, _ := strings.Cut(stderr, "\n")
	switch {
	case status != want:
		ts.Fatalf("exit status %d, not %d", status, want)
	case stdout != "":
		ts.Fatalf("something on standard output")
	case rest != "":
		ts.Fatalf("more than one line of error")
	case !strings.HasPrefix(line, programName+": error: "):
		ts.Fatalf("the line does not begin with %q", programName+": error: ")
	}
	match(ts, pattern, line)
}

// warned runs check-config, which must succeed: warned PATTERN ARGS...
//
// One line of the log must be of level warn and match.
func warned(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: [!] warned PATTERN [ARGS...]")
	}
	status, _, stderr := runProgram(ts, append([]string{"check-config"}, args[1:]...))
	if status != 0 {
		ts.Fatalf("exit status %d, not 0", status)
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for line := range strings.Lines(stderr) {
		if strings.Contains(line, " level=warn ") && pattern.MatchString(line) {
			if neg {
				ts.Fatalf("unexpected warning")
			}
			return
		}
	}
	if !neg {
		ts.Fatalf("no line of level warn matches %s", args[0])
	}
}

func match(ts *testscript.TestScript, pattern, text string) {
	compiled, err := regexp.Compile(pattern)
	ts.Check(err)
	if !compiled.MatchString(text) {
		ts.Fatalf("%q does not match %s", text, pattern)
	}
}

// fill puts the values of variables into a file: @NAME@ becomes $NAME.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fill FILE...")
	}
	for _, file := range args {
		text := regexp.MustCompile(`@[A-Za-z_]+@`).ReplaceAllStringFunc(ts.ReadFile(file), func(name string) string {
			return ts.Getenv(strings.Trim(name, "@"))
		})
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

// until repeats try until it succeeds.
func until(ts *testscript.TestScript, try func() error) {
	var err error
	defer func() {
		if err != nil {
			ts.Logf("last: %v", err)
		}
	}()
	proctest.Until(scriptTB{ts}, "success", func() bool {
		err = try()
		return err == nil
	})
}
