//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// maxScrapes bounds a round: each scrape's latency is kept until its end.
const maxScrapes = 1_000_000

// options is what the command line asked for.
type options struct {
	ours, peer  side
	n           int
	rounds      int
	concurrency int
	gzip        bool
	timeout     time.Duration
	workload    string
	nginx       string
}

// side is one of the two exporters.
type side struct {
	name  string
	path  string
	flags []string
}

// parseOptions reads the command line and finds both binaries, so that nothing
// is started for a run that cannot end well.
func parseOptions(args []string, usage io.Writer) (options, error) {
	o := options{ours: side{name: "ours"}, peer: side{name: "peer"}}
	var oursFlags, peerFlags string
	fs := flag.NewFlagSet("bench-peer", flag.ContinueOnError)
	fs.SetOutput(usage)
	fs.StringVar(&o.ours.path, "ours", "bin/nginx-exporter", "our exporter's `binary`")
	fs.StringVar(&o.peer.path, "peer", "prometheus-nginx-exporter", "the other exporter's `binary`")
	fs.StringVar(&oursFlags, "ours-flags", "", "more `flags` for our exporter, separated by blanks")
	fs.StringVar(&peerFlags, "peer-flags", "", "more `flags` for the other exporter, separated by blanks")
	fs.IntVar(&o.n, "n", 0, "scrapes a round (default: as many as suit the workload)")
	fs.IntVar(&o.rounds, "rounds", 5, "rounds for each exporter")
	fs.IntVar(&o.concurrency, "concurrency", 1, "scrapes at once")
	fs.BoolVar(&o.gzip, "gzip", true, "ask for gzip, as Prometheus does")
	fs.DurationVar(&o.timeout, "timeout", 15*time.Minute, "longest time for the whole run")
	fs.StringVar(&o.workload, "workload", stubStatusName, "what the exporters are pointed at: stub_status, plus-s, plus-m, plus-l or plus-xl")
	fs.StringVar(&o.nginx, "nginx", "", "nginx `binary` (default: the installed one)")
	if err := fs.Parse(args); err != nil {
		return options{}, fmt.Errorf("command line: %w", err)
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.n == 0 {
		if load, err := findWorkload(o); err == nil { // else it is told later
			o.n = load.scrapes()
		}
	}
	o.ours.flags, o.peer.flags = strings.Fields(oursFlags), strings.Fields(peerFlags)
	return o, o.check()
}

// check refuses numbers that give no run, and resolves both binaries.
func (o *options) check() error {
	switch {
	case o.n < 1 || o.n > maxScrapes:
		return fmt.Errorf("-n must be between 1 and %d", maxScrapes)
	case o.rounds < 1 || o.rounds > 1000:
		return errors.New("-rounds must be between 1 and 1000")
	case o.concurrency < 1 || o.concurrency > 1000:
		return errors.New("-concurrency must be between 1 and 1000")
	case o.timeout <= 0:
		return errors.New("-timeout must be above zero")
	}
	for _, s := range []*side{&o.ours, &o.peer} {
		path, err := exec.LookPath(s.path)
		if err != nil {
			return fmt.Errorf("-%s: %w", s.name, err)
		}
		s.path = path
	}
	return nil
}
