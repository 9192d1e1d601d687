package collector

import (
	"strings"
	"testing"

	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
)

// With the names of nginx-vts-exporter, all its families exist, with the same types
// and labels.
func TestVTSExporterMetrics(t *testing.T) {
	ours := map[string]metric.Family{}
	for _, p := range protocols(&Options{VTSCompat: true, VTSNamespace: "nginx"}) {
		if p.Name() == string(vts.Mode) {
			for _, f := range p.Families() {
				ours[f.Name] = f
			}
		}
	}
	const families = 18
	rows := tsv(t, "vts-exporter-metrics.tsv", "metric", "type", "labels")
	if len(rows) != families {
		t.Errorf("the table has %d families", len(rows))
	}
	for _, row := range rows {
		if f, found := ours[row[0]]; !found || f.Kind.String() != row[1] || strings.Join(f.Labels, ",") != strings.Trim(row[2], "-") {
			t.Errorf("%s is a %s with labels %q, want a %s with %s", row[0], f.Kind, f.Labels, row[1], row[2])
		}
		delete(ours, row[0])
	}
	for name := range ours {
		if strings.HasPrefix(name, "nginx_vts_") {
			t.Errorf("%s is exposed, too", name)
		}
	}
}
