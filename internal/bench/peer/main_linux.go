package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// main stops on the first signal by way of the context, so that every process
// it started is ended before it leaves.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "bench-peer: error:", err)
		os.Exit(1)
	}
}

// run is the whole program: the report goes to out, progress to log.
func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	opts, err := parseOptions(args, log)
	if err != nil {
		return err
	}
	load, err := findWorkload(opts)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, opts.timeout,
		fmt.Errorf("not done after %s; raise -timeout or lower -n and -rounds", opts.timeout))
	defer cancel()

	dir, err := os.MkdirTemp("", "bench-peer-")
	if err != nil {
		return fmt.Errorf("make a folder for the target: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	rep, err := compare(ctx, opts, load, dir, log)
	if err != nil {
		return explain(ctx, err)
	}
	return rep.write(out)
}

// explain puts the reason why the run was ended in the place of the errors
// that ending it gave rise to.
func explain(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("stopped: %w", context.Cause(ctx))
}
