package controller_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// randomSetting returns a valid setting with some metrics.
func randomSetting(random *rand.Rand, metrics int) simulate.Setting {
	tolerances := []float64{0.1, 0.1, 0.1, 0, 0.05, 0.2}
	windows := []time.Duration{5 * time.Minute, 5 * time.Minute, time.Minute, 0, 137 * time.Second}
	s := simulate.Setting{
		Options: hpa.Options{
			Version: hpa.Newest, Tolerance: tolerances[random.IntN(len(tolerances))], DownscaleStabilization: windows[random.IntN(len(windows))],
		},
		SyncPeriod: 15 * time.Second,
		Start:      -1,
	}
	if random.IntN(3) == 0 {
		s.SyncPeriod = time.Duration(5+random.IntN(26)) * time.Second
	}
	outside := false
	for i := range metrics {
		m := randomMetric(random, fmt.Sprint("metric", i))
		outside = outside || m.Source != hpa.Pods
		s.Spec.Metrics = append(s.Spec.Metrics, m)
	}
	s.Spec.Min = 1 + random.Int32N(4)
	if outside && random.IntN(4) == 0 {
		s.Spec.Min = 0
	}
	s.Spec.Max = max(s.Spec.Min, 1) + random.Int32N(30)
	if random.IntN(3) > 0 {
		s.Spec.Behavior = &hpa.Behavior{Up: randomRules(random), Down: randomRules(random)}
	}
	return s
}

func randomMetric(random *rand.Rand, name string) hpa.Metric {
	targets := []int64{10_000, 50_000, 100, 7_000, 1 + random.Int64N(100_000)}
	m := hpa.Metric{Name: name, Source: hpa.Pods, Average: true, Target: targets[random.IntN(len(targets))]}
	switch random.IntN(5) {
	case 0:
		m.Source, m.Average = hpa.External, random.IntN(3) > 0
	case 1:
		m.Source, m.Kind, m.Average = hpa.Object, "Service", random.IntN(2) > 0
	}
	return m
}

// randomRules returns rules of which about half of the fields are set.
func randomRules(random *rand.Rand) hpa.Rules {
	var r hpa.Rules
	half := func() bool { return random.IntN(2) == 0 }
	if half() {
		windows := []time.Duration{0, 0, 15 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}
		window := windows[random.IntN(len(windows))]
		r.Window = &window
	}
	if half() {
		r.Select = []hpa.Select{hpa.SelectMax, hpa.SelectMin, hpa.SelectMin, hpa.SelectDisabled}[random.IntN(4)]
	}
	if random.IntN(4) == 0 {
		// As a quantity in thousandths becomes a float64.
		tolerance := float64(random.IntN(400)) * math.Pow10(-3)
		r.Tolerance = &tolerance
	}
	if half() {
		for range 1 + random.IntN(3) {
			periods := []int{1, 15, 20, 30, 60, 300, 1 + random.IntN(600)}
			p := hpa.Policy{Percent: half(), Value: 1 + random.Int32N(6), Period: time.Duration(periods[random.IntN(len(periods))]) * time.Second}
			if p.Percent {
				p.Value = 1 + random.Int32N(200)
			}
			r.Policies = append(r.Policies, p)
		}
	}
	return r
}
