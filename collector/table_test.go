package collector

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// The tests of this file walk all tables there are. A new table needs nothing
// here: only a scene that shows it.

func TestDescs(t *testing.T) {
	descs := Descs(Options{ExporterMetrics: MetricsNone})
	names := make([]string, len(descs))
	for i, d := range descs {
		names[i] = d.Name
		if !model.LegacyValidation.IsValidMetricName(d.Name) {
			t.Errorf("%q is no name of a metric", d.Name)
		}
		if !isSentence(d.Help) {
			t.Errorf("%s: help %q is not one sentence that ends in a full stop", d.Name, d.Help)
		}
		if !slices.IsSorted(d.Labels) || len(slices.Compact(slices.Clone(d.Labels))) != len(d.Labels) {
			t.Errorf("%s: labels %q are not sorted, or one is there twice", d.Name, d.Labels)
		}
		for _, label := range d.Labels {
			// addr tells targets apart, so no metric may have it for itself.
			if !model.LegacyValidation.IsValidLabelName(label) || strings.HasPrefix(label, "__") || label == "addr" || label == bucketLabel {
				t.Errorf("%s: %q is not fit for a label", d.Name, label)
			}
		}
		if d.Source == "" {
			t.Errorf("%s has no source", d.Name)
		}
	}
	if !slices.IsSorted(names) {
		t.Error("families are not sorted by name")
	}
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("a name is there twice: %q", names)
	}
}

// isSentence reports whether a help text is one sentence, fit for the text
// format as it stands.
func isSentence(help string) bool {
	body, ended := strings.CutSuffix(help, ".")
	first, _ := utf8.DecodeRuneInString(body)
	return ended && strings.ToUpper(string(first)) == string(first) && !strings.Contains(body, ". ") &&
		!strings.HasSuffix(body, ".") && strings.TrimSpace(body) == body && !strings.ContainsAny(body, "\\\n\t\"")
}

// Each row stands on a golden page, with each of the values that its further
// label can have.
func TestEveryRowIsOnAGoldenPage(t *testing.T) {
	shown := goldenFamilies(t)
	for _, table := range newTables(&Options{}).all {
		for i, d := range table.descs() {
			if shown[d.Name] == nil {
				t.Errorf("no scene shows %s (%s)", d.Name, d.Source)
				continue
			}
			label, values := walk(t, table).known(i)
			for _, value := range values {
				if !shown[d.Name][label][value] {
					t.Errorf("no scene shows %s{%s=%q}", d.Name, label, value)
				}
			}
		}
	}
}

// goldenFamilies returns the label values on all golden pages, by the names of
// families and labels.
func goldenFamilies(tb testing.TB) map[string]map[string]map[string]bool {
	tb.Helper()
	pages, err := filepath.Glob(filepath.Join("testdata", "*.prom"))
	if err != nil || len(pages) < len(scenes()) {
		tb.Fatalf("%d golden pages (%v); make golden writes one for each of the %d scenes", len(pages), err, len(scenes()))
	}
	shown := map[string]map[string]map[string]bool{}
	for _, path := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		for name, f := range parse(tb, string(text)) {
			if shown[name] == nil {
				shown[name] = map[string]map[string]bool{}
			}
			for _, pair := range pairsOf(f) {
				if shown[name][pair.GetName()] == nil {
					shown[name][pair.GetName()] = map[string]bool{}
				}
				shown[name][pair.GetName()][pair.GetValue()] = true
			}
		}
	}
	return shown
}

func pairsOf(f *dto.MetricFamily) []*dto.LabelPair {
	var pairs []*dto.LabelPair
	for _, m := range f.GetMetric() {
		pairs = append(pairs, m.GetLabel()...)
	}
	return pairs
}

// A golden page has no scene any more if its file is forgotten.
func TestGoldenPagesHaveScenes(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("testdata", "*.prom"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pages {
		name := strings.TrimSuffix(filepath.Base(path), ".prom")
		if !slices.ContainsFunc(scenes(), func(s scene) bool { return s.name == name }) {
			t.Errorf("%s belongs to no scene", path)
		}
	}
}

// unread lists fields of documents that no row reads, with the reason.
func unread() map[string]string {
	return map[string]string{
		"StubStatus.Version": "the source makes a document of its own of it, for nginx_server_info",
	}
}

// Each field that the client decodes changes something on the page.
func TestEveryFieldIsUsed(t *testing.T) {
	fields := map[string]bool{}
	documents := documents(t)
	for _, table := range newTables(&Options{}).all {
		for name, used := range walk(t, table).fields(documents) {
			fields[name] = fields[name] || used
		}
	}
	// What the walk has to find, so that it is not silent for finding nothing.
	if !fields["StubStatus.Requests"] || fields["StubStatus.Version"] {
		t.Fatalf("the walk finds %v", fields)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, listed := unread()[name]; listed == fields[name] {
			t.Errorf("field %s: used by a row: %t; listed as unread: %t", name, fields[name], listed)
		}
	}
	for name := range unread() {
		if _, found := fields[name]; !found {
			t.Errorf("field %s is listed as unread, but there is none", name)
		}
	}
}

// documents names the types that have a table.
func documents(tb testing.TB) map[string]bool {
	tb.Helper()
	names := map[string]bool{}
	for _, table := range newTables(&Options{}).all {
		names[walk(tb, table).document()] = true
	}
	return names
}

// Each table renders the same by all renderers, whether nginx sent everything
// or nothing.
func TestRenderersAgreeOnEveryTable(t *testing.T) {
	target := []Label{{"addr", nasty}, {"code", nasty}}
	for _, table := range newTables(&Options{}).all {
		w := walk(t, table)
		families := checkRenderers(t, w.filled(documents(t), target))
		for _, d := range table.descs() {
			f := families[d.Name]
			if f == nil {
				t.Errorf("%s is not on the page of a %s that has everything", d.Name, w.document())
				continue
			}
			checkFamily(t, d, f)
		}
		if page := w.empty(target); page != nil {
			checkRenderers(t, page)
		}
	}
}

// checkFamily holds a family against its description.
func checkFamily(tb testing.TB, d Desc, f *dto.MetricFamily) {
	tb.Helper()
	if f.GetHelp() != d.Help || f.GetType() != *d.Kind.dto() {
		tb.Errorf("%s has help %q and type %s", d.Name, f.GetHelp(), f.GetType())
	}
	for _, m := range f.GetMetric() {
		var names []string
		for _, pair := range m.GetLabel() {
			if pair.GetName() != "addr" && (pair.GetName() != "code" || slices.Contains(d.Labels, "code")) {
				names = append(names, pair.GetName())
			}
		}
		if !slices.Equal(names, d.Labels) {
			tb.Errorf("%s has labels %q; its description says %q", d.Name, names, d.Labels)
		}
	}
}

// clumsy lists what promlint says of names that have to stay, since others
// have them. No name of ours belongs there.
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
			tb.Errorf("promlint-allowed.tsv: %s is ours to name", name)
		}
	}
	return allowed
}

func TestNamesArePrometheus(t *testing.T) {
	legacy := map[string]bool{}
	for _, m := range legacyMetrics(t) {
		legacy[m.name] = true
	}
	var families []*dto.MetricFamily
	for _, d := range Descs(Options{ExporterMetrics: MetricsNone}) {
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
			t.Errorf("promlint has nothing against %s any more", name)
		}
	}
}

// exampleOf returns a family with one series.
func exampleOf(d Desc) *dto.MetricFamily {
	m := newMetric(d.Kind, 1, nil, 0)
	if d.Kind == Histogram {
		m = newHistogram(&plus.Histogram{Sum: value.Of(1), Bounds: []float64{1}, Counts: []float64{1}}, nil)
	}
	for _, label := range d.Labels {
		m.Label = append(m.Label, newPair(label, "value"))
	}
	return &dto.MetricFamily{Name: &d.Name, Help: &d.Help, Type: d.Kind.dto(), Metric: []*dto.Metric{m}}
}

// A pod pays for each series of its sidecar.
func TestSidecarPageIsSmall(t *testing.T) {
	const most = 30
	page := scrape(t, Options{}, start(t, says("nginx/1.29.1", plainPage)).options(t))
	count := 0
	for _, f := range page.Gather() {
		count += len(f.GetMetric())
	}
	if count > most {
		t.Errorf("the page of one stub_status target has %d series; at most %d are wanted", count, most)
	}
}
