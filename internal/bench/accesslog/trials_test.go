//go:build linux

package accesslog_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
	"nginx-exporter/internal/proctest"
)

func fetch(b *testing.B, url string) ([]byte, error) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	return io.ReadAll(response.Body)
}

// cpu returns the CPU time that a process has used so far.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	const user, system, tick = 11, 12, 10 * time.Millisecond // fields 14 and 15 of proc(5)
	total := time.Duration(0)
	for _, i := range []int{user, system} {
		ticks, err := strconv.Atoi(fields[i])
		if err != nil {
			b.Fatal(err)
		}
		total += time.Duration(ticks) * tick
	}
	return total
}

// installed runs a trial for each rival that is installed.
func installed(b *testing.B, rivals []rival, trial func(b *testing.B, r rival)) {
	b.Helper()
	for _, r := range rivals {
		if r.binary == "" {
			b.Logf("%s is not installed; set ALE and NGINXLOG to the binaries of other exporters", r.name)
			continue
		}
		b.Run(r.name, func(b *testing.B) {
			for b.Loop() {
				trial(b, r)
			}
		})
	}
}

// BenchmarkFile appends lines to a file in pieces of 64 KiB, as nginx does.
func BenchmarkFile(b *testing.B) {
	installed(b, []rival{ours("spool"), ours("combined"), nginxlog("file")}, func(b *testing.B, r rival) {
		b.Helper()
		const oursLines, rivalLines = 5_000_000, 500_000
		lines := oursLines
		if !strings.HasPrefix(r.name, "ours") {
			lines = rivalLines
		}
		path := filepath.Join(b.TempDir(), "access.log")
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = file.Close() }() // all was written
		e := r.run(b, path)
		e.Await(b, "the file to be opened", func() bool { return opened(e.PID(), path) })
		before := cpu(b, e.PID())
		const piece = 64 << 10
		to := bufio.NewWriterSize(file, piece)
		for i := range lines {
			_, _ = to.WriteString(r.line(i) + "\n") // Flush returns the error
		}
		if err := to.Flush(); err != nil {
			b.Fatal(err)
		}
		n := e.awaitLines(b, lines)
		e.report(b, cpu(b, e.PID())-before, n, lines-n)
	})
}

// opened reports whether a process has a file open.
func opened(pid int, path string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == path {
			return true
		}
	}
	return false
}

// BenchmarkUDP sends messages at several rates for three seconds.
func BenchmarkUDP(b *testing.B) {
	for _, rate := range []int{1000, 20_000, 100_000, 200_000} {
		b.Run(strconv.Itoa(rate), func(b *testing.B) {
			installed(b, []rival{ours("udp"), ale(), nginxlog("udp")}, func(b *testing.B, r rival) {
				b.Helper()
				address := nginxtest.FreeAddress(b, "127.0.0.1")
				e := r.run(b, address)
				conn, err := net.Dial("udp", address) //nolint:noctx // it does not wait
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = conn.Close() }() // all was sent
				const seconds = 3
				before := cpu(b, e.PID())
				lines := send(b, conn, r, rate, seconds*time.Second)
				n := e.awaitLines(b, lines)
				e.report(b, cpu(b, e.PID())-before, n, lines-n)
				b.ReportMetric(float64(lines)/seconds, "sent/s")
				if strings.HasPrefix(r.name, "ours") {
					if dropped := e.sum(b, "nginx_exporter_log_dropped_total"); n+dropped != lines {
						b.Errorf("%d lines were sent, %d counted and %d dropped", lines, n, dropped)
					}
				}
			})
		})
	}
}

// send sends messages at a rate and returns how many were sent.
func send(b *testing.B, conn net.Conn, r rival, rate int, duration time.Duration) int {
	b.Helper()
	const variants = 84 * 5
	var messages [variants][]byte
	for i := range messages {
		messages[i] = []byte("<190>Nov 28 12:29:38 nginx: " + r.line(i))
	}
	sent, began := 0, time.Now()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for now := began; now.Sub(began) < duration; now = <-ticker.C {
		for due := int(now.Sub(began).Seconds() * float64(rate)); sent < due; sent++ {
			if _, err := conn.Write(messages[sent%variants]); err != nil {
				b.Fatal(err)
			}
		}
	}
	return sent
}

// BenchmarkNginx loads a real nginx with wrk, for ten seconds each, and measures the
// CPU time of its worker for a request, and that of the exporter for a line.
func BenchmarkNginx(b *testing.B) {
	off := rival{name: "off", binary: "none"}
	installed(b, []rival{off, ours("spool"), ours("udp"), ale(), nginxlog("file"), nginxlog("udp")}, func(b *testing.B, r rival) {
		b.Helper()
		n := nginxtest.New(b)
		address, udp := nginxtest.FreeAddress(b, "127.0.0.1"), nginxtest.FreeAddress(b, "127.0.0.1")
		path := filepath.Join(n.Dir, "access.log")
		directive, log := "access_log off;", ""
		switch {
		case strings.HasSuffix(r.name, "udp"):
			directive, log = "access_log syslog:server="+udp+",nohostname,tag=nginx bench;", udp
		case r.format != "":
			directive, log = "access_log "+path+" bench buffer=64k flush=1s;", path
		}
		var e *exporter
		if r.format != "" {
			e = r.run(b, log)
		}
		n.Configure(b, "log_format bench '"+r.format+"';\nserver { listen "+address+"; server_name bench; "+directive+
			" keepalive_requests 1000000; location / { return 200 ok; } }\n")
		n.Start(b)
		worker := worker(b, n)
		before, exporterBefore := cpu(b, worker), time.Duration(0)
		if e != nil {
			exporterBefore = cpu(b, e.PID())
		}
		requests := wrk(b, "http://"+address+"/")
		b.ReportMetric(float64((cpu(b, worker)-before).Microseconds())/float64(requests), "µs/request")
		if e != nil {
			lines := e.awaitLines(b, requests)
			e.report(b, cpu(b, e.PID())-exporterBefore, lines, max(0, requests-lines))
		}
		b.ReportMetric(float64(requests)/wrkSeconds, "requests/s")
	})
}

func worker(b *testing.B, n *nginxtest.Nginx) int {
	b.Helper()
	pid, err := strconv.Atoi(n.AwaitLog(b, `start worker process (\d+)`)[1])
	if err != nil {
		b.Fatal(err)
	}
	return pid
}

const wrkSeconds = 10

// wrk returns the number of responses.
func wrk(b *testing.B, url string) int {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), proctest.Patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, "wrk", "-t1", "-c16", fmt.Sprintf("-d%ds", wrkSeconds), url).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, output)
	}

	for line := range strings.Lines(string(output)) {
		if count, _, found := strings.Cut(strings.TrimSpace(line), " requests in "); found {
			n, err := strconv.Atoi(count)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("wrk printed %s", output)
	return 0
}
