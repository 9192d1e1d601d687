package accesslog

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
)

// generate returns lines with 84 combinations of server, method and code, half of
// them proxied, in a format.
func generate(tb testing.TB, format string, n int) []string {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible lines
	servers := []string{"www.example.com", "api.example.com", "static.example.com", "shop.example.com"}
	methods, codes := []string{"GET", "GET", "GET", "POST", "HEAD"}, []string{"200", "200", "200", "204", "301", "304", "404", "499", "502"}
	lines := make([]string, n)
	for i := range lines {
		server, method := servers[random.IntN(len(servers))], methods[random.IntN(len(methods))]
		code, took := codes[random.IntN(len(codes))], random.ExpFloat64()/20
		upstream := []string{"-", "-", "-", "-"}
		if random.IntN(2) == 0 {
			upstream = []string{"app", code, fmt.Sprintf("%.3f", took*.9), fmt.Sprintf("%.3f", took)}
		}
		path := fmt.Sprintf("/products/%d/reviews", random.IntN(100_000))
		if format == accesslog.Own {
			lines[i] = fmt.Sprintf("v1\t%s\t%s\t%s\t%.3f\t%d\t%d\t%s\t-\t%s",
				server, method, code, took, 200+random.IntN(800), random.IntN(50_000), strings.Join(upstream, "\t"), path)
			continue
		}
		lines[i] = fmt.Sprintf(`203.0.113.%d - - [28/Nov/2026:12:29:38 +0000] "%s %s HTTP/1.1" %s %d "https://%s/" "Mozilla/5.0 (X11; Linux x86_64) `+
			`AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36" %d %.3f %s`,
			random.IntN(255), method, path, code, random.IntN(50_000), server, 200+random.IntN(800), took, upstream[3])
	}
	return lines
}

// BenchmarkCount parses and counts lines of 84 label sets.
func BenchmarkCount(b *testing.B) {
	for _, format := range []string{accesslog.Own, "combined_times"} {
		b.Run(format, func(b *testing.B) {
			const batch = 10_000
			var lines [][]byte
			for _, line := range generate(b, format, batch) {
				lines = append(lines, []byte(line))
			}
			s := newSource(b, accesslog.Options{Format: format}, Options{})
			s.deliver(lines)
			b.ReportAllocs()
			began, n := cpu(b), 0
			for b.Loop() {
				s.deliver(lines)
				n += len(lines)
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(n), "cpu-ns/line")
			if s.counts.failed > 0 {
				b.Fatal("lines without the format")
			}
		})
	}
}

// BenchmarkSpool reads, parses and counts lines of a spool file, and gives its space
// back.
func BenchmarkSpool(b *testing.B) {
	for _, format := range []string{accesslog.Own, "combined_times"} {
		b.Run(format, func(b *testing.B) {
			const batch = 100_000
			path := filepath.Join(b.TempDir(), "access.log")
			text := []byte(strings.Join(generate(b, format, batch), "\n") + "\n")
			spool, err := input.NewSpool(path)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = spool.Close() }()
			s := newSource(b, accesslog.Options{Format: format}, Options{})
			read(b, spool, s) // creates the file
			used, n := time.Duration(0), 0
			for b.Loop() {
				appendTo(b, path, text)
				began := cpu(b)
				read(b, spool, s)
				used, n = used+cpu(b)-began, n+batch
			}
			if s.counts.parsed != uint64(n) || s.counts.failed > 0 {
				b.Fatalf("%d of %d lines were counted", s.counts.parsed, n)
			}
			b.ReportMetric(float64(n)/used.Seconds(), "lines/cpu-s")
			b.ReportMetric(0, "ns/op") // it would include writing the file
		})
	}
}

func read(b *testing.B, from input.Input, s *Source) {
	b.Helper()
	if err := from.Read(b.Context(), s.Count); err != nil {
		b.Fatal(err)
	}
}

func appendTo(b *testing.B, path string, text []byte) {
	b.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := file.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkScrape exposes 10,000 label sets, with 7,500 histograms.
func BenchmarkScrape(b *testing.B) {
	s := newSource(b, accesslog.Options{Format: accesslog.Own}, Options{MaxSeries: 100_000})
	s.deliver(servers(2_500, 30))
	began, n := cpu(b), 0
	for b.Loop() {
		var w strings.Builder
		if err := expose(b, s).WriteText(&w); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(n)/float64(time.Millisecond), "cpu-ms/scrape")
}

// servers returns lines of as many servers.
func servers(n, each int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible lines
	var lines [][]byte
	for range each {
		for i := range n {
			took := random.ExpFloat64() / 20
			lines = append(lines, fmt.Appendf(nil, "v1\tserver%d.example.com\tGET\t200\t%.3f\t200\t1000\tapp%d\t200\t%.3f\t%.3f\t-\t/",
				i, took, i, took*.9, took))
		}
	}
	return lines
}

// BenchmarkMemory has the memory of a further label set. Of four, one has the
// histogram of requests, and one those of headers and responses of an upstream.
func BenchmarkMemory(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const few, many, each = 100, 4100, 100
	for b.Loop() {
		s := newSource(b, accesslog.Options{Format: accesslog.Own}, Options{MaxSeries: 100_000})
		s.deliver(servers(few, each))
		before, sets := heap(), s.counts.sets
		s.deliver(servers(many, each))
		b.ReportMetric(float64(heap()-before)/float64(s.counts.sets-sets), "B/set")
		runtime.KeepAlive(s)
	}
}

// BenchmarkFlood counts lines of 10,000 servers, of which 1,000 label sets are
// kept.
func BenchmarkFlood(b *testing.B) {
	s := newSource(b, accesslog.Options{Format: accesslog.Own}, Options{})
	lines := servers(10_000, 1)
	s.deliver(lines)
	b.ReportAllocs()
	began, n := cpu(b), 0
	for b.Loop() {
		s.deliver(lines)
		n += len(lines)
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(n), "cpu-ns/line")
}
