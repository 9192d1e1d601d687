package collector

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/collector/metric"
)

// legacyMetric is a metric of nginx-prometheus-exporter.
type legacyMetric struct {
	name, kind string
	labels     []string
}

func legacyMetrics(tb testing.TB) []legacyMetric {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "legacy-metrics.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	const columns, least = 3, 100
	if len(lines) < least || lines[0] != "metric\ttype\tlabels" {
		tb.Fatalf("%d lines, the first one %q", len(lines), lines[0])
	}
	var metrics []legacyMetric
	for _, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != columns {
			tb.Fatalf("%q has not %d columns", line, columns)
		}
		m := legacyMetric{name: fields[0], kind: fields[1]}
		if fields[2] != "-" {
			m.labels = slices.Sorted(slices.Values(strings.Split(fields[2], ",")))
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// Dashboards and alerts written for nginx-prometheus-exporter continue to work.
func TestLegacyMetrics(t *testing.T) {
	ours := map[string]metric.Family{}
	for _, d := range Families() {
		ours[d.Name] = d
	}
	for _, m := range legacyMetrics(t) {
		d, found := ours[m.name]
		switch {
		case !found:
			t.Errorf("%s is missing", m.name)
		case d.Kind.String() != m.kind || !slices.Equal(d.Labels, m.labels):
			t.Errorf("%s is a %s with labels %q; it was a %s with %q", m.name, d.Kind, d.Labels, m.kind, m.labels)
		}
		// They are one family in OpenMetrics.
		if _, both := ours[m.name+"_total"]; both {
			t.Errorf("both %s and %[1]s_total exist", m.name)
		}
	}
}
