package scenario

import (
	"testing"
	"time"
)

// TestDeviation has a simulated HPA that goes from 1 to 4 replicas at 100 s.
func TestDeviation(t *testing.T) {
	simulated := []change{{At: 100, After: 4}}
	for _, test := range []struct {
		name    string
		at      int64
		desired int
		want    deviation
	}{
		{"before", 90, 1, deviation{syncs: 1, equal: 1, highest: 1, simulatedHighest: 1}},
		{"one sync early", 96, 4, deviation{syncs: 1, jitter: 1, highest: 4, simulatedHighest: 1}},
		{"one sync late", 104, 1, deviation{syncs: 1, jitter: 1, highest: 1, simulatedHighest: 4}},
		{"two syncs late", 108, 1, deviation{syncs: 1, different: 1, highest: 1, simulatedHighest: 4}},
		{"too many", 104, 5, deviation{syncs: 1, different: 1, highest: 5, simulatedHighest: 4}},
	} {
		var got deviation
		got.add(seen{at: time.Unix(test.at, 0), desired: test.desired}, 1, simulated)
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// TestSeries has an average with two sums, of which the nearer one counts.
func TestSeries(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	got := series([]seen{
		{at: at(100), average: 5, sum: 5},
		{at: at(105), average: 15, sum: 45, distance: 0.5},
		{at: at(106), average: 15, sum: 60},
		{at: at(110), average: 10, sum: 40},
	})
	if want := "100.000,5.000\n101.500,60.000\n106.500,40.000\n110.000,40.000\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestCounted chooses the pods whose average is nearest.
func TestCounted(t *testing.T) {
	for _, test := range []struct {
		average     float64
		before, now []float64
		pods        int
	}{
		{10, []float64{10}, []float64{5, 5}, 1}, {5, []float64{10}, []float64{5, 5}, 2}, {5, nil, []float64{4}, 1}, {5, []float64{4, 4}, nil, 2},
	} {
		if pods, _ := counted(test.average, test.before, test.now); pods != test.pods {
			t.Errorf("%v: %d pods", test, pods)
		}
	}
}
