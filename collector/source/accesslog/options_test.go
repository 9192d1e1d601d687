package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"go.uber.org/goleak"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/collector/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		format  string
		options Options
		message string
	}{
		{accesslog.Own, Options{Buckets: []float64{1, 1}}, "ascending order"},
		{accesslog.Own, Options{Buckets: []float64{2, 1}}, "ascending order"},
		{accesslog.Own, Options{Buckets: []float64{-1, 1}}, "ascending order"},
		{accesslog.Own, Options{Buckets: []float64{1, math.Inf(1)}}, "finite"},
		{accesslog.Own, Options{Buckets: []float64{math.NaN()}}, "finite"},
		{accesslog.Own, Options{MaxSeries: -1}, "negative"},
		{accesslog.Own, Options{Names: "mtail"}, `"mtail" is not one of default, access-log-exporter, prometheus-nginxlog-exporter`},
		{accesslog.Own, Options{Routes: []string{"users"}}, `"users" does not begin with /`},
		{accesslog.Own, Options{Routes: []string{"/users/{id"}}, "a placeholder is a whole segment"},
		{accesslog.Own, Options{Routes: []string{"/users/x{id}"}}, "a placeholder is a whole segment"},
		{accesslog.Own, Options{Routes: []string{"/{}"}}, "a placeholder is a whole segment"},
		{accesslog.Own, Options{Routes: []string{"/*/x"}}, "a placeholder is a whole segment"},
		{accesslog.Own, Options{Routes: []string{"/{id}*"}}, "write /* after a placeholder"},
		{"$status", Options{Routes: []string{"/"}}, "routes need $uri"},
		{accesslog.Own, Options{UpstreamAddr: true}, "need $upstream_addr"},
		{"combined", Options{HostLabel: true}, "needs $host"},
		{accesslog.Own, Options{Exclude: []string{"/healthz"}}, "not of the form key:value"},
		{accesslog.Own, Options{Exclude: []string{"path:"}}, "not of the form key:value"},
		{accesslog.Own, Options{Exclude: []string{"uri:/x"}}, "the key is one of path, user-agent, server, method, code"},
		{accesslog.Own, Options{Exclude: []string{"path:x"}}, "does not begin with /"},
		{accesslog.Own, Options{Exclude: []string{"code:4xx"}}, "three digits"},
		{accesslog.Own, Options{Exclude: []string{"user-agent:kube-probe/"}}, "compares what the log_format does not have"},
	} {
		f, err := accesslog.Compile(accesslog.Options{Format: c.format})
		if err != nil {
			t.Fatal(err)
		}
		c.options.Format = f
		if _, err := New(&fakeInput{}, c.options); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%+v: got %v, want an error with %q", c.options, err, c.message)
		}
	}
}

func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		rule    string
		matches []string
		others  []string
	}{
		{"/", []string{"/"}, []string{"", "/a", "//", "*"}},
		{"/login", []string{"/login"}, []string{"/login/", "/logins", "login", "/login/x"}},
		{"/users/{id}", []string{"/users/7", "/users/a b"}, []string{"/users", "/users/", "/users/7/", "/users/7/orders"}},
		{"/users/{id}/orders", []string{"/users/7/orders"}, []string{"/users//orders", "/users/7/orders/1", "/users/7"}},
		{"/static/*", []string{"/static/", "/static/a", "/static/a/b"}, []string{"/static", "/statics"}},
		{"/api*", []string{"/api", "/apis", "/api/x/y"}, []string{"/ap", "/x/api"}},
		{"/*", []string{"/", "/a", "/a/b"}, []string{"", "*"}},
		{"/users/{id}/*", []string{"/users/7/", "/users/7/a/b"}, []string{"/users/7", "/users//a"}},
		{"/a/", []string{"/a/"}, []string{"/a", "/a//"}},
	} {
		r, err := parseRoute(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range c.matches {
			if !r.matches([]byte(path)) {
				t.Errorf("%s does not match %s", c.rule, path)
			}
		}
		for _, path := range c.others {
			if r.matches([]byte(path)) {
				t.Errorf("%s matches %s", c.rule, path)
			}
		}
	}
}

func TestExclusions(t *testing.T) {
	const format = `$status $request_method $server_name "$uri" "$http_user_agent"`
	for rule, excluded := range map[string]int{
		"path:/healthz": 2, "path:/internal/*": 1, "user-agent:kube-probe/": 2, "server:status": 1, "method:HEAD": 1, "code:499": 1,
	} {
		s := newSource(t, accesslog.Options{Format: format}, Options{Exclude: []string{rule}},
			`200 GET shop "/healthz" "kube-probe/1.31"`, `200 GET shop "/healthz" "curl"`, `200 GET status "/internal/x" "curl"`,
			`499 HEAD shop "/" "kube-probe/1.30"`, `200 GET shop "/" "-"`)
		page := text(t, s)
		if got := sum(t, page, "nginx_exporter_log_lines_excluded_total"); got != float64(excluded) {
			t.Errorf("%s excluded %v lines, want %d", rule, got, excluded)
		}
		if got := sum(t, page, "nginx_http_responses_total"); got != float64(5-excluded) {
			t.Errorf("%s: %v responses", rule, got)
		}
	}
}

// TestNoTimes checks that there are no families of what a format does not have.
func TestNoTimes(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: "combined"}, Options{})
	var names []string
	for _, f := range s.Families() {
		if !strings.HasPrefix(f.Name, "nginx_exporter_") {
			names = append(names, f.Name)
		}
	}
	if want := []string{"nginx_http_responses_total", "nginx_http_response_bytes_total", "nginx_http_server_errors_total"}; !slices.Equal(names, want) {
		t.Errorf("families %q, want %q", names, want)
	}
}

// TestMismatch checks that lines without the format are counted, and logged once.
func TestMismatch(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var logged bytes.Buffer
	s := newSource(t, accesslog.Options{Format: accesslog.Own},
		Options{Logger: log.NewLogfmtLogger(&logged), Now: func() time.Time { return now }}, "v2\tx", "\x00secret")
	page := text(t, s)
	wantSamples(t, page, "nginx_exporter_log_lines_failed_total", `nginx_exporter_log_lines_failed_total{reason="format",log="access"} 2`)
	s.input.(*fakeInput).lines = []string{"v2\tx"}
	text(t, s)
	if n := strings.Count(logged.String(), "\n"); n != 1 || !strings.Contains(logged.String(), `does not begin with \"v1\\t\"`) {
		t.Errorf("logged %d lines: %s", n, logged.String())
	}
	if strings.Contains(logged.String(), "secret") {
		t.Errorf("the log has the text of a line: %s", logged.String())
	}
	now = now.Add(time.Hour)
	s.input.(*fakeInput).lines = []string{"v2\tx"}
	text(t, s)
	if n := strings.Count(logged.String(), "\n"); n != 2 || !strings.Contains(logged.String(), "lines=2") {
		t.Errorf("logged %d lines: %s", n, logged.String())
	}
}

// TestNative compares native buckets with a slow computation.
func TestNative(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // reproducible values
	for _, spread := range []float64{1, 3, 9} {
		scale := newScale(.001, DefaultBuckets(), true)
		counts, n := make([]uint64, scale.size()), native{}
		var observed []float64
		for range 2000 {
			ms := int64(math.Exp(random.NormFloat64()*spread/2 + 4))
			observed = append(observed, float64(ms)/1000)
			scale.observe(counts, &n, ms)
		}
		var h metric.Histogram
		scale.fill(&h, counts, &n)
		if len(h.Native.Indexes) > maxNative || !slices.IsSorted(h.Native.Indexes) {
			t.Errorf("buckets %v", h.Native.Indexes)
		}
		total := h.Native.Zero
		for i, index := range h.Native.Indexes {
			const rounding = 1 + 1e-9
			factor := math.Exp2(math.Exp2(-float64(h.Native.Schema)))
			upper := math.Pow(factor, float64(index)) * rounding
			if want := between(observed, upper/factor, upper); h.Native.Counts[i] != want {
				t.Errorf("schema %d: %v observations up to %v, want %v", h.Native.Schema, h.Native.Counts[i], upper, want)
			}
			total += h.Native.Counts[i]
		}
		if total != float64(len(observed)) {
			t.Errorf("%v observations in native buckets", total)
		}
		lower := -1.0
		for i, bound := range h.Bounds {
			if want := between(observed, lower, bound); h.Counts[i] != want {
				t.Errorf("%v observations up to %v, want %v", h.Counts[i], bound, want)
			}
			lower = bound
		}
	}
}

// between counts values above lower, up to upper.
func between(values []float64, lower, upper float64) float64 {
	n := 0.0
	for _, v := range values {
		if v > lower && v <= upper {
			n++
		}
	}
	return n
}

// TestConcurrently counts while others scrape and render.
func TestConcurrently(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{})
	lines := servers(50, 2)
	var group sync.WaitGroup
	const rounds = 50
	for range 2 {
		group.Go(func() {
			for range rounds {
				s.deliver(lines)
			}
		})
		group.Go(func() {
			for range rounds {
				e := expose(t, s)
				if err := e.WriteText(&strings.Builder{}); err != nil {
					t.Error(err)
				}
				e.Gather()
			}
		})
	}
	group.Wait()
	if got := sum(t, text(t, s), "nginx_http_responses_total"); got != float64(2*rounds*len(lines)) {
		t.Errorf("%v lines were counted", got)
	}
}

// failing is an input that cannot be read.
type failing struct{ fakeInput }

func (*failing) Read(context.Context, func(input.Lines)) error { return os.ErrPermission }

func TestReadError(t *testing.T) {
	f, err := accesslog.Compile(accesslog.Options{Format: accesslog.Own})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(&failing{}, Options{Format: f})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Collect(t.Context(), metric.NewBatch(nil)); err == nil {
		t.Error("no error")
	}
}

func TestGoldenSample(t *testing.T) {
	lines := strings.Join(corpus(t, "combined_with_times"), "\n")
	for format, golden := range map[string]string{"combined": "sample-mismatch.txt", "combined_times": "sample.txt"} {
		s := newSource(t, accesslog.Options{Format: format}, Options{Routes: []string{"/proxy/*"}, Exclude: []string{"path:/ok"}})
		var out strings.Builder
		if err := s.Explain(strings.NewReader(lines), &out); err != nil {
			t.Fatal(err)
		}
		sameAsFile(t, golden, out.String())
	}
}

func TestSampleOfLongLine(t *testing.T) {
	s := newSource(t, accesslog.Options{Format: accesslog.Own}, Options{})
	if err := s.Explain(strings.NewReader(strings.Repeat("x", 2<<20)), &strings.Builder{}); err == nil || !strings.Contains(fmt.Sprint(err), "line 1 is longer than") {
		t.Errorf("got %v", err)
	}
}
