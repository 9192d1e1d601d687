//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
)

// fewTicks is how many clock ticks a round has to last for a tick more or less
// not to matter.
const fewTicks = 100

// report is everything that gets printed.
type report struct {
	opts       options
	facts      []fact
	ours, peer result
}

// row is a line of the table.
type row struct {
	label      string
	ours, peer spread
	single     bool // one figure for the whole run, no spread over rounds
}

// write prints the report in one go.
func (r report) write(out io.Writer) error {
	var b bytes.Buffer
	r.writeHead(&b)
	r.writeTable(&b)
	r.writeWords(&b)
	if _, err := out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// writeHead prints what was run, and on what.
func (r report) writeHead(b *bytes.Buffer) {
	for _, f := range r.facts {
		fmt.Fprintf(b, "%-8s %s\n", f.name, f.text)
	}
	encoding := "no compression"
	if r.opts.gzip {
		encoding = "gzip asked for"
	}
	fmt.Fprintf(b, "%-8s %s, %d round(s) of %d scrapes for each side in turn, %d at once, %s\n\n",
		"run", r.opts.workload, r.opts.rounds, r.opts.n, r.opts.concurrency, encoding)
}

// writeTable prints the figures side by side.
func (r report) writeTable(b *bytes.Buffer) {
	const head, line = "%-34s %9s %9s %9s   %9s %9s %9s   %9s\n", "%-34s %s   %s   %9s\n"
	fmt.Fprintf(b, "%-34s %9s %19s   %9s\n", "", "ours", "", "peer")
	fmt.Fprintf(b, head, "", "min", "median", "max", "min", "median", "max", "ours/peer")
	for _, row := range r.rows() {
		fmt.Fprintf(b, line, row.label, cells(row.ours, row.single), cells(row.peer, row.single),
			number(ratio(row.ours.median, row.peer.median)))
	}
	b.WriteByte('\n')
}

// cells prints three columns, or the middle one alone.
func cells(s spread, single bool) string {
	if single {
		return fmt.Sprintf("%9s %9s %9s", "", number(s.median), "")
	}
	return fmt.Sprintf("%9s %9s %9s", number(s.min), number(s.median), number(s.max))
}

// rows puts the figures of both sides into the units of the table.
func (r report) rows() []row {
	const mib = 1 << 20
	over := func(label string, get func(round) float64) row {
		return row{label: label, ours: spreadOf(r.ours.each(get)), peer: spreadOf(r.peer.each(get))}
	}
	once := func(label string, get func(result) float64) row {
		return row{
			label: label, single: true,
			ours: spread{median: get(r.ours)}, peer: spread{median: get(r.peer)},
		}
	}
	perScrape := func(get func(asked) uint64) func(result) float64 {
		return func(s result) float64 {
			return sum(s.each(func(r round) float64 { return float64(get(r.asked)) })) /
				sum(s.each(func(r round) float64 { return float64(r.n) }))
		}
	}
	return []row{
		over("CPU a scrape, ms", round.cpuMillis),
		over("latency p50, ms", func(r round) float64 { return r.p50 * 1000 }),
		over("latency p99, ms", func(r round) float64 { return r.p99 * 1000 }),
		once(fmt.Sprintf("peak RSS after %d scrapes, MiB", r.opts.n), func(s result) float64 { return float64(s.first.peak) / mib }),
		once("peak RSS at the end, MiB", func(s result) float64 { return float64(s.last.peak) / mib }),
		once("anonymous RSS at the end, MiB", func(s result) float64 { return float64(s.last.anon) / mib }),
		once("page as sent, bytes", func(s result) float64 { return float64(s.page.wire) }),
		once("page unpacked, bytes", func(s result) float64 { return float64(s.page.bytes) }),
		once("series on the page", func(s result) float64 { return float64(s.page.series) }),
		once("requests to nginx a scrape", perScrape(func(a asked) uint64 { return a.requests })),
		once("connections to nginx a scrape", perScrape(func(a asked) uint64 { return a.connections })),
	}
}

// each takes one figure from every round.
func (s result) each(get func(round) float64) []float64 {
	values := make([]float64, len(s.rounds))
	for i, r := range s.rounds {
		values[i] = get(r)
	}
	return values
}

// sum adds up.
func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// writeWords says what the table comes to, and what to doubt.
func (r report) writeWords(b *bytes.Buffer) {
	cpu := spreadOf(ratios(r.ours.each(round.cpuMillis), r.peer.each(round.cpuMillis)))
	medians := func(get func(round) float64) float64 {
		return ratio(spreadOf(r.ours.each(get)).median, spreadOf(r.peer.each(get)).median)
	}
	p50 := medians(func(r round) float64 { return r.p50 })
	p99 := medians(func(r round) float64 { return r.p99 })
	peak := ratio(float64(r.ours.first.peak), float64(r.peer.first.peak))
	fmt.Fprintf(b, "CPU:      for a scrape ours takes %s; round against round %s to %s.\n",
		words(cpu.median), number(cpu.min), number(cpu.max))
	fmt.Fprintf(b, "Latency:  for the middle scrape ours takes %s; for the slowest of a hundred %s.\n",
		words(p50), words(p99))
	fmt.Fprintf(b, "Memory:   at its peak after %d scrapes ours takes %s.\n", r.opts.n, words(peak))
	if r.coarse() {
		fmt.Fprintf(b, "Doubtful: CPU time was counted in ticks of %s and a round has fewer than %d of them; raise -n.\n",
			tick, fewTicks)
	}
}

// coarse tells whether a round was too short for the clock that it had.
func (r report) coarse() bool {
	for _, s := range []result{r.ours, r.peer} {
		for _, rd := range s.rounds {
			if !rd.cpu.fine && rd.cpu.time < fewTicks*tick {
				return true
			}
		}
	}
	return false
}

// words puts a ratio into words.
func words(x float64) string {
	switch {
	case math.IsNaN(x), x <= 0:
		return "what cannot be compared"
	case x < 1:
		return fmt.Sprintf("%s of what the peer takes, %.1f times less", number(x), 1/x)
	case x == 1:
		return "what the peer takes"
	default:
		return number(x) + " times what the peer takes"
	}
}

// number prints three or four digits that matter and never an exponent.
func number(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "-"
	}
	digits := 0
	switch abs := math.Abs(x); {
	case abs == math.Trunc(abs):
	case abs < 1:
		digits = 4
	case abs < 10:
		digits = 3
	case abs < 100:
		digits = 2
	case abs < 1000:
		digits = 1
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}
