//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// round is what one round of one side gave.
type round struct {
	cpu      spent
	n        int
	p50, p99 float64 // seconds
	asked    asked   // of the target
}

// result is what all rounds of one side gave.
type result struct {
	rounds []round
	page   pageFacts
	first  memory // after the first round
	last   memory // after the last
}

// compare starts the target and both exporters, runs all rounds and ends what
// it started, however it comes to its end.
func compare(ctx context.Context, o options, w workload, dir string, log io.Writer) (report, error) {
	t, err := w.start(ctx, dir)
	if err != nil {
		return report{}, err
	}
	defer t.stop()
	ours, err := startExporter(ctx, o, o.ours, t)
	if err != nil {
		return report{}, err
	}
	defer ours.stop()
	peer, err := startExporter(ctx, o, o.peer, t)
	if err != nil {
		return report{}, err
	}
	defer peer.stop()

	rep := report{opts: o, facts: facts(ctx, o, t)}
	sides := []sideRun{{ours, &rep.ours}, {peer, &rep.peer}}
	for _, s := range sides {
		if _, err := s.exporter.scraper.load(ctx, warmUp(o.n)); err != nil {
			return report{}, fmt.Errorf("%s: warm up: %w", s.exporter.side.name, s.whyFailed(ctx, err))
		}
	}
	for i := range o.rounds {
		for _, s := range sides {
			if err := s.next(ctx, o, t); err != nil {
				return report{}, fmt.Errorf("%s: round %d: %w", s.exporter.side.name, i+1, err)
			}
		}
		fmt.Fprintf(log, "round %d of %d: CPU a scrape %s ms ours, %s ms peer\n", i+1, o.rounds,
			number(rep.ours.rounds[i].cpuMillis()), number(rep.peer.rounds[i].cpuMillis()))
	}
	return rep, nil
}

// warmUp is a tenth of a round, within reason: pools and connections fill, and
// the heap finds its size.
func warmUp(n int) int { return min(max(n/10, min(n, 50)), 1000) }

// cpuMillis is the CPU time that a scrape took, in milliseconds.
func (r round) cpuMillis() float64 {
	return r.cpu.time.Seconds() * 1000 / float64(r.n)
}

// sideRun is an exporter and where its results go.
type sideRun struct {
	exporter *exporter
	result   *result
}

// next runs one round, and between the clocks nothing but the round.
func (s sideRun) next(ctx context.Context, o options, t target) error {
	proc := os.DirFS("/proc")
	askedBefore, err := t.asked(ctx)
	if err != nil {
		return err
	}
	r, err := s.timed(ctx, o, proc)
	if err != nil {
		return err
	}
	askedAfter, err := t.asked(ctx)
	if err != nil {
		return err
	}
	r.asked = askedAfter.since(askedBefore)
	s.result.rounds = append(s.result.rounds, r)

	if s.result.last, err = readMemory(proc, s.exporter.child.pid()); err != nil {
		return err
	}
	if len(s.result.rounds) == 1 {
		s.result.first = s.result.last
	}
	s.result.page, err = s.exporter.scraper.page(ctx)
	return err
}

// timed is the part of a round that is measured.
func (s sideRun) timed(ctx context.Context, o options, proc fs.FS) (round, error) {
	pid := s.exporter.child.pid()
	before, err := readUsage(proc, pid)
	if err != nil {
		return round{}, err
	}
	latencies, err := s.exporter.scraper.load(ctx, o.n)
	if err != nil {
		return round{}, s.whyFailed(ctx, err)
	}
	after, err := readUsage(proc, pid)
	if err != nil {
		return round{}, err
	}
	return round{
		cpu: after.since(before),
		n:   o.n,
		p50: percentile(latencies, 50),
		p99: percentile(latencies, 99),
	}, nil
}

// whyFailed prefers the last words of an exporter that has ended to the broken
// connection by which its end was noticed.
func (s sideRun) whyFailed(ctx context.Context, err error) error {
	if ctx.Err() == nil && s.exporter.child.endsWithin(endNotice) {
		return s.exporter.child.alive()
	}
	return err
}

// fact is a line of the report's head.
type fact struct {
	name, text string
}

// facts names what a measurement depends on besides the two programs.
func facts(ctx context.Context, o options, t target) []fact {
	kernel := "unknown"
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(release))
	}
	return []fact{
		{"machine", fmt.Sprintf("%d CPUs, Linux %s, %s", runtime.NumCPU(), kernel, runtime.GOARCH)},
		{"load", fmt.Sprintf("%s, made with %s, %s", t.facts(), runtime.Version(), time.Now().UTC().Format(time.DateOnly))},
		{"ours", describe(ctx, o.ours)},
		{"peer", describe(ctx, o.peer)},
	}
}
