package simulate_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// setting is an HPA with a target of 50 requests per second and pods that start in
// half a minute.
func setting() simulate.Setting {
	return simulate.Setting{
		Name: "test", Options: hpa.Defaults(), SyncPeriod: 15 * time.Second, Start: -1, Above: 50,
		Spec:    hpa.Spec{Min: 2, Max: 100, Metrics: []hpa.Metric{{Source: hpa.Pods, Name: "rps", Average: true, Target: 50_000}}},
		Delay:   simulate.Delay{Scrape: 15 * time.Second, Window: time.Minute},
		Startup: simulate.Startup{Pending: 10 * time.Second, Starting: 20 * time.Second},
	}
}

// every returns points with a step between them.
func every(step time.Duration, n int, rate func(at time.Duration) float64) iter.Seq2[simulate.Point, error] {
	return func(yield func(simulate.Point, error) bool) {
		for i := range n {
			at := time.Duration(i) * step
			if !yield(simulate.Point{At: at, Rate: rate(at)}, nil) {
				return
			}
		}
	}
}

// days is a load with a day's rhythm and some noise, every 15 seconds.
func days(n int) iter.Seq2[simulate.Point, error] {
	return every(15*time.Second, n*86400/15, func(at time.Duration) float64 {
		s := at.Seconds()
		return 1000 + 800*math.Sin(2*math.Pi*s/86400) + 100*math.Sin(s) + 50*math.Sin(s/77)
	})
}

func run(tb testing.TB, load iter.Seq2[simulate.Point, error], settings ...simulate.Setting) []*simulate.Result {
	tb.Helper()
	for _, s := range settings {
		if err := s.Validate(); err != nil {
			tb.Fatal(err)
		}
	}
	results, _, err := simulate.Run(load, settings)
	if err != nil {
		tb.Fatal(err)
	}
	return results
}

// TestConstant checks that a constant load changes nothing, and all sums.
func TestConstant(t *testing.T) {
	s := setting()
	s.Above = 40
	r := run(t, every(time.Minute, 60, func(time.Duration) float64 { return 250 }), s)[0]
	got := fmt.Sprintln(r.Duration, r.Start, r.End, r.Low, r.Peak, r.Ups, r.Downs, r.Flaps, r.Worst, math.Round(r.PodHours*1e6)/1e6, r.Above, r.AtMax, math.Round(r.Requests), r.Unserved)
	if want := "1h0m0s 5 5 5 5 0 0 0 50 5 1h0m0s 0s 900000 0\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	// Pods that are full serve 46 each, which is within the tolerance.
	s.Capacity = 46
	s.Spec.Max = 5
	r = run(t, every(time.Minute, 60, func(time.Duration) float64 { return 250 }), s)[0]
	if r.AtMax != time.Hour || math.Round(r.Unserved) != 20*3600 {
		t.Errorf("%v at the maximum, %v unserved", r.AtMax, r.Unserved)
	}
}

// TestStep follows a step: the first sync after the rate passes the tolerance, the
// time above target, and the window before it scales down.
func TestStep(t *testing.T) {
	r := run(t, every(time.Second, 3600, func(at time.Duration) float64 {
		if at >= 10*time.Minute && at < 30*time.Minute {
			return 1000
		}
		return 100
	}), setting())[0]
	first, last := r.Changes[0], r.Changes[len(r.Changes)-1]
	if first.At < 10*time.Minute+8*time.Second || first.At > 10*time.Minute+40*time.Second {
		t.Errorf("the first change is at %v", first.At)
	}
	if r.Peak != 20 && r.Peak != 21 {
		t.Errorf("%d replicas at the peak", r.Peak)
	}
	if wait := last.At - 30*time.Minute; wait < 5*time.Minute || wait > 7*time.Minute || last.After != 2 {
		t.Errorf("scaled down to %d %v after the load", last.After, wait)
	}
	if r.Above < time.Minute || r.Above > 5*time.Minute || r.Worst != 500 || r.WorstAt != 10*time.Minute {
		t.Errorf("above target for %v, worst %v at %v", r.Above, r.Worst, r.WorstAt)
	}
}

// TestKEDA scales from and to zero: the next poll after a request, and the cooldown
// period after the last one.
func TestKEDA(t *testing.T) {
	s := setting()
	s.Spec.Metrics[0].Source, s.Spec.Min = hpa.External, 0
	s.KEDA = &simulate.KEDA{Polling: 30 * time.Second, Cooldown: 2 * time.Minute}
	load := func(at time.Duration) float64 {
		if at >= 10*time.Minute && at < 20*time.Minute {
			return 90
		}
		return 0
	}
	r := run(t, every(time.Second, 3600, load), s)[0]
	var changes []string
	for _, c := range r.Changes {
		changes = append(changes, fmt.Sprintf("%v %d->%d", c.At.Round(time.Second), c.Before, c.After))
	}
	// The rate is above 0 until the window is over: 20m52s.
	if got, want := fmt.Sprint(changes), "[0s 1->0 10m30s 0->1 10m45s 1->2 23m0s 2->0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// 30 seconds without a pod, 30 until it is ready.
	if want := 90 * 60.0; math.Abs(r.Unserved-want) > 1 || r.Worst != math.Inf(1) {
		t.Errorf("%v unserved, want %v; worst %v", r.Unserved, want, r.Worst)
	}
	s.KEDA = &simulate.KEDA{Polling: 30 * time.Second, Cooldown: 2 * time.Minute, Activation: 90}
	if r := run(t, every(time.Second, 3600, load), s)[0]; r.Peak != 1 || r.End != 0 {
		t.Errorf("activated at the threshold: %d replicas", r.Peak)
	}
}

// TestFlaps counts pods that are removed and needed again soon.
func TestFlaps(t *testing.T) {
	s := setting()
	down := time.Duration(0)
	s.Spec.Behavior = &hpa.Behavior{Down: hpa.Rules{Window: &down}}
	for period, want := range map[time.Duration]int{10 * time.Minute: 5, time.Hour: 0} {
		r := run(t, every(time.Second, int(6*period.Seconds()), func(at time.Duration) float64 {
			if at%period < period/2 {
				return 1000
			}
			return 100
		}), s)[0]
		if r.Flaps != want {
			t.Errorf("period %v: %d flaps, want %d", period, r.Flaps, want)
		}
	}
}

// TestFirstSync checks when the controller first acts, by version.
func TestFirstSync(t *testing.T) {
	for version, want := range map[int]time.Duration{36: 15 * time.Second, 37: 0} {
		s := setting()
		s.Options.Version, s.Start = version, 1
		r := run(t, every(time.Second, 600, func(time.Duration) float64 { return 100 }), s)[0]
		if r.Changes[0].At != want {
			t.Errorf("version 1.%d: the first sync is at %v", version, r.Changes[0].At)
		}
	}
}

// TestMorePoints checks that repeating points changes nothing.
func TestMorePoints(t *testing.T) {
	rate := func(at time.Duration) float64 { return 500 + 400*math.Sin(at.Truncate(time.Minute).Seconds()/300) }
	a := run(t, every(time.Minute, 600, rate), setting())[0]
	b := run(t, every(5*time.Second, 12*600, rate), setting())[0]
	if fmt.Sprint(a.Changes) != fmt.Sprint(b.Changes) || math.Abs(a.PodHours-b.PodHours) > 1e-6 || a.Above != b.Above {
		t.Errorf("%d and %d changes, %v and %v pod-hours", len(a.Changes), len(b.Changes), a.PodHours, b.PodHours)
	}
}

// TestProperties checks random settings and loads: bounds, sums, and that more
// capacity never serves less.
func TestProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		s := setting()
		s.Spec.Min = 1 + random.Int32N(5)
		s.Spec.Max = s.Spec.Min + random.Int32N(30)
		s.Spec.Metrics[0].Target = 1 + random.Int64N(200_000)
		s.Startup.Pending = time.Duration(random.IntN(90)) * time.Second
		if random.IntN(2) == 0 {
			window := time.Duration(random.IntN(600)) * time.Second
			s.Spec.Behavior = &hpa.Behavior{Down: hpa.Rules{Window: &window}}
		}
		if random.IntN(2) == 0 {
			s.Spec.Metrics[0].Source = hpa.External
		}
		s.Capacity = 20 + 100*random.Float64()
		seed := random.Uint64()
		load := func() iter.Seq2[simulate.Point, error] {
			again := rand.New(rand.NewPCG(seed, 0))
			return every(30*time.Second, 300, func(time.Duration) float64 { return 2000 * again.Float64() * again.Float64() })
		}
		larger := s
		larger.Capacity *= 2
		results := run(t, load(), s, larger)
		for _, r := range results {
			hours := r.Duration.Hours()
			switch {
			case r.Low < s.Spec.Min || r.Peak > s.Spec.Max:
				t.Errorf("%d to %d replicas of %+v", r.Low, r.Peak, s.Spec)
			case r.PodHours < float64(r.Low)*hours-1e-6 || r.PodHours > float64(r.Peak)*hours+1e-6:
				t.Errorf("%v pod-hours with %d to %d replicas", r.PodHours, r.Low, r.Peak)
			case r.Unserved < 0 || r.Unserved > r.Requests || r.Above > r.Duration || r.AtMax > r.Above:
				t.Errorf("%+v", r)
			}
		}
		if s.Spec.Metrics[0].Source == hpa.External && results[0].Unserved < results[1].Unserved-1e-6 {
			t.Errorf("twice the capacity serves less: %v unserved, then %v", results[0].Unserved, results[1].Unserved)
		}
	}
}

// TestSearch checks that the cheapest setting within the limit is found.
func TestSearch(t *testing.T) {
	candidates := simulate.Candidates(setting())
	results := run(t, days(1), candidates...)
	found := simulate.Cheapest(results, 0.05)
	if len(found) == 0 {
		t.Fatal("nothing found")
	}
	for _, r := range results {
		if r.Share() <= 0.05 && r.PodHours < found[0].PodHours {
			t.Errorf("%s has %v pod-hours, the found one %v", r.Setting.Name, r.PodHours, found[0].PodHours)
		}
	}
	if len(simulate.Cheapest(results, -1)) > 0 {
		t.Error("found one below no share")
	}
}

// TestMemory checks that the result of 100 days is not larger than that of a day.
func TestMemory(t *testing.T) {
	s := setting()
	r := run(t, every(time.Minute, 100*24*60, func(at time.Duration) float64 { return 500 + 400*math.Sin(at.Hours()) }), s)[0]
	if len(r.Timeline.Buckets) > 2000 || len(r.Changes) > 200 || r.MoreChanges == 0 {
		t.Errorf("%d intervals, %d changes and %d more", len(r.Timeline.Buckets), len(r.Changes), r.MoreChanges)
	}
	var average float64
	for _, b := range r.Timeline.Buckets {
		average += b.Replicas / float64(len(r.Timeline.Buckets))
	}
	if want := r.PodHours / r.Duration.Hours(); math.Abs(average-want) > want/50 {
		t.Errorf("%v replicas on average, %v on the timeline", want, average)
	}
}

// TestDuration checks how durations are written.
func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 90 * time.Second: "1m30s", 2 * time.Hour: "2h", 25*time.Hour + 31*time.Second: "1d1h1m", 7 * 24 * time.Hour: "7d",
	} {
		if got := simulate.Duration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// TestErrors checks loads that cannot be simulated.
func TestErrors(t *testing.T) {
	if _, _, err := simulate.Run(every(time.Second, 1, func(time.Duration) float64 { return 1 }), []simulate.Setting{setting()}); err == nil {
		t.Error("one sample is accepted")
	}
	for _, change := range []func(*simulate.Setting){
		func(s *simulate.Setting) { s.SyncPeriod = 0 },
		func(s *simulate.Setting) { s.Delay.Scrape = 0 },
		func(s *simulate.Setting) { s.Delay.Window = 20 * time.Second },
		func(s *simulate.Setting) { s.Delay.Adapter = -1 },
		func(s *simulate.Setting) { s.Capacity = -1 },
		func(s *simulate.Setting) { s.Capacity = math.NaN() },
		func(s *simulate.Setting) { s.Startup.Pending = 2 * time.Hour },
		func(s *simulate.Setting) { s.KEDA = &simulate.KEDA{Polling: time.Minute} },
		func(s *simulate.Setting) { s.Spec.Max = 0 },
	} {
		s := setting()
		change(&s)
		if s.Validate() == nil {
			t.Errorf("%+v is valid", s)
		}
	}
}

// BenchmarkHundredDays simulates 100 days at 15 seconds, which has to take less than
// 2 seconds.
func BenchmarkHundredDays(b *testing.B) {
	b.ReportAllocs()
	runtime.GC()
	for b.Loop() {
		run(b, days(100), setting())
	}
}
