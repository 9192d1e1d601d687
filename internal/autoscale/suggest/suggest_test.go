package suggest_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/simulate"
	"nginx-exporter/internal/autoscale/suggest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// days returns samples every minute with a day's rhythm: CPU is base plus cost for
// each request, with noise.
func days(n, low, high, base, cost, noise float64) []suggest.Sample {
	random := rand.New(rand.NewPCG(3, 4))
	var samples []suggest.Sample
	for i := range int(n * 1440) {
		rate := low + (high-low)*(1-math.Cos(2*math.Pi*float64(i)/1440))/2
		samples = append(samples, suggest.Sample{
			At: time.Duration(i) * time.Minute, Rate: rate, CPU: max(base+cost*rate+noise*random.NormFloat64(), 0), Latency: 0.01 + 0.002*random.Float64(),
		})
	}
	return samples
}

// TestFit checks the target, how sure it is, and what is missing.
func TestFit(t *testing.T) {
	slow := days(2, 10, 90, 0.1, 0.01, 0.02)
	for i := range slow {
		if slow[i].Rate > 50 {
			slow[i].Latency *= 3
		}
	}
	slower, seldom := days(2, 5, 25, 0.1, 0.01, 0.002), days(2, 10, 85, 0.1, 0.01, 0.02)
	for i := range slower {
		if slower[i].Rate > 15 {
			slower[i].Latency *= 3
		}
	}
	for i := range seldom {
		if seldom[i].Latency *= 1 + seldom[i].Rate; i%30 > 0 {
			seldom[i].Latency = 0
		}
	}
	for name, c := range map[string]struct {
		samples    []suggest.Sample
		confidence suggest.Confidence
		low, high  float64
		missing    string
	}{
		"sure":                        {days(2, 10, 85, 0.1, 0.01, 0.02), suggest.High, 88, 90, ""},
		"rough":                       {days(2, 10, 85, 0.1, 0.01, 0.15), suggest.Medium, 85, 95, "only roughly (R² 0."},
		"extrapolated":                {days(2, 5, 20, 0.1, 0.01, 0.005), suggest.Low, 85, 95, "The highest rates reach 22% of the limit; the rest is extrapolated."},
		"latency":                     {slow, suggest.High, 45, 56, ""},
		"latency far below the limit": {slower, suggest.High, 10, 20, ""},
		"latency of a few":            {seldom, suggest.High, 88, 90, ""},
		"too short":                   {days(0.5, 10, 85, 0.1, 0.01, 0.02), suggest.None, 0, 0, "A day of data is required; there are 11h59m."},
		"few samples":                 {days(2, 10, 85, 0.1, 0.01, 0.02)[:50], suggest.None, 0, 0, "100 samples are required; there are 50."},
		"constant":                    {days(2, 40, 45, 0.1, 0.01, 0.02), suggest.None, 0, 0, "varies too little to see its effect: 40 to 45 requests per second."},
		"no load":                     {days(2, 0, 0, 0.1, 0.01, 0), suggest.None, 0, 0, "varies too little"},
		"unrelated":                   {days(2, 10, 85, 0.3, 0, 0.1), suggest.None, 0, 0, "CPU usage does not follow the request rate (R² 0.00)"},
		"too small":                   {days(2, 10, 85, 1.5, 0.01, 0.02), suggest.None, 0, 0, "raise the CPU request."},
		"nothing":                     {nil, suggest.None, 0, 0, "There are no samples with both the request rate and the CPU usage"},
	} {
		s := suggest.Fit(c.samples)
		missing := strings.Join(s.Missing, " ")
		if s.Confidence != c.confidence || s.Target < c.low || s.Target > c.high || !strings.Contains(missing, c.missing) || c.missing == "" && missing != "" {
			t.Errorf("%s: %v, %s, R² %.3f, missing: %s", name, s.Target, s.Confidence, s.R2, missing)
		}
	}
}

// TestGolden compares the text with the points.
func TestGolden(t *testing.T) {
	slow := days(2, 10, 85, 0.1, 0.01, 0.03)
	for i := range slow {
		slow[i].Latency *= max(1, slow[i].Rate/30)
	}
	sure := days(2, 10, 85, 0.1, 0.01, 0.03)
	for i := range sure {
		sure[i].Latency = 0
	}
	for name, samples := range map[string][]suggest.Sample{
		"sure": sure, "slow": slow, "extrapolated": days(7, 5, 20, 0.1, 0.01, 0.02), "unrelated": days(2, 10, 85, 0.3, 0, 0.1), "nothing": nil,
	} {
		var got bytes.Buffer
		if err := suggest.Fit(samples).WriteText(&got, 80); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil { // readable by all
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s differs; got\n%s", path, got.String())
		}
	}
}

// series is a load with values at seconds.
func series(t *testing.T, points map[int]float64, fails error) *load.Load {
	t.Helper()
	return &load.Load{Points: func(yield func(simulate.Point, error) bool) {
		for at := range 100 {
			if value, found := points[at]; found && !yield(simulate.Point{At: time.Duration(at) * time.Second, Rate: value}, nil) {
				return
			}
		}
		if fails != nil {
			yield(simulate.Point{}, fails)
		}
	}}
}

// TestRead joins series: only times with a rate and CPU count.
func TestRead(t *testing.T) {
	samples, err := suggest.Read(
		series(t, map[int]float64{1: 10, 2: 20, 3: 30, 5: 50}, nil),
		series(t, map[int]float64{0: 0.9, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5, 6: 0.6}, nil),
		series(t, map[int]float64{3: 0.01}, nil))
	if got, want := fmt.Sprint(samples), "[{2s 20 0.2 0} {3s 30 0.3 0.01} {5s 50 0.5 0}]"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if samples, err := suggest.Read(series(t, map[int]float64{1: 10}, nil), series(t, map[int]float64{1: 0.5}, nil), nil); err != nil || len(samples) != 1 {
		t.Errorf("%v, %v without latency", samples, err)
	}
	rates := map[int]float64{1: 10, 2: 20}
	samples, err = suggest.Read(series(t, rates, nil), series(t, rates, nil), series(t, nil, fmt.Errorf("Prometheus: %w", load.ErrNoSeries)))
	if got, want := fmt.Sprint(samples), "[{1s 10 10 0} {2s 20 20 0}]"; err != nil || got != want {
		t.Errorf("got %s, %v without a series of latencies, want %s", got, err, want)
	}
	for i := range 3 {
		loads := []*load.Load{series(t, map[int]float64{1: 1, 9: 1}, nil), series(t, map[int]float64{1: 1, 9: 1}, nil), series(t, map[int]float64{1: 1}, nil)}
		loads[i] = series(t, map[int]float64{1: 1}, os.ErrDeadlineExceeded)
		if _, err := suggest.Read(loads[0], loads[1], loads[2]); err == nil {
			t.Errorf("the error of series %d is lost", i)
		}
	}
}

// TestQueries checks the queries, also with characters that must be escaped.
func TestQueries(t *testing.T) {
	q := suggest.Workload{Namespace: "shop", Pods: `web-\d+"`, Container: "nginx"}.Queries()
	for got, want := range map[string]string{
		q.Rate:    `avg(sum by (pod) (rate(nginx_http_requests_total{namespace="shop",pod=~"web-\\d+\""}[5m])))`,
		q.Latency: `histogram_quantile(0.95, sum by (le) (rate(nginx_http_request_duration_seconds_bucket{namespace="shop",pod=~"web-\\d+\""}[5m]))) >= 0`,
		q.CPU: `sum(rate(container_cpu_usage_seconds_total{namespace="shop",pod=~"web-\\d+\"",container="nginx"}[5m])) / ` +
			`sum(kube_pod_container_resource_requests{namespace="shop",pod=~"web-\\d+\"",container="nginx",resource="cpu"})`,
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
