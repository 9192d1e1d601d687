package collector

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/collector/metric"
)

var update = flag.Bool("update", false, "rewrite golden pages and docs/metrics.md")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

func label(name, value string) metric.Label { return metric.Label{Name: name, Value: value} }

// receive returns the next value of a channel.
func receive[T any](tb testing.TB, what string, from <-chan T) T {
	tb.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		tb.Fatalf("waited %v for %s", patience, what)
		panic("not reached")
	}
}

// sameAsFile compares with a golden file, or writes it.
func sameAsFile(tb testing.TB, path string, got []byte) {
	tb.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("%v; make golden writes it", err)
	}
	gotLines, wantLines := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(gotLines), len(wantLines)) {
		if g, w := line(gotLines, i), line(wantLines, i); g != w {
			tb.Fatalf("%s, line %d:\n got %s\nwant %s\nIf that is intended: make golden, and review git diff.", path, i+1, g, w)
		}
	}
}

func line(lines [][]byte, i int) string {
	if i >= len(lines) {
		return "(no more lines)"
	}
	return string(lines[i])
}
