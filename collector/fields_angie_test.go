package collector

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-exporter/client/angie"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin/angietest"
)

// angieNotExported has the fields of Angie that are not exposed, and why.
func angieNotExported() map[string]string {
	const text, debug = "a text for people", "only builds for debugging have it"
	return map[string]string{
		"angie/address":                           "the address of the API itself, which is in the target",
		"angie/config_files/{file}":               "the text of the configuration, which may have secrets",
		"http/acme_clients/{name}/details":        text,
		"http/upstreams/{name}/zone":              debug,
		"http/upstreams/{name}/peers/{peer}/refs": debug,
		"stream/upstreams/{name}/zone":            debug,
	}
}

// angiePattern returns the path of a field with the names of its objects
// replaced.
func angiePattern(steps []string) string {
	pattern := ""
	for _, step := range steps {
		pattern = path.Join(pattern, angieStep(pattern, step))
	}
	return pattern
}

func angieStep(above, step string) string {
	name := map[string]string{
		"slots": "{size}", "responses": "{code}", "shards": "{path}", "peers": "{peer}", "metrics": "{key}", "{key}": "{metric}",
		"{metric}": "{bucket}", "config_files": "{file}",
		"slabs": "{name}", "server_zones": "{name}", "location_zones": "{name}", "caches": "{name}", "limit_conns": "{name}", "limit_reqs": "{name}",
		"acme_clients": "{name}", "metric_zones": "{name}", "upstreams": "{name}",
	}[path.Base(above)]
	switch {
	case above == "resolvers":
		return "{name}"
	case name == "", strings.HasPrefix(above, "resolvers/"):
		return step
	default:
		return name
	}
}

// angieFields calls f for each field of the tree that is not an object, with its
// pattern, after changing it. It is changed back afterwards.
func angieFields(tb testing.TB, tree map[string]any, steps []string, f func(pattern string)) {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		here := append(slices.Clone(steps), name)
		value := tree[name]
		if object, ok := value.(map[string]any); ok {
			angieFields(tb, object, here, f)
			continue
		}
		changed, found := other(value)
		if number, ok := value.(json.Number); ok {
			n, err := number.Float64()
			changed, found = n+1, err == nil // which leaves most histograms valid
		}
		if !found {
			tb.Fatalf("%q cannot be changed", here)
		}
		tree[name] = changed
		f(angiePattern(here))
		tree[name] = value
	}
}

// Every field of Angie is exposed, or has a reason in angieNotExported, and
// docs/metrics.md has for each metric exactly the fields that change it.
func TestEveryFieldOfAngie(t *testing.T) {
	tree, _ := decodeTree(t, angietest.Full())
	root, _ := tree.(map[string]any)
	var body atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, body.Load())
	}))
	t.Cleanup(server.Close)
	options := asking(t, server.URL+"/status/")
	options.Client.Mode = angie.Mode
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, options)
	scrape := func() map[string]string {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		body.Store(string(text))
		return familyTexts(oracle.Text(t, c.Scrape(t.Context())))
	}
	before := scrape()
	found := map[string]map[string]bool{} // metrics by pattern
	angieFields(t, root, nil, func(pattern string) {
		after := scrape()
		if found[pattern] == nil {
			found[pattern] = map[string]bool{}
		}
		for name := range before {
			if strings.HasPrefix(name, "angie_") && before[name] != after[name] {
				found[pattern][name] = true
			}
		}
	})
	checkAngieFields(t, found)
}

// familyTexts splits an exposition into the texts of its families, by name.
func familyTexts(exposition string) map[string]string {
	texts := map[string]string{}
	for text := range strings.SplitSeq(exposition, "# HELP ") {
		name, _, _ := strings.Cut(text, " ")
		texts[name] = text
	}
	return texts
}

// checkAngieFields compares the metrics that each field changes with the list and
// with the documentation.
func checkAngieFields(t *testing.T, found map[string]map[string]bool) {
	t.Helper()
	reasons := angieNotExported()
	documented := map[string][]string{}
	for pattern, metrics := range found {
		_, listed := reasons[pattern]
		delete(reasons, pattern)
		switch {
		case len(metrics) == 0 && !listed:
			t.Errorf("%s: no metric changes with it, and angieNotExported has no reason", pattern)
		case len(metrics) > 0 && listed:
			t.Errorf("%s: metrics change with it, although it is in angieNotExported", pattern)
		}
		for name := range metrics {
			documented[name] = append(documented[name], pattern)
		}
	}
	for pattern := range reasons {
		t.Errorf("%s: angieNotExported has it, and the document does not", pattern)
	}
	all := origins(t)
	for _, d := range Families() {
		if !strings.HasPrefix(d.Name, "angie_") {
			continue
		}
		part := strings.TrimPrefix(d.Origin, "/status/")
		var fields []string
		for _, pattern := range documented[d.Name] {
			fields = append(fields, strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(pattern, strings.TrimSuffix(part, "/")), "/"), "/", "."))
		}
		slices.Sort(fields)
		if want := slices.Sorted(slices.Values(all[d.Name].fields)); !slices.Equal(fields, want) || all[d.Name].since == "" {
			t.Errorf("metric-fields.tsv has for %s the fields %q since %q; it changes with\n%s\t%s\tAngie", d.Name, want, all[d.Name].since, d.Name, strings.Join(fields, ", "))
		}
	}
}
