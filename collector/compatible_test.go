package collector

import (
	"slices"
	"testing"

	"nginx-exporter/collector/metric"
)

// compatible lists the tables in testdata of metrics whose names, types and labels
// are those of another program, so that its dashboards and alerts continue to work.
func compatible() []string { return []string{"legacy-metrics.tsv", "angie-metrics.tsv"} }

// compatibleMetrics returns the metrics of one of the tables.
func compatibleMetrics(tb testing.TB, table string) []newFamily {
	tb.Helper()
	var metrics []newFamily
	for _, row := range tsv(tb, table, "metric", "type", "labels") {
		metrics = append(metrics, newFamily{name: row[0], kind: row[1], labels: labelList(row[2])})
	}
	const least = 20
	if len(metrics) < least {
		tb.Fatalf("%s has only %d metrics", table, len(metrics))
	}
	return metrics
}

func TestCompatibleMetrics(t *testing.T) {
	ours := map[string]metric.Family{}
	for _, d := range Families() {
		ours[d.Name] = d
	}
	for _, table := range compatible() {
		for _, m := range compatibleMetrics(t, table) {
			d, found := ours[m.name]
			switch {
			case !found:
				t.Errorf("%s: %s is missing", table, m.name)
			case d.Kind.String() != m.kind || !slices.Equal(d.Labels, m.labels):
				t.Errorf("%s: %s is a %s with labels %q; it was a %s with %q", table, m.name, d.Kind, d.Labels, m.kind, m.labels)
			}
			// They are one family in OpenMetrics.
			if _, both := ours[m.name+"_total"]; both {
				t.Errorf("both %s and %[1]s_total exist", m.name)
			}
		}
	}
}
