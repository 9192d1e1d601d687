package view_test

import (
	"math"
	"slices"
	"testing"

	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/view"
)

// hit is what a protocol may count of a server: requests by code, and durations.
type hit struct {
	host, code string
	requests   float64
	durations  []float64 // in each bucket
}

func hits() *metric.Table[*hit] {
	return metric.NewTable("test", "", []metric.Row[*hit]{
		metric.Counter("hits", "Hits.", func(h *hit) value.Value { return value.Of(h.requests) }),
		metric.NewHistogram("hit_seconds", "Durations.", func(to *metric.Histogram, h *hit) {
			to.Bounds = append(to.Bounds, .1, 1, math.Inf(1))
			to.Counts = append(to.Counts, h.durations...)
			to.Sum = h.requests
		}),
	}, metric.LabelFrom("host", func(h *hit) string { return h.host }), metric.LabelFrom("code", func(h *hit) string { return h.code }))
}

// Series that differ only in labels the view does not name are added up, and what is
// not known stays absent.
func TestBuild(t *testing.T) {
	b := metric.NewBatch([]metric.Label{{Name: "addr", Value: "x"}})
	metric.Add(b, hits(), &hit{"a", "200", 5, []float64{4, 1, 0}}, &hit{"a", "204", 2, []float64{1, 0, 1}},
		&hit{"b", "503", 3, []float64{0, 0, 3}}, &hit{"a", "500", 1, nil})
	v := &view.View{Kind: view.Zone, By: []string{"host"}, Columns: append([]view.Column{
		{Role: view.Requests, Metric: "hits"}, {Role: view.Duration, Metric: "hit_seconds"}, {Role: view.Sent, Metric: "none"},
	}, view.Responses("hits", "code")...)}
	table := view.Build(v, []*metric.Batch{b})
	if len(table.Names) != 2 || table.Names[0][0] != "a" || table.Names[1][0] != "b" {
		t.Fatalf("the rows are %v", table.Names)
	}
	want := map[view.Role][]float64{
		view.Requests: {8, 3}, view.Duration: {7, 3},
		view.Responses2xx: {7, math.NaN()}, view.Responses5xx: {1, 3},
	}
	for _, d := range table.Data {
		for row, v := range d.Values {
			if w := want[d.Role][row]; v.Float() != w && !(math.IsNaN(w) && !v.IsSet()) {
				t.Errorf("%s of row %d is %v, not %v", d.Role, row, v.Float(), w)
			}
		}
		if summed := d.Role != view.Responses5xx; d.Summed != summed {
			t.Errorf("%s is summed: %v", d.Role, d.Summed)
		}
		delete(want, d.Role)
		if d.Role == view.Duration {
			got := d.Buckets[0]
			if !slices.Equal(got.Bounds, []float64{.1, 1}) || !slices.Equal(got.Counts, []float64{5, 1, 1}) || got.Sum != 7 {
				t.Errorf("the buckets are %+v", got)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("there is no column %v", want)
	}
	if view.Build(&view.View{Columns: []view.Column{{Metric: "none"}}}, []*metric.Batch{b}) != nil {
		t.Error("there is a table without rows")
	}
}

func TestStateByNumber(t *testing.T) {
	state := view.ByNumber(view.Down, view.Up)
	for number, want := range map[float64]view.State{0: view.Down, 1: view.Up, 2: view.Unknown, -1: view.Unknown, .5: view.Unknown} {
		if got := state(number); got != want {
			t.Errorf("%v is %s, not %s", number, got, want)
		}
	}
}
