//go:build linux

package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample is a report with figures of every size.
func sample() report {
	side := func(page pageFacts, peak uint64, fine bool, cpu ...time.Duration) result {
		r := result{page: page, first: memory{peak: peak, anon: peak / 3}, last: memory{peak: peak + 1<<20, anon: peak / 2}}
		for i, c := range cpu {
			r.rounds = append(r.rounds, round{
				cpu: spent{time: c, fine: fine}, n: 1000,
				p50: c.Seconds() / 900, p99: c.Seconds() / float64(200+i),
				asked: asked{requests: 1000, connections: 1},
			})
		}
		return r
	}
	return report{
		opts: options{n: 1000, rounds: 3, concurrency: 2, gzip: true, workload: "stub_status"},
		facts: []fact{
			{"machine", "2 CPUs, Linux 6.1.0, amd64"},
			{"load", "nginx/1.22.1, made with go1.26.0, 2026-01-01"},
			{"ours", "bin/nginx-exporter (nginx-exporter 1.0.0; built with go1.26.0)"},
			{"peer", "/usr/bin/other (other 0.1; built with go1.19.8)"},
		},
		ours: side(pageFacts{wire: 812, bytes: 2410, series: 24}, 10<<20, true,
			121*time.Millisecond, 130*time.Millisecond, 118*time.Millisecond),
		peer: side(pageFacts{wire: 2425, bytes: 10111, series: 57}, 20<<20, true,
			880*time.Millisecond, 905*time.Millisecond, 861*time.Millisecond),
	}
}

// golden holds a report against its file.
func golden(t *testing.T, name string, r report) {
	t.Helper()
	var got bytes.Buffer
	if err := r.write(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; run the test with -update if it should. Got:\n%s", path, got.Bytes())
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	golden(t, "report.golden", sample())
}

// TestReportInDoubt has too few ticks, no gzip, and a peer that was not
// measured to anything.
func TestReportInDoubt(t *testing.T) {
	t.Parallel()
	r := sample()
	r.opts.gzip = false
	for i := range r.peer.rounds {
		r.peer.rounds[i].cpu = spent{}
	}
	golden(t, "doubtful.golden", r)
}

// brokenWriter takes nothing.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestReportTellsThatItWasNotWritten(t *testing.T) {
	t.Parallel()
	if err := sample().write(brokenWriter{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
