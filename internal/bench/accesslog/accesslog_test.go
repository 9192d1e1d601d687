//go:build linux

// Package accesslog_test compares how exporters count access logs: lines per CPU
// second, lost lines, and the CPU time of nginx. "make bench-log" runs it; the
// binaries of other exporters are given by the variables ALE (access-log-exporter,
// with ALE_CONFIG, its configuration file with presets) and NGINXLOG
// (prometheus-nginxlog-exporter).
//
// It measures the exporters from outside, through HTTP and the kernel.
package accesslog_test

import (
	"bytes"
	"fmt"
	"net"
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

// rival is an exporter, and how it reads access logs.
type rival struct {
	name    string
	binary  string
	counter string // of lines, whose series are added
	format  string // log_format
	line    func(i int) string
	// start returns the arguments, for a log at a path or UDP address.
	start func(b *testing.B, web, log string) []string
}

// The lines have 84 combinations of server, method and status: what nginx has to
// send for each label of the rivals.
const servers, statuses = 7, 6

func labels(i int) (server, method, status string) {
	return fmt.Sprintf("server-%d.example.com", i%servers), []string{"GET", "POST"}[i%2], []string{"200", "204", "301", "404", "500", "503"}[i%statuses]
}

func ownLine(i int) string {
	server, method, status := labels(i)
	return fmt.Sprintf("v1\t%s\t%s\t%s\t0.%03d\t512\t%d\tapp\t%s\t0.%03d\t0.%03d\t-\t/some/path/%d",
		server, method, status, i%997, 1000+i%5000, status, i%900, i%990, i%100)
}

func combinedLine(i int) string {
	_, method, status := labels(i)
	return fmt.Sprintf(`127.0.0.1 - - [28/Nov/2026:12:29:38 +0000] "%s /some/path/%d HTTP/1.1" %s %d "-" "Mozilla/5.0 (X11; Linux x86_64)" 512 0.%03d 0.%03d`,
		method, i%100, status, 1000+i%5000, i%997, i%990)
}

const (
	ownFormat = `v1\t$server_name\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent\t$proxy_host` +
		`\t$upstream_status\t$upstream_header_time\t$upstream_response_time\t$upstream_cache_status\t$uri`
	combinedTimes = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"` +
		` $request_length $request_time $upstream_response_time`
)

func ours(kind string) rival {
	r := rival{
		name: "ours-" + kind, binary: program("OURS", "../../../bin/nginx-exporter"), counter: "nginx_exporter_log_lines_total",
		format: ownFormat, line: ownLine,
	}
	r.start = func(_ *testing.B, web, log string) []string {
		prefix := map[string]string{"spool": "spool:", "combined": "spool:", "udp": "udp://"}[kind]
		arguments := []string{"--web.listen-address=" + web, "--nginx.scrape-uri=http://127.0.0.1:1/", "--nginx.access-log=" + prefix + log}
		if kind == "combined" {
			arguments = append(arguments, "--nginx.access-log-format=combined_times")
		}
		return arguments
	}
	if kind == "combined" {
		r.format, r.line = combinedTimes, combinedLine
	}
	return r
}

// ale is jkroepke/access-log-exporter with its preset simple.
func ale() rival {
	return rival{
		name: "access-log-exporter-udp", binary: program("ALE", ""), counter: "http_requests_total",
		format: `$server_name\t$request_method\t$status\t$request_completion\t$request_time\t$request_length\t$bytes_sent`,
		line: func(i int) string {
			server, method, status := labels(i)
			return fmt.Sprintf("%s\t%s\t%s\tOK\t0.%03d\t512\t%d", server, method, status, i%997, 1000+i%5000)
		},
		start: func(_ *testing.B, web, log string) []string {
			return []string{"--config=" + os.Getenv("ALE_CONFIG"), "--syslog.listen-address=udp://" + log, "--web.listen-address=" + web, "--preset=simple"}
		},
	}
}

// nginxlog is martin-helmich/prometheus-nginxlog-exporter.
func nginxlog(kind string) rival {
	r := rival{
		name: "nginxlog-exporter-" + kind, binary: program("NGINXLOG", ""), counter: "nginx_http_response_count_total",
		format: combinedTimes, line: combinedLine,
	}
	r.start = func(b *testing.B, web, log string) []string {
		b.Helper()
		host, port, _ := net.SplitHostPort(web)
		source := fmt.Sprintf("files = [%q]", log)
		if kind == "udp" {
			source = fmt.Sprintf("syslog {\n listen_address = \"udp://%s\"\n format = \"rfc3164\"\n tags = [\"nginx\"]\n }", log)
		}
		config := fmt.Sprintf("listen {\n port = %s\n address = %q\n}\nnamespace \"nginx\" {\n source = {\n %s\n }\n format = %q\n}\n",
			port, host, source, combinedTimes)
		path := filepath.Join(b.TempDir(), "config.hcl")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			b.Fatal(err)
		}
		return []string{"-config-file", path}
	}
	return r
}

// program returns the path of a binary, empty if there is none.
func program(variable, usual string) string {
	path := os.Getenv(variable)
	if path == "" {
		path = usual
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return ""
	}
	if found, err = filepath.Abs(found); err != nil {
		return ""
	}
	return found
}

// exporter is a running rival.
type exporter struct {
	*proctest.Process
	rival
	url string
}

// run starts a rival and waits until it responds.
func (r rival) run(b *testing.B, log string) *exporter {
	b.Helper()
	web := nginxtest.FreeAddress(b, "127.0.0.1")
	command := exec.Command(r.binary, r.start(b, web, log)...) //nolint:noctx // proctest ends it
	command.Env = []string{}                                   // the exporters read settings from it
	e := &exporter{Process: proctest.Start(b, "", command), rival: r, url: "http://" + web + "/metrics"}
	e.Await(b, "metrics", func() bool { _, err := fetch(b, e.url); return err == nil })
	return e
}

// lines returns how many lines were counted.
func (e *exporter) lines(b *testing.B) int { b.Helper(); return e.sum(b, e.counter) }

// sum returns the sum of the series of a metric.
func (e *exporter) sum(b *testing.B, metric string) int {
	b.Helper()
	page, err := fetch(b, e.url)
	if err != nil {
		b.Fatal(err)
	}
	sum := 0.0
	for line := range bytes.Lines(page) {
		name, rest, _ := strings.Cut(string(line), "{")
		if _, value, found := strings.Cut(rest, "} "); found && name == metric {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += n
		}
	}
	return int(sum)
}

// awaitLines scrapes every 200 ms until all lines were counted, or no more within
// seconds.
func (e *exporter) awaitLines(b *testing.B, want int) int {
	b.Helper()
	last, changed := 0, time.Now()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		<-ticker.C
		n := e.lines(b)
		if n != last {
			last, changed = n, time.Now()
		}
		if n >= want || time.Since(changed) > 3*time.Second {
			return n
		}
	}
}

// report reports the costs of lines.
func (e *exporter) report(b *testing.B, cpu time.Duration, lines, lost int) {
	b.Helper()
	b.ReportMetric(float64(lines)/cpu.Seconds(), "lines/CPU-s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(lines), "µs/line")
	b.ReportMetric(float64(lost)/float64(lines+lost)*100, "%lost")
	b.ReportMetric(float64(e.Memory(b, "VmHWM"))/(1<<20), "MB")
	b.ReportMetric(0, "ns/op") // it is of no use
}
