package collector

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"nginx-exporter/client/vts"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin/vtstest"
)

// The exposition has the families of the module's own Prometheus format, with the
// same types, texts, labels and values. The recorded page was requested one request
// after the recorded document, which a few counters show.
func TestVTSIsLikeThePrometheusFormatOfTheModule(t *testing.T) {
	own := vtstest.Prometheus()
	want := oracle.Parse(t, sumsRemoved(string(own)))
	got := oracle.Parse(t, oracle.Text(t, scrapeOnce(t, Options{}, asking(t, serveVTS(t, "v0.2.7")))))
	const families = 28
	if len(want) != families {
		t.Errorf("the recorded page has %d families", len(want))
	}
	for name, theirs := range want {
		ours := got[name]
		if ours == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if help := strings.TrimSpace(strings.Replace(theirs.GetHelp(), " [vts]", "", 1)); !strings.EqualFold(ours.GetHelp(), help) {
			t.Errorf("%s: help %q, want %q", name, ours.GetHelp(), help)
		}
		if ours.GetType() != theirs.GetType() {
			t.Errorf("%s is a %s, want %s", name, ours.GetType(), theirs.GetType())
		}
		series := seriesOf(ours)
		// The module leaves out servers that had no request yet.
		maps.DeleteFunc(series, func(labels string, _ float64) bool { return strings.Contains(labels, "127.0.0.1:28183") })
		compareSeries(t, name, series, seriesOf(theirs))
	}
}

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

// The zone * is exposed with the names of nginx-vts-exporter only.
func TestVTSSumOfAllZones(t *testing.T) {
	target := asking(t, serveVTS(t, "full"))
	if text := oracle.Text(t, scrapeOnce(t, Options{}, target)); strings.Contains(text, `"*"`) {
		t.Errorf("the zone * is exposed:\n%s", text)
	}
	if text := oracle.Text(t, scrapeOnce(t, Options{VTSCompat: true}, target)); !strings.Contains(text, `server_requests{code="total",host="*"} `) {
		t.Errorf("the zone * is not exposed:\n%s", text)
	}
}

// sumsRemoved removes the zone that is the sum of all others.
func sumsRemoved(page string) string {
	return regexp.MustCompile(`(?m)^.*\{host="\*".*\n`).ReplaceAllString(page, "")
}

func compareSeries(t *testing.T, name string, ours, theirs map[string]float64) {
	t.Helper()
	for labels, want := range theirs {
		got, found := ours[labels]
		const bytes = 8192 // of the response to the first request
		if !found || math.Abs(got-want) > 1 && (!strings.Contains(name, "bytes_total") || math.Abs(got-want) > bytes) {
			t.Errorf("%s{%s} is %v, want %v", name, labels, got, want)
		}
	}
	if len(ours) != len(theirs) {
		t.Errorf("%s has %d series, want %d", name, len(ours), len(theirs))
	}
}

// seriesOf returns the values of a family by the sorted labels. The buckets of a
// histogram have their bounds as numbers: the module writes them with zeros.
func seriesOf(f *dto.MetricFamily) map[string]float64 {
	series := map[string]float64{}
	for _, m := range f.GetMetric() {
		var pairs []string
		for _, pair := range m.GetLabel() {
			pairs = append(pairs, pair.GetName()+"="+strconv.Quote(pair.GetValue()))
		}
		slices.Sort(pairs)
		labels := strings.Join(pairs, ",")
		switch h := m.GetHistogram(); {
		case h != nil:
			for _, b := range h.GetBucket() {
				series[labels+" le="+strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)] = float64(b.GetCumulativeCount())
			}
			series[labels+" count"], series[labels+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
		case m.GetCounter() != nil:
			series[labels] = m.GetCounter().GetValue()
		default:
			series[labels] = m.GetGauge().GetValue()
		}
	}
	return series
}
