package collector

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

// The tests of this file check all families. A new family needs no change here,
// only a scene that has it.

func TestFamilies(t *testing.T) {
	families := Families(accessLog(t))
	names := make([]string, len(families))
	for i, d := range families {
		names[i] = d.Name
		if !model.LegacyValidation.IsValidMetricName(d.Name) {
			t.Errorf("%q is not a valid name of a metric", d.Name)
		}
		// The texts of nginx-module-vts stay as they are.
		if !isSentence(d.Help) && (!isVTS(d.Name) || !isSentence(d.Help+".")) {
			t.Errorf("%s: help %q is not one sentence that ends in a full stop", d.Name, d.Help)
		}
		if !slices.IsSorted(d.Labels) || len(slices.Compact(slices.Clone(d.Labels))) != len(d.Labels) {
			t.Errorf("%s: labels %q are not sorted, or not unique", d.Name, d.Labels)
		}
		for _, label := range d.Labels {
			// addr is reserved for the label of targets.
			if !model.LegacyValidation.IsValidLabelName(label) || strings.HasPrefix(label, "__") || label == "addr" || label == "le" {
				t.Errorf("%s: %q is not a valid label", d.Name, label)
			}
		}
		if d.Origin == "" {
			t.Errorf("%s has no origin", d.Name)
		}
	}
	if !slices.IsSorted(names) {
		t.Error("families are not sorted by name")
	}
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not unique: %q", names)
	}
}

// isSentence reports whether a help text is one sentence that needs no escaping in
// the text format.
func isSentence(help string) bool {
	body, ended := strings.CutSuffix(help, ".")
	first, _ := utf8.DecodeRuneInString(body)
	return ended && strings.ToUpper(string(first)) == string(first) && !strings.Contains(body, ". ") &&
		!strings.HasSuffix(body, ".") && strings.TrimSpace(body) == body && !strings.ContainsAny(body, "\\\n\t\"")
}

// Each family is on a golden page.
func TestEveryFamilyIsOnAGoldenPage(t *testing.T) {
	expositions, err := filepath.Glob(filepath.Join("testdata", "*.prom"))
	if err != nil || len(expositions) < len(scenes()) {
		t.Fatalf("%d golden pages (%v); make golden writes one for each of the %d scenes", len(expositions), err, len(scenes()))
	}
	shown := map[string]bool{}
	for _, path := range expositions {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name := range oracle.Parse(t, string(text)) {
			shown[name] = true
		}
	}
	for _, f := range Families() {
		if !shown[f.Name] {
			t.Errorf("no scene shows %s (%s)", f.Name, f.Origin)
		}
	}
}

// Golden files of removed scenes must be removed too.
func TestGoldenPagesHaveScenes(t *testing.T) {
	expositions, err := filepath.Glob(filepath.Join("testdata", "*.prom"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range expositions {
		name := strings.TrimSuffix(filepath.Base(path), ".prom")
		if !slices.ContainsFunc(scenes(), func(s scene) bool { return s.name == name }) {
			t.Errorf("no scene for %s", path)
		}
	}
}

// isVTS reports whether a family is one of nginx-module-vts.
func isVTS(name string) bool { return strings.HasPrefix(name, "nginx_vts_") }

// clumsy returns the findings of promlint for names that must stay compatible with
// those of another program. Other names must have none.
func clumsy(tb testing.TB, legacy map[string]bool) map[string]string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "promlint-allowed.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	allowed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, problem, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if allowed[name] = problem; !legacy[name] {
			tb.Errorf("promlint-allowed.tsv: %s is not a name of another program", name)
		}
	}
	return allowed
}

func TestNamesArePrometheus(t *testing.T) {
	legacy := map[string]bool{}
	for _, table := range compatible() {
		for _, m := range compatibleMetrics(t, table) {
			legacy[m.name] = true
		}
	}
	var families []*dto.MetricFamily
	for _, d := range Families(accessLog(t)) {
		families = append(families, exampleOf(d))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	allowed, found := clumsy(t, legacy), map[string]string{}
	for _, p := range problems {
		found[p.Metric] = p.Text
		if text, listed := allowed[p.Metric]; !listed || text != p.Text {
			t.Errorf("promlint: %s: %s", p.Metric, p.Text)
		}
	}
	for name := range allowed {
		if found[name] == "" {
			t.Errorf("promlint accepts %s; remove it from promlint-allowed.tsv", name)
		}
	}
}

// exampleOf returns a family with one series.
func exampleOf(f metric.Family) *dto.MetricFamily {
	m, kind := &dto.Metric{Gauge: &dto.Gauge{Value: new(float64)}}, dto.MetricType_GAUGE
	switch f.Kind {
	case metric.KindCounter:
		m, kind = &dto.Metric{Counter: &dto.Counter{Value: new(float64)}}, dto.MetricType_COUNTER
	case metric.KindHistogram:
		m, kind = &dto.Metric{Histogram: &dto.Histogram{}}, dto.MetricType_HISTOGRAM
	case metric.KindGauge, metric.KindSummary:
	}
	for _, name := range f.Labels {
		m.Label = append(m.Label, &dto.LabelPair{Name: &name, Value: new(string)})
	}
	return &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: &kind, Metric: []*dto.Metric{m}}
}

// Each sidecar costs Prometheus as many series as its exposition has.
func TestSidecarPageIsSmall(t *testing.T) {
	const most = 30
	exposition := scrapeOnce(t, Options{}, start(t, says("nginx/1.29.1", plainPage)).options(t))
	count := 0
	for _, f := range exposition.Gather() {
		count += len(f.GetMetric())
	}
	if count > most {
		t.Errorf("the exposition of one stub_status target has %d series; want at most %d", count, most)
	}
}
