package metric_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/collector/metric"
)

// key identifies a series by its labels.
func key(names, values []string) string {
	var pairs []string
	for i := range names {
		pairs = append(pairs, names[i]+"="+values[i])
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// numbers are the values of a family: those of counters and gauges, and the sums of
// histograms.
func numbers(family *dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, m := range family.GetMetric() {
		var names, values []string
		for _, l := range m.GetLabel() {
			names, values = append(names, l.GetName()), append(values, l.GetValue())
		}
		all[key(names, values)] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
	}
	return all
}

// Each visits the series of the exposition, with the same labels and values.
func TestEachVisitsTheExposition(t *testing.T) {
	t.Parallel()
	b := batchOf(thingTable("code"), []metric.Label{{Name: "addr", Value: "a"}}, things()...)
	for _, family := range expositionOf(b).Gather() {
		visited := map[string]float64{}
		b.Each(family.GetName(), func(s *metric.Sample) {
			if s.Label("addr") != "a" || s.Label("none") != "" {
				t.Errorf("%s: the labels are %v %v", family.GetName(), s.Names, s.Values)
			}
			number := s.Value.Float()
			if s.Histogram != nil {
				number = s.Histogram.Sum
			}
			visited[key(s.Names, s.Values)] = number
		})
		if want := numbers(family); !maps.Equal(visited, want) {
			t.Errorf("%s: visited %v; the exposition has %v", family.GetName(), visited, want)
		}
	}
	b.Each("test_none", func(*metric.Sample) { t.Error("a family that does not exist has a sample") })
}
