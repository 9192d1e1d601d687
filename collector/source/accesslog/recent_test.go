package accesslog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

var _ source.Recent = (*Source)(nil)

// clock is a source whose clock the test moves.
type clock struct {
	*Source
	now time.Time
}

func newClock(tb testing.TB, format string, windows ...time.Duration) *clock {
	tb.Helper()
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	c.Source = newSource(tb, accesslog.Options{Format: format}, Options{Windows: windows, Now: func() time.Time { return c.now }})
	return c
}

// request counts requests of a code and a duration.
func (c *clock) request(n int, code string, took time.Duration) {
	line := []byte(own("a", "GET", code, strconv.FormatFloat(took.Seconds(), 'f', 3, 64), "-", "-", "-", "-", "/"))
	c.deliver(slices.Repeat([][]byte{line}, n))
}

// gauges returns the gauges of a window.
func (c *clock) gauges(tb testing.TB, window time.Duration) (errorRatio, percentile float64, known bool) {
	tb.Helper()
	b := metric.NewBatch(nil)
	c.AddRecent(b, window)
	ratio, p95 := b.Value("nginx_http_error_ratio"), b.Value("nginx_http_request_duration_p95_seconds")
	return ratio.Float(), p95.Float(), ratio.IsSet()
}

func TestRecent(t *testing.T) {
	const window = 15 * time.Second
	c := newClock(t, accesslog.Own, window, time.Minute)
	want := func(ratio, least, most float64) {
		t.Helper()
		r, p, known := c.gauges(t, window)
		if !known || r != ratio || p < least || p > most {
			t.Errorf("errors %v, 95th percentile %v, known %v; want %v, from %v to %v", r, p, known, ratio, least, most)
		}
	}
	c.now = c.now.Add(10 * time.Second)
	if _, _, known := c.gauges(t, window); known {
		t.Error("known without any line")
	}
	c.request(90, "200", 100*time.Millisecond)
	c.request(10, "503", 2*time.Second)
	want(.1, 1.8, 2.1)
	if _, _, known := c.gauges(t, time.Minute); known {
		t.Error("known with a sixth of the window")
	}
	if _, _, known := c.gauges(t, time.Hour); known {
		t.Error("a window that is not configured is known")
	}
	c.now = c.now.Add(10 * time.Second)
	c.request(100, "404", 0)
	want(.05, .09, .11)
	c.now = c.now.Add(10 * time.Second)
	want(0, 0, 0)
	c.now = c.now.Add(time.Hour)
	want(0, 0, 0) // without requests nothing is slow
	c.request(1, "500", time.Millisecond)
	want(1, .0009, .0011)
	page := text(t, c.Source)
	wantSamples(t, page, "nginx_http_error_ratio", `nginx_http_error_ratio{window="15s"} 1`, `nginx_http_error_ratio{window="1m"} 1`)
	c.now = c.now.Add(-time.Hour)
	if _, _, known := c.gauges(t, window); known {
		t.Error("known after the clock was set back")
	}
	c.now = c.now.Add(window)
	want(0, 0, 0)
}

// TestPercentile compares the 95th percentile with that of sorted durations.
func TestPercentile(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // reproducible durations
	for _, mean := range []float64{3, 80, 2500} {
		c := newClock(t, accesslog.Own, time.Minute)
		c.now = c.now.Add(time.Minute)
		var all []float64
		for range 5000 {
			ms := int64(random.ExpFloat64() * mean)
			all = append(all, float64(ms)/1000)
			c.request(1, "200", time.Duration(ms)*time.Millisecond)
		}
		slices.Sort(all)
		exact := all[len(all)*95/100]
		if _, p95, _ := c.gauges(t, time.Minute); p95 < exact/1.1 || p95 > exact*1.1 {
			t.Errorf("95th percentile %v, want %v", p95, exact)
		}
	}
}

func TestRecentWithoutTimes(t *testing.T) {
	c := newClock(t, "$status", time.Second)
	for _, f := range c.Families() {
		if strings.Contains(f.Name, "p95") {
			t.Errorf("%s without $request_time", f.Name)
		}
	}
	c.deliver([][]byte{[]byte("500")})
	c.now = c.now.Add(time.Second)
	if ratio, _, known := c.gauges(t, time.Second); !known || ratio != 1 {
		t.Errorf("errors %v, known %v", fmt.Sprint(ratio), known)
	}
}
