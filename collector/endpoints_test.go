package collector

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// field is one member of a document of nginx, as listed in
// testdata/endpoints.tsv.
type field struct{ endpoint, path string }

func (f field) String() string { return f.endpoint + " " + f.path }

// notExported has the fields that are not exposed, and why.
func notExported() map[field]string {
	const sum, another = "the sum of the classes, which are exposed", "each request may reach another worker"
	return map[field]string{
		{"/nginx", "address"}: "the address of the API itself, which is in the target",
		{"/nginx", "pid"}:     another,
		{"/http/server_zones/", "{name}.responses.total"}:               sum,
		{"/http/location_zones/", "{name}.responses.total"}:             sum,
		{"/http/upstreams/", "{name}.peers[].responses.total"}:          sum,
		{"/stream/server_zones/", "{name}.sessions.total"}:              sum,
		{"/http/upstreams/", "{name}.peers[].response_time_hist.count"}: "the buckets add up to the count, so that it agrees with them",
		{"/license", "reporting.uuid"}:                                  "it identifies the customer's instance",
	}
}

// Every field of NGINX Plus and stub_status is exposed, so that changing it in a
// document changes the exposition, or has a reason in notExported.
func TestEveryFieldIsExported(t *testing.T) {
	reasons := notExported()
	expositions := newFieldPages(t)
	fields := 0
	for _, f := range tsv(t, "endpoints.tsv", "endpoint", "json_path", "json_type") {
		kind := f[2]
		f := field{f[0], f[1]}
		fields++
		before, after := expositions.around(t, f, kind)
		_, listed := reasons[f]
		delete(reasons, f)
		switch changed := before != after; {
		case !changed && !listed:
			t.Errorf("%s: the exposition does not change with it, and notExported has no reason", f)
		case changed && listed:
			t.Errorf("%s: the exposition changes with it, although it is in notExported", f)
		}
	}
	for f := range reasons {
		t.Errorf("%s: notExported has it, and no document does", f)
	}
	const least = 260
	if fields < least {
		t.Errorf("only %d fields", fields)
	}
}

// tsv reads columns of a table in testdata.
func tsv(tb testing.TB, name string, columns ...string) [][]string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var rows [][]string
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(head) {
			tb.Fatalf("%s: %q has not %d columns", name, line, len(head))
		}
		var row []string
		for _, column := range columns {
			row = append(row, cells[slices.Index(head, column)])
		}
		rows = append(rows, row)
	}
	return rows
}

// fieldPages makes expositions of the sample with one document replaced.
type fieldPages struct {
	api    *standin.Nginx
	target TargetOptions
	before map[string]string // by the path of the document
}

func newFieldPages(tb testing.TB) *fieldPages {
	tb.Helper()
	p := &fieldPages{api: plustest.New(), before: map[string]string{}}
	server := p.api.Start()
	tb.Cleanup(server.Close)
	p.target = asking(tb, server.URL)
	p.target.Filter.Sources = everything()
	return p
}

// around returns the exposition before and after a change of the field, with
// all sources enabled.
func (p *fieldPages) around(tb testing.TB, f field, kind string) (before, after string) {
	tb.Helper()
	if f.endpoint == "stub_status" {
		return statusPages(tb, f.path)
	}
	path := strings.Trim(f.endpoint, "/")
	if path == "" {
		path = "root"
	}
	original := sampleDocument(tb, path)
	tree, _ := decodeTree(tb, original)
	changed, found := change(tree, steps(f.path), kind)
	if !found {
		tb.Fatalf("%s: %s cannot have it", f, original)
	}
	body, err := json.Marshal(changed)
	if err != nil {
		tb.Fatal(err)
	}
	if p.before[path] == "" {
		p.before[path] = p.with(tb, path, original)
	}
	after = p.with(tb, path, string(body))
	p.api.Set(standin.WithDocument(path, original))
	return p.before[path], after
}

// sampleDocument returns a document with its members in the order of json.Marshal.
func sampleDocument(tb testing.TB, path string) string {
	tb.Helper()
	switch path {
	case "root":
		return `["nginx","processes","connections","slabs","http","stream","resolvers","ssl","license","workers"]`
	case "http":
		return `["requests","server_zones","location_zones","caches","limit_conns","limit_reqs","keyvals","upstreams"]`
	case "stream":
		return `["server_zones","limit_conns","keyvals","zone_sync","upstreams"]`
	default:
		_, text := decodeTree(tb, string(plustest.Sample()[path]))
		return text
	}
}

func decodeTree(tb testing.TB, text string) (tree any, again string) {
	tb.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	body, err := json.Marshal(tree)
	if err != nil {
		tb.Fatal(err)
	}
	return tree, string(body)
}

// with returns the exposition with another document, without the values that
// differ between scrapes.
func (p *fieldPages) with(tb testing.TB, path, document string) string {
	tb.Helper()
	p.api.Set(standin.WithDocument(path, document))
	c := New(Options{ExporterMetrics: MetricsNone, ServerID: true})
	defer c.Close() // there are many of them
	if err := c.SetTargets([]TargetOptions{p.target}); err != nil {
		tb.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(oracle.Text(tb, c.Scrape(tb.Context()))) {
		if strings.HasPrefix(line, "nginxplus_") && !strings.HasPrefix(line, "nginxplus_scrape_") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// steps splits a path such as {name}.peers[].ssl.handshakes.
func steps(path string) []string {
	path = strings.ReplaceAll(path, "[]", ".[]")
	return strings.Split(strings.TrimPrefix(path, "."), ".")
}

// change changes the value at the path in the first object that has it, or adds it
// to the first object if none has it.
func change(tree any, path []string, kind string) (changed any, found bool) {
	if changed, found = visit(tree, path, other); found {
		return changed, true
	}
	return visit(tree, path, func(value any) (any, bool) {
		if kind == "string" {
			return "invented", value == nil
		}
		return json.Number("7"), value == nil
	})
}

// visit replaces the first value at the path for which with returns another one.
func visit(tree any, path []string, with func(any) (any, bool)) (changed any, found bool) {
	if len(path) == 0 {
		return with(tree)
	}
	switch tree := tree.(type) {
	case []any:
		return visitList(tree, path, with)
	case map[string]any:
		names := []string{path[0]}
		if strings.HasPrefix(path[0], "{") {
			names = slices.Sorted(maps.Keys(tree))
		}
		for _, name := range names {
			value, found := visit(tree[name], path[1:], with)
			if !found {
				continue
			}
			tree[name] = value
			return tree, true
		}
	case nil:
		if value, found := visit(map[string]any{}, path, with); found {
			return value, true
		}
	}
	return tree, false
}

// visitList visits the objects of a list. If the path ends at the list, its last
// element is removed.
func visitList(list []any, path []string, with func(any) (any, bool)) (changed any, found bool) {
	if len(path) == 1 && len(list) > 0 {
		return list[:len(list)-1], true
	}
	for i, element := range list {
		value, found := visit(element, path[1:], with)
		if found {
			list[i] = value
			return list, true
		}
	}
	return list, false
}

// other returns another value of the same kind.
func other(value any) (any, bool) {
	switch value := value.(type) {
	case json.Number:
		return json.Number("1" + value.String()), !strings.HasPrefix(value.String(), "-")
	case bool:
		return !value, true
	case string:
		if when, err := time.Parse(time.RFC3339, value); err == nil {
			return when.Add(time.Second).Format(time.RFC3339Nano), true
		}
		return value + "x", true
	case map[string]any: // of a key-value zone
		value["one more"] = "x"
		return value, true
	default:
		return value, false
	}
}

// statusPages are the expositions of two stub_status pages that differ in one number.
func statusPages(tb testing.TB, name string) (before, after string) {
	tb.Helper()
	numbers := []string{"Active connections", "accepts", "handled", "requests", "Reading", "Writing", "Waiting"}
	values := []any{291, 16630948, 16630946, 31070465, 6, 179, 106}
	i := slices.Index(numbers, name)
	if i < 0 {
		tb.Fatalf("stub_status has no %s", name)
	}
	show := func() string {
		body := fmt.Sprintf("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: %d Writing: %d Waiting: %d \n", values...)
		return oracle.Text(tb, scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, start(tb, says("nginx", body)).options(tb)))
	}
	before = settled(show())
	values[i] = 7
	return before, settled(show())
}

// newFamily is a row of testdata/new-families.tsv.
type newFamily struct {
	name, kind string
	labels     []string
	optIn      bool
}

func newFamilies(tb testing.TB) []newFamily {
	tb.Helper()
	var families []newFamily
	for _, row := range tsv(tb, "new-families.tsv", "proposed_metric", "type", "labels", "recommended") {
		if row[0] == "-" {
			continue
		}
		labels := labelList(row[2])
		for name := range strings.SplitSeq(row[0], ", ") {
			if strings.HasPrefix(name, "_") { // nginxplus_A_codes, _B_, _C_
				name = "nginxplus" + name + "responses_codes"
			}
			families = append(families, newFamily{name, row[1], labels, row[3] == "opt-in"})
		}
	}
	return families
}

// labelList returns the labels of a table in testdata, sorted.
func labelList(text string) []string {
	var labels []string
	for label := range strings.SplitSeq(text, ",") {
		label, _, _ = strings.Cut(strings.TrimSpace(label), ":") // code: dynamic
		if label != "-" && label != "le" {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

func TestNewFamilies(t *testing.T) {
	descs := map[string]metric.Family{}
	for _, d := range Families() {
		descs[d.Name] = d
	}
	for _, f := range newFamilies(t) {
		d, found := descs[f.name]
		if !found {
			t.Errorf("%s is missing", f.name)
			continue
		}
		if d.Kind.String() != f.kind {
			t.Errorf("%s is a %s, not a %s", f.name, d.Kind, f.kind)
		}
		for _, label := range f.labels {
			if !slices.Contains(d.Labels, label) {
				t.Errorf("%s has the labels %q, without %s", f.name, d.Labels, label)
			}
		}
		// The status codes have labels of their zones and servers beside code.
		if !strings.HasSuffix(f.name, "_codes") && !slices.Equal(d.Labels, f.labels) {
			t.Errorf("%s has the labels %q, not %q", f.name, d.Labels, f.labels)
		}
	}
}

// A new family is exposed by default, or with exactly one flag.
func TestNewFamiliesByDefault(t *testing.T) {
	byDefault := shownWith(t, nil)
	bySource := map[string]map[string]bool{}
	for _, s := range Sources() {
		if !s.Default {
			bySource[s.Name] = shownWith(t, map[string]bool{s.Name: true})
		}
	}
	optIn := 0
	for _, f := range newFamilies(t) {
		if f.optIn == byDefault[f.name] {
			t.Errorf("%s: opt-in %t, exposed by default %t", f.name, f.optIn, byDefault[f.name])
		}
		if !f.optIn {
			continue
		}
		optIn++
		var bring []string
		for source, shown := range bySource {
			if shown[f.name] {
				bring = append(bring, source)
			}
		}
		if len(bring) != 1 {
			t.Errorf("%s is exposed with %q", f.name, bring)
		}
	}
	const least = 8
	if optIn < least {
		t.Errorf("only %d families are opt-in", optIn)
	}
}

// shownWith returns the families of an exposition of the sample.
func shownWith(tb testing.TB, sources map[string]bool) map[string]bool {
	tb.Helper()
	o := asking(tb, servePlus(tb).URL)
	o.Filter.Sources = sources
	shown := map[string]bool{}
	for _, family := range scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, o).Gather() {
		shown[family.GetName()] = true
	}
	return shown
}
