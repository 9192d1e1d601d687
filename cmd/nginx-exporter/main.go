// Command nginx-exporter is a Prometheus exporter for NGINX and NGINX Plus.
//
// This package owns the command line, the environment, the log and the signals.
// The work is done by internal/web, collector and client.
package main

import (
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // only to silence net/http, see main
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"nginx-exporter/internal/redact"
)

func main() {
	// First of all: a supervisor may send a signal as soon as the process exists.
	signals := notifySignals()
	setVersion()
	// net/http writes to this logger what a server sends after its response.
	log.SetOutput(io.Discard)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, signals))
}

// run runs one command and returns the exit status of the program.
func run(args []string, stdout, stderr io.Writer, signals *signals) int {
	err := execute(args, stdout, stderr, signals)
	var usage *usageError
	var status *statusError
	var reported reportedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &reported):
		return int(reported)
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(stderr, "%s: error: %s, try --help\n", programName, redact.Text(err.Error()))
	default:
		_, _ = fmt.Fprintf(stderr, "%s: error: %s\n", programName, redact.Text(err.Error()))
	}
	if errors.As(err, &status) {
		return status.status
	}
	return 1
}

// execute parses the command line and runs its command.
func execute(args []string, stdout, stderr io.Writer, signals *signals) error {
	cli := newCLI(stdout, stderr, os.LookupEnv)
	cli.focus(args)
	command, err := cli.parse(args)
	if err != nil && len(args) > 0 && args[0] == doctorCommand {
		return &statusError{inconclusiveStatus, &usageError{err}}
	}
	if err != nil && len(args) > 0 && args[0] == autoscaleCommand {
		return &statusError{badInputStatus, &usageError{err}}
	}
	if err != nil {
		return &usageError{err}
	}
	if command == serveCommand {
		return cli.config.NameVariables(cli.serve(stderr, signals))
	}
	signals.reset()
	return cli.config.NameVariables(cli.command(command, args, stdout, stderr))
}

// command runs a command other than serve.
func (c *cli) command(command string, args []string, stdout, stderr io.Writer) error {
	if command == versionCommand {
		_, err := fmt.Fprintln(stdout, version.Print(programName))
		return err
	}
	logs, err := newLogger(stderr, c.logLevel, c.logFormat)
	if err != nil {
		return err
	}
	logs.warnDeprecations(c.deprecations)
	switch command {
	case checkConfigCommand:
		return checkConfig(&c.config, &c.check, stdout)
	case injectCommand:
		return c.inject(args, stdout, stderr)
	case uninjectCommand:
		return c.uninject(args, stdout, stderr)
	case snippetCommand:
		return c.printSnippet(args, stdout)
	case setupCommand:
		return c.runSetup(args, stdout)
	case hpaDoctor:
		return c.doctorHPA(args, stdout, stderr)
	case planAutoscale:
		return c.planAutoscale(args, stdout, stderr)
	case applyAutoscale:
		return c.applyAutoscale(args, stdout, stderr)
	case removeAutoscale:
		return c.removeAutoscale(args, stdout)
	case simulateAutoscale:
		return c.simulateAutoscale(args, stdout)
	case statusDoctor:
		return c.doctorStatus(args, stdout, stderr)
	}
	return fmt.Errorf("unknown command %q", command)
}

// serve runs the exporter with a log that never blocks it.
func (c *cli) serve(stderr io.Writer, signals *signals) error {
	// The exporter must survive its log reader. Other commands end with the reader
	// of their output, as usual.
	signal.Ignore(syscall.SIGPIPE)
	writer := newLogWriter(stderr)
	logs, err := newLogger(writer, c.logLevel, c.logFormat)
	if err != nil {
		return err
	}
	writer.start(func(dropped int64) {
		_ = level.Warn(logs.kit).Log("msg", "Log lines dropped because the log could not be written", "lines", dropped)
	})
	defer writer.Close()
	logs.warnDeprecations(c.deprecations)
	return serve(&c.config, logs, signals)
}

// usageError is an error on the command line or in the environment.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }
