package accesslog

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/internal/oracle"
)

// samples returns the lines of an exposition that begin with a prefix.
func samples(exposition, prefix string) []string {
	var found []string
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, prefix) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// sum returns the sum of the samples of a counter.
func sum(tb testing.TB, exposition, name string) float64 {
	tb.Helper()
	total := 0.0
	for _, line := range samples(exposition, name+"{") {
		var n float64
		if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' '):], &n); err != nil {
			tb.Fatal(err)
		}
		total += n
	}
	return total
}

func wantSamples(t *testing.T, exposition, prefix string, want ...string) {
	t.Helper()
	if got := samples(exposition, prefix); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNginxlogExporterCountedTheSame(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: "combined_times"}, Options{Names: NamesNginxlog}, corpus(t, "combined_with_times")...)
	text, err := os.ReadFile(filepath.Join("testdata", "nginxlog-1.11.prom"))
	if err != nil {
		t.Fatal(err)
	}
	// It recorded the same requests in another run, in which one of them took 1 ms less.
	again := regexp.MustCompile(`(upstream_time_seconds(?:_hist)?_sum\{method="GET",status="404"\}) 0`).ReplaceAllString(string(text), "$1 0.001")
	want := oracle.Parse(t, again)
	got := map[string]*dto.MetricFamily{}
	for _, f := range expose(t, s).Gather() {
		if !strings.HasPrefix(f.GetName(), "nginx_exporter_") {
			got[f.GetName()] = f
		}
	}
	if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) {
		t.Fatalf("families %q, want %q", a, b)
	}
	for name := range want {
		if a, b := flat(got[name]), flat(want[name]); !slices.Equal(a, b) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	}
}

// flat returns the samples of a family without help, order and timestamps.
func flat(f *dto.MetricFamily) []string {
	var all []string
	for _, m := range f.GetMetric() {
		labels := fmt.Sprint(f.GetType(), m.GetLabel())
		switch {
		case m.Counter != nil:
			all = append(all, fmt.Sprintf("%s %g", labels, m.Counter.GetValue()))
		case m.Summary != nil:
			all = append(all, fmt.Sprintf("%s %.6f %d", labels, m.Summary.GetSampleSum(), m.Summary.GetSampleCount()))
		case m.Histogram != nil:
			all = append(all, fmt.Sprintf("%s %.6f %d", labels, m.Histogram.GetSampleSum(), m.Histogram.GetSampleCount()))
			for _, b := range m.Histogram.GetBucket() {
				if b.GetCumulativeCount() < m.Histogram.GetSampleCount() {
					all = append(all, fmt.Sprintf("%s %g %d", labels, b.GetUpperBound(), b.GetCumulativeCount()))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// TestTextIsGathered compares both renderers.
func TestTextIsGathered(t *testing.T) {
	for _, names := range AllNames() {
		s := newSource(t, accesslog.Options{Format: tabs}, Options{Names: names}, corpus(t, "tabs")...)
		oracle.Check(t, expose(t, s))
	}
}

// own returns a line of the format of the exporter.
func own(server, method, code, seconds, upstream, codes, times, cache, uri string) string {
	return strings.Join([]string{"v1", server, method, code, seconds, "100", "200", upstream, codes, times, times, cache, uri}, "\t")
}

// TestLimit checks that sums stay true with too many servers.
func TestLimit(t *testing.T) {
	const most, servers = 20, 5000
	var lines []string
	for i := range servers {
		code := "200"
		if i%10 == 0 {
			code = "500"
		}
		lines = append(lines, own(fmt.Sprint("server", i), "GET", code, "0.001", fmt.Sprint("up", i), code, "0.001", "HIT", "/"))
	}
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{MaxSeries: most}, lines...)
	page := text(t, s)
	for _, name := range []string{
		"nginx_http_responses_total", "nginx_http_request_duration_seconds_count", "nginx_http_upstream_responses_total",
		"nginx_http_upstream_response_duration_seconds_count", "nginx_http_cache_responses_total",
	} {
		if got := sum(t, page, name); got != servers {
			t.Errorf("the sum of %s is %v", name, got)
		}
	}
	if got := sum(t, strings.Join(samples(page, `nginx_http_responses_total{code="500"`), "\n"), "nginx_http_responses_total"); got != servers/10 {
		t.Errorf("%v responses with code 500", got)
	}
	wantSamples(t, page, `nginx_http_responses_total{code="500",method="GET",server="other"`, `nginx_http_responses_total{code="500",method="GET",server="other"} 499`)
	wantSamples(t, page, "nginx_exporter_log_series{", fmt.Sprintf(`nginx_exporter_log_series{log="access"} %d`, most))
	if limited := sum(t, page, "nginx_exporter_log_series_limited_total"); limited < servers-most || limited >= servers {
		t.Errorf("%v lines were limited", limited)
	}
	if len(samples(page, "nginx_http_responses_total{")) > most {
		t.Error("more series than the maximum")
	}
}

// TestErrorsBeginAtZero checks that the counter of errors is there before the first
// one, since rate() misses the value with which a series begins.
func TestErrorsBeginAtZero(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{}, own("a", "GET", "200", "0.001", "-", "-", "-", "-", "/"))
	wantSamples(t, text(t, s), "nginx_http_server_errors_total", `nginx_http_server_errors_total{server="a"} 0`)
	s.input.(*fakeInput).lines = []string{
		own("a", "GET", "499", "0.001", "-", "-", "-", "-", "/"), own("a", "GET", "500", "0.001", "-", "-", "-", "-", "/"),
		own("a", "GET", "599", "0.001", "-", "-", "-", "-", "/"),
	}
	wantSamples(t, text(t, s), "nginx_http_server_errors_total", `nginx_http_server_errors_total{server="a"} 2`)
}

// TestServerNamedOther checks that a server with the name of the limit does not
// make a duplicate.
func TestServerNamedOther(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{MaxSeries: 2},
		own(other, "GET", "200", "0.001", "-", "-", "-", "-", "/"), own("a", "GET", "200", "0.001", "-", "-", "-", "-", "/"))
	wantSamples(t, text(t, s), "nginx_http_responses_total", `nginx_http_responses_total{code="200",method="GET",server="other"} 2`)
}

func TestInvalidUTF8(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{},
		own(`a\xFF`, "GET", "200", "0.001", "-", "-", "-", "-", "/"), own(`a\xFE`, "GET", "200", "0.001", "-", "-", "-", "-", "/"),
		own(`\xE2\x98\x83`, "GET", "200", "0.001", "-", "-", "-", "-", "/"), own(strings.Repeat("x", 2000), "GET", "200", "0.001", "-", "-", "-", "-", "/"))
	wantSamples(t, text(t, s), "nginx_http_responses_total",
		`nginx_http_responses_total{code="200",method="GET",server="a?"} 2`,
		`nginx_http_responses_total{code="200",method="GET",server="☃"} 1`,
		`nginx_http_responses_total{code="200",method="GET",server="`+strings.Repeat("x", maxValue)+`"} 1`)
}

// TestExpiry checks that addresses that are not used disappear, and begin anew.
func TestExpiry(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newSource(t, accesslog.Options{Format: "$status $upstream_addr $upstream_status"},
		Options{UpstreamAddr: true, Expire: time.Minute, Now: func() time.Time { return now }})
	const prefix = "nginx_http_upstream_responses_total"
	read := func(lines ...string) string {
		s.input.(*fakeInput).lines = lines
		return text(t, s)
	}
	wantSamples(t, read("200 a:80 200", "200 b:80, a:80 502, 200"), prefix,
		prefix+`{code="200",upstream="a:80"} 2`, prefix+`{code="502",upstream="b:80"} 1`)
	now = now.Add(50 * time.Second)
	read("200 a:80 200")
	now = now.Add(20 * time.Second)
	page := read()
	wantSamples(t, page, prefix, prefix+`{code="200",upstream="a:80"} 3`)
	wantSamples(t, page, "nginx_http_responses_total", "nginx_http_responses_total{code=\"200\"} 3")
	wantSamples(t, page, "nginx_exporter_log_series{", `nginx_exporter_log_series{log="access"} 3`)
	now = now.Add(time.Hour)
	read()
	read("200 a:80 200")
	for _, f := range expose(t, s).Gather() {
		if f.GetName() == prefix {
			m := f.GetMetric()[0]
			if m.Counter.GetValue() != 1 || !m.Counter.GetCreatedTimestamp().AsTime().Equal(now) {
				t.Errorf("%v, want a counter of 1 that was created at %v", m, now)
			}
		}
	}
}

// TestCreated checks that created timestamps are before the first line.
func TestCreated(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{Now: func() time.Time { return now }})
	read := now
	now = now.Add(15 * time.Second)
	s.deliver([][]byte{[]byte(own("a", "GET", "200", "0.001", "-", "-", "-", "-", "/"))})
	now = now.Add(15 * time.Second)
	for _, f := range expose(t, s).Gather() {
		for _, m := range f.GetMetric() {
			created := m.Counter.GetCreatedTimestamp()
			if m.Histogram != nil {
				created = m.Histogram.GetCreatedTimestamp()
			}
			if strings.HasPrefix(f.GetName(), "nginx_http_") && !created.AsTime().Equal(read) {
				t.Errorf("%s was created at %v, want %v", f.GetName(), created.AsTime(), read)
			}
		}
	}
}

func TestUpstreamNames(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{},
		own("a", "GET", "200", "0.001", "app", "502, 200", "0.001, 0.002", "-", "/"),
		own("a", "GET", "200", "0.001", "fallback", "404 : 200", "0.001 : 0.002", "-", "/"),
		own("a", "GET", "499", "0.502", "app", "-", "0.502", "-", "/"))
	page := text(t, s)
	// The upstream before an internal redirect is unknown.
	wantSamples(t, page, "nginx_http_upstream_responses_total",
		`nginx_http_upstream_responses_total{code="404",upstream=""} 1`,
		`nginx_http_upstream_responses_total{code="200",upstream="app"} 1`,
		`nginx_http_upstream_responses_total{code="502",upstream="app"} 1`,
		`nginx_http_upstream_responses_total{code="200",upstream="fallback"} 1`)
	// Time that ended because the client left is a duration, but not a response.
	wantSamples(t, page, "nginx_http_upstream_response_duration_seconds_count",
		`nginx_http_upstream_response_duration_seconds_count{upstream=""} 1`,
		`nginx_http_upstream_response_duration_seconds_count{upstream="app"} 3`,
		`nginx_http_upstream_response_duration_seconds_count{upstream="fallback"} 1`)
}

func TestLabels(t *testing.T) {
	lines := []string{
		own("a", "GET", "200", "0.001", "app", "200", "0.001", "HIT", "/users/7"),
		own("a", "FOO", "404", "0.001", "app", "404", "0.001", "MISS", "/nothing"),
	}
	page := text(t, newSource(t, accesslog.Options{Format: accesslog.Own}, Options{
		Name: "shop", LabelLog: true, CodeClass: true, MethodDurations: true, Routes: []string{"/users/{id}"},
	}, lines...))
	wantSamples(t, page, "nginx_http_responses_total",
		`nginx_http_responses_total{code="4xx",log="shop",method="other",route="other",server="a"} 1`,
		`nginx_http_responses_total{code="2xx",log="shop",method="GET",route="/users/{id}",server="a"} 1`)
	wantSamples(t, page, "nginx_http_request_duration_seconds_count",
		`nginx_http_request_duration_seconds_count{log="shop",method="other",route="other",server="a"} 1`,
		`nginx_http_request_duration_seconds_count{log="shop",method="GET",route="/users/{id}",server="a"} 1`)
	wantSamples(t, page, "nginx_http_cache_responses_total",
		`nginx_http_cache_responses_total{log="shop",route="other",server="a",status="MISS"} 1`,
		`nginx_http_cache_responses_total{log="shop",route="/users/{id}",server="a",status="HIT"} 1`)
	wantSamples(t, page, "nginx_http_upstream_responses_total",
		`nginx_http_upstream_responses_total{code="2xx",log="shop",upstream="app"} 1`,
		`nginx_http_upstream_responses_total{code="4xx",log="shop",upstream="app"} 1`)
	wantSamples(t, page, "nginx_exporter_log_lines_total", `nginx_exporter_log_lines_total{log="shop"} 2`)
}

// TestFloods checks that clients cannot make series: not by hosts, URIs, methods
// or user agents.
func TestFloods(t *testing.T) {
	var lines []string
	for i := range 10_000 {
		lines = append(lines, strings.Join([]string{
			"v1", fmt.Sprint("host", i), fmt.Sprint("host", i), "_", fmt.Sprint("M", i), "200", "0.000", "81", "150", "-", "-", "-", "HTTP/1.1",
			fmt.Sprint("/", i), fmt.Sprint("agent", i), "OK", "127.0.0.1",
		}, "\t"))
	}
	// Hosts and addresses are counted on request only, up to the maximum.
	const hosts = `v1\t$host\t$http_host\t$remote_user\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent` +
		`\t$upstream_addr\t$upstream_status\t$upstream_response_time\t$server_protocol\t$uri\t$http_user_agent\t$request_completion\t$remote_addr`
	for _, o := range []Options{{HostLabel: true}, {Names: NamesALE}} {
		page := text(t, newSource(t, accesslog.Options{Format: hosts}, o, lines...))
		wantSamples(t, page, "nginx_exporter_log_series{", `nginx_exporter_log_series{log="access"} 1000`)
		total := sum(t, page, "nginx_http_responses_total") + sum(t, page, "http_requests_total")
		if n := strings.Count(page, "\n"); n > 40_000 || total != 10_000 {
			t.Errorf("%d lines, %v requests", n, total)
		}
	}
	page := text(t, newSource(t, accesslog.Options{Format: tabs}, Options{Routes: []string{"/x/*"}}, lines...))
	wantSamples(t, page, "nginx_http_responses_total", `nginx_http_responses_total{code="200",method="other",route="other",server="_"} 10000`)
	wantSamples(t, page, "nginx_exporter_log_series{", `nginx_exporter_log_series{log="access"} 2`)
}

// deliver counts lines as one batch.
func (s *Source) deliver(lines [][]byte) {
	s.Count(func(yield func([]byte) bool) {
		for _, line := range lines {
			if !yield(line) {
				return
			}
		}
	})
}
