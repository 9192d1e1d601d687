package simulate_test

import (
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/simulate"
)

// TestRateAfterStep compares how much of a step of the load rate() shows with what
// was computed from the rule of Prometheus for ten phases of the scrape.
func TestRateAfterStep(t *testing.T) {
	type share struct {
		at        int // seconds after the step
		low, high float64
	}
	for _, c := range []struct {
		window, scrape int
		shares         []share
	}{
		{60, 15, []share{{15, 0.03, 0.33}, {30, 0.37, 0.67}, {45, 0.7, 1}, {60, 1, 1}}},
		{60, 30, []share{{15, 0, 0.5}, {30, 0.1, 1}, {45, 0.6, 1}, {60, 1, 1}}},
		{120, 30, []share{{15, 0, 0.17}, {30, 0.03, 0.33}, {45, 0.2, 0.5}, {60, 0.37, 0.67}, {90, 0.7, 1}, {120, 1, 1}}},
		{300, 30, []share{{15, 0, 0.06}, {60, 0.12, 0.22}, {120, 0.34, 0.44}, {240, 0.79, 0.89}, {300, 1, 1}}},
	} {
		delay := simulate.Delay{Scrape: time.Duration(c.scrape) * time.Second, Window: time.Duration(c.window) * time.Second}
		pods := simulate.NewPods(delay, simulate.Startup{}, 0, 5, 100)
		const step = 600
		pods.AdvanceTo(step * time.Second)
		if total := pods.Total(); total < 99.999 || total > 100.001 {
			t.Errorf("%d/%d: %v before the step", c.window, c.scrape, total)
		}
		pods.SetRate(1100)
		for _, s := range c.shares {
			pods.AdvanceTo(time.Duration(step+s.at) * time.Second)
			if got := (pods.Total() - 100) / 1000; got < s.low-0.005 || got > s.high+0.005 {
				t.Errorf("window %d, scrape %d: %.3f of the step after %ds, want %v to %v", c.window, c.scrape, got, s.at, s.low, s.high)
			}
		}
	}
}

// TestYoungPods checks how the controller sees new pods: pending, missing, then with
// a rate that is too low until they are older than the window.
func TestYoungPods(t *testing.T) {
	delay := simulate.Delay{Scrape: 30 * time.Second, Window: 5 * time.Minute}
	pods := simulate.NewPods(delay, simulate.Startup{Pending: 10 * time.Second, Starting: 5 * time.Second}, 0, 1, 200)
	pods.AdvanceTo(600 * time.Second)
	pods.Scale(2)
	const ready = 615
	for _, want := range []struct {
		age   int // since it is ready
		state simulate.State
		share []float64 // of the true rate
	}{
		{-10, simulate.Pending, nil},
		{-3, simulate.Missing, nil},
		{20, simulate.Missing, nil},
		{60, simulate.Counted, []float64{0.1, 0.21}},
		{180, simulate.Counted, []float64{0.5, 0.61}},
		{320, simulate.Counted, []float64{0.999, 1}},
	} {
		pods.AdvanceTo(time.Duration(ready+want.age) * time.Second)
		var got simulate.Group
		number := int32(0)
		pods.Groups(func(g simulate.Group) {
			got = g
			number += g.Number
		})
		share := float64(got.Sample) / 100_000
		if number != 2 || got.State != want.state || want.share != nil && (share < want.share[0] || share > want.share[1]) {
			t.Errorf("after %ds: %d pods, the new one has state %d, and %.3f of its rate, want %v", want.age, number, got.State, share, want)
		}
	}
}

// TestScaleDownRemovesTheYoungest checks which pods a ReplicaSet keeps.
func TestScaleDownRemovesTheYoungest(t *testing.T) {
	pods := simulate.NewPods(simulate.Delay{Scrape: 15 * time.Second, Window: time.Minute}, simulate.Startup{Pending: time.Minute}, 0, 4, 100)
	pods.AdvanceTo(time.Minute)
	pods.Scale(10)
	pods.AdvanceTo(90 * time.Second)
	pods.Scale(5)
	counts := map[simulate.State]int32{}
	pods.Groups(func(g simulate.Group) { counts[g.State] += g.Number })
	if counts[simulate.Counted] != 4 || counts[simulate.Pending] != 1 || pods.Replicas() != 5 {
		t.Errorf("states %v of %d replicas", counts, pods.Replicas())
	}
	pods.Scale(0)
	pods.Groups(func(g simulate.Group) { t.Errorf("group %+v of no pods", g) })
}
