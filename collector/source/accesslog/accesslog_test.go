package accesslog

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/collector/metric"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fakeInput delivers lines once.
type fakeInput struct {
	mu    sync.Mutex
	lines []string
	stats input.Stats
}

func (f *fakeInput) Run(ctx context.Context, _ func(input.Lines)) { <-ctx.Done() }

func (f *fakeInput) Read(_ context.Context, deliver func(input.Lines)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines := f.lines
	f.lines = nil
	deliver(func(yield func([]byte) bool) {
		for _, line := range lines {
			if !yield([]byte(line)) {
				return
			}
		}
	})
	f.stats.Lines += uint64(len(lines))
	return nil
}

func (f *fakeInput) Stats() input.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

func (f *fakeInput) Close() error { return nil }

// newSource returns a source of these lines, at a fixed time.
func newSource(tb testing.TB, format accesslog.Options, o Options, lines ...string) *Source {
	tb.Helper()
	f, err := accesslog.Compile(format)
	if err != nil {
		tb.Fatal(err)
	}
	o.Format = f
	if o.Now == nil {
		o.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	}
	s, err := New(&fakeInput{lines: lines}, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// expose returns the exposition of a source.
func expose(tb testing.TB, s *Source) *metric.Exposition {
	tb.Helper()
	b := metric.NewBatch(nil)
	if err := s.Collect(tb.Context(), b); err != nil {
		tb.Fatal(err)
	}
	if b.Duplicates > 0 || b.Invalid > 0 || b.Cut > 0 {
		tb.Errorf("%d series with the same labels, %d invalid values, %d values cut", b.Duplicates, b.Invalid, b.Cut)
	}
	e := &metric.Exposition{}
	e.Add(b)
	return e
}

// text returns the exposition of a source in the text format.
func text(tb testing.TB, s *Source) string {
	tb.Helper()
	var w strings.Builder
	if err := expose(tb, s).WriteText(&w); err != nil {
		tb.Fatal(err)
	}
	return w.String()
}

// corpus returns lines of package accesslog's test data.
func corpus(tb testing.TB, name string) []string {
	tb.Helper()
	lines, err := os.ReadFile(filepath.Join("..", "..", "..", "client", "accesslog", "testdata", "corpus", name+".log"))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")
}

func sameAsFile(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal([]byte(got), want) {
		t.Errorf("%s differs: run make golden and review git diff", path)
	}
}

const tabs = `v1\t$host\t$http_host\t$server_name\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent` +
	`\t$upstream_addr\t$upstream_status\t$upstream_response_time\t$server_protocol\t$uri\t$http_user_agent\t$request_completion\t$remote_addr`

func TestGoldenNames(t *testing.T) {
	for _, names := range AllNames() {
		t.Run(string(names), func(t *testing.T) {
			s := newSource(t, accesslog.Options{Format: tabs}, Options{Names: names}, corpus(t, "tabs")...)
			sameAsFile(t, string(names)+".prom", text(t, s))
		})
	}
}
