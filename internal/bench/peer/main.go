//go:build linux

// Command peer compares two exporters: CPU time, memory and requests to nginx per
// scrape. It starts a real nginx with stub_status, and the API of NGINX Plus in
// several sizes.
//
//	go run ./internal/bench/peer -ours bin/nginx-exporter -peer /path/to/exporter
//
// It measures the exporters only from outside, through HTTP and the kernel.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench-peer:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	ours, peer           string
	oursFlags, peerFlags string
	scenarios            *regexp.Regexp
	rounds               int
	scale                float64
}

func parseOptions(args []string, usage io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("bench-peer", flag.ContinueOnError)
	fs.SetOutput(usage)
	fs.StringVar(&o.ours, "ours", "bin/nginx-exporter", "the `binary` of this exporter")
	fs.StringVar(&o.peer, "peer", "prometheus-nginx-exporter", "the `binary` of the other exporter")
	fs.StringVar(&o.oursFlags, "ours-flags", "", "further `flags` of this exporter, separated by blanks")
	fs.StringVar(&o.peerFlags, "peer-flags", "", "further `flags` of the other exporter, separated by blanks")
	pattern := fs.String("run", "", "run only scenarios whose names match this `regexp`, such as 'stub_status|Plus [SM]'")
	fs.IntVar(&o.rounds, "rounds", 3, "rounds of each exporter in turn; the table has the median")
	fs.Float64Var(&o.scale, "scale", 1, "multiply the number of scrapes in a round")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 || o.rounds < 1 || o.scale <= 0 {
		return nil, errors.New("usage: peer [flags]; -rounds and -scale must be positive")
	}
	for _, binary := range []*string{&o.ours, &o.peer} {
		path, err := exec.LookPath(*binary)
		if err != nil {
			return nil, err
		}
		*binary = path
	}
	var err error
	o.scenarios, err = regexp.Compile(*pattern)
	return o, err
}

// scenario is one kind of load.
type scenario struct {
	name    string
	size    string // of NGINX Plus; stub_status if empty
	plain   bool   // without compression
	scrapes int    // in a round
	atOnce  int    // concurrent scrapes
}

func scenarios() []scenario {
	return []scenario{
		{name: "stub_status, gzip", scrapes: 10_000, atOnce: 1},
		{name: "Plus S, gzip", size: "S", scrapes: 1000, atOnce: 1},
		{name: "Plus M, gzip", size: "M", scrapes: 50, atOnce: 1},
		{name: "Plus L, gzip", size: "L", scrapes: 4, atOnce: 1},
		{name: "Plus L, plain", size: "L", plain: true, scrapes: 4, atOnce: 1},
		{name: "Plus XL, gzip", size: "XL", scrapes: 1, atOnce: 1},
		{name: "Plus L, gzip, 4 scrapers", size: "L", scrapes: 4, atOnce: 4},
	}
}

// run writes the table to out, and progress to log.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parseOptions(args, log)
	if err != nil {
		return err
	}
	printHead(out, o)
	var results []result
	for _, s := range scenarios() {
		if !o.scenarios.MatchString(s.name) {
			continue
		}
		s.scrapes = max(1, int(float64(s.scrapes)*o.scale))
		fmt.Fprintf(log, "%s: %d scrapes per round, %d concurrent\n", s.name, s.scrapes, s.atOnce)
		r := &trial{ctx: ctx, log: log}
		err := r.do(func() { results = append(results, r.compare(o, s)) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	printTable(out, results)
	printGrowth(out, results)
	return nil
}

// trial is the [proctest.TB] of one scenario. A failure ends the scenario and the
// processes that it started.
type trial struct {
	ctx      context.Context
	log      io.Writer
	failed   bool
	cleanups []func()
}

// failure is what Fatalf ends a trial with.
type failure string

// do runs f and then the cleanups, the last first.
func (t *trial) do(f func()) (err error) {
	defer func() {
		if text, failed := recover().(failure); failed {
			err = errors.New(string(text))
		}
		for i := len(t.cleanups) - 1; i >= 0; i-- {
			t.cleanups[i]()
		}
	}()
	f()
	return nil
}

// Helper implements [proctest.TB].
func (*trial) Helper() {}

// Cleanup implements [proctest.TB].
func (t *trial) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Failed implements [proctest.TB].
func (t *trial) Failed() bool { return t.failed }

// Fatalf implements [proctest.TB].
func (t *trial) Fatalf(format string, args ...any) {
	t.failed = true
	panic(failure(fmt.Sprintf(format, args...)))
}

// Logf implements [proctest.TB].
func (t *trial) Logf(format string, args ...any) {
	fmt.Fprintln(t.log, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// TempDir implements [proctest.TB].
func (t *trial) TempDir() string {
	directory, err := os.MkdirTemp("", "bench-peer-")
	t.check(err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) }) // a leftover in the temporary directory is harmless
	return directory
}

func (t *trial) check(err error) {
	if err != nil {
		t.Fatalf("%v", err)
	}
}
