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
