//go:build linux

package main

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// printHead prints the machine and the versions of the exporters.
func printHead(out io.Writer, o *options) {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	fmt.Fprintf(out, "machine: %d CPUs, Linux %s, %s, %s\n", runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.GOARCH,
		time.Now().UTC().Format(time.DateOnly))
	for _, side := range [][2]string{{"ours", o.ours}, {"peer", o.peer}} {
		name, path := side[0], side[1]
		built := "not a Go program"
		if info, err := buildinfo.ReadFile(path); err == nil {
			built = info.GoVersion
		}
		size := int64(0)
		if info, err := os.Stat(path); err == nil {
			size = info.Size()
		}
		fmt.Fprintf(out, "%s:    %s (%s, %s)\n", name, path, built, megabytes(int(size)))
	}
	fmt.Fprintf(out, "%d rounds of each in turn; CPU is user and system time of a scrape, the median of the rounds\n\n", o.rounds)
}

// printTable prints both costs of each scenario and their ratio.
func printTable(out io.Writer, results []result) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "scenario\t\tCPU ms\tanonymous MB\tpeak RSS MB\tseries\tresponse KB\trequests\tnew connections\t")
	for _, r := range results {
		per := float64(r.scrapes)
		for i, c := range []cost{r.ours, r.peer} {
			name := []string{"ours", "peer"}[i]
			fmt.Fprintf(table, "%s\t%s\t%.3f\t%s\t%s\t%d\t%.1f\t%.2f\t%.2f\t\n", r.name, name, c.cpu.Seconds()*1000/per,
				number(c.anonymous), number(c.peak), c.series, float64(c.bytes)/1000, c.requests, c.connections)
		}
		fmt.Fprintf(table, "%s\tratio\t%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t\t\t\n", r.name, ratio(r.ours.cpu, r.peer.cpu),
			ratio(r.ours.anonymous, r.peer.anonymous), ratio(r.ours.peak, r.peer.peak), ratio(r.ours.series, r.peer.series),
			ratio(r.ours.bytes, r.peer.bytes))
	}
	_ = table.Flush() // errors of out are ignored here as by fmt.Fprintf
}

// printGrowth prints the exponent with which the CPU time of a scrape grows with
// the number of series, between consecutive scenarios with gzip and one scraper.
func printGrowth(out io.Writer, results []result) {
	var last *result
	for i := range results {
		r := &results[i]
		if r.size == "" || r.plain || r.atOnce > 1 {
			continue
		}
		if last != nil {
			exponent := func(small, large cost) float64 {
				growth := (large.cpu.Seconds() / float64(r.scrapes)) / (small.cpu.Seconds() / float64(last.scrapes))
				return math.Log(growth) / math.Log(float64(large.series)/float64(small.series))
			}
			fmt.Fprintf(out, "growth of CPU with series, %s to %s: ours %.2f, peer %.2f\n", last.size, r.size,
				exponent(last.ours, r.ours), exponent(last.peer, r.peer))
		}
		last = r
	}
}

func ratio[T ~int | ~int64](ours, peer T) float64 { return float64(ours) / float64(peer) }

func number(bytes int) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }

func megabytes(bytes int) string { return number(bytes) + " MB" }
