// Command nginx-exporter scrapes NGINX and serves what it says as metrics for
// Prometheus.
//
// This package owns the command line, the environment, the log and the signals.
// What it starts lives in internal/web, collector and client.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	setVersion()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command and returns the exit status of the program.
func run(args []string, stdout, stderr io.Writer) int {
	err := execute(args, stdout, stderr)
	var usage *usageError
	var status *statusError
	var reported reportedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &reported):
		return int(reported)
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(stderr, "%s: error: %v, try --help\n", programName, err)
	default:
		_, _ = fmt.Fprintf(stderr, "%s: error: %v\n", programName, err)
	}
	if errors.As(err, &status) {
		return status.status
	}
	return 1
}

// execute parses the command line and runs what it names.
func execute(args []string, stdout, stderr io.Writer) error {
	cli := newCLI(stdout, stderr, os.LookupEnv)
	cli.focus(args)
	command, err := cli.parse(args)
	if err != nil && len(args) > 0 && args[0] == doctorCommand {
		return &statusError{inconclusiveStatus, &usageError{err}}
	}
	if err != nil {
		return &usageError{err}
	}
	logs, err := newLogger(stderr, cli.logLevel, cli.logFormat)
	if err != nil {
		return err
	}
	if command == serveCommand {
		// A log reader that has gone must not take the exporter along. What
		// the other commands write ends with its reader, as everywhere.
		signal.Ignore(syscall.SIGPIPE)
	}
	logs.tellNotes(cli.notes)
	switch command {
	case checkConfigCommand:
		return checkConfig(&cli.config, stdout)
	case injectCommand:
		return cli.inject(args, stdout, stderr)
	case uninjectCommand:
		return cli.uninject(args, stdout, stderr)
	case snippetCommand:
		return cli.printSnippet(args, stdout)
	case hpaDoctor:
		return cli.doctorHPA(args, stdout, stderr)
	case statusDoctor:
		return cli.doctorStatus(args, stdout, stderr)
	}
	return serve(&cli.config, logs)
}

// usageError is a mistake on the command line or in the environment.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }
