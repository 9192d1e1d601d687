package collector

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nginx-exporter/client/vts"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin/vtstest"
)

// vtsNotExported has the fields of nginx-module-vts that are not exposed, and why.
func vtsNotExported() map[string]string {
	const (
		list  = "the values whose average is requestMsec or responseMsec"
		setup = "a setting, which the Prometheus format of the module does not have either"
	)
	reasons := map[string]string{
		"nowMsec":          "the time of the scrape",
		"sharedZones.name": "in the help text of the module's own format, which must not depend on the target",
		"filterZones.{filter}.{filter_name}.statusCodes.{code}": "the Prometheus format of the module has them for servers only",
		"upstreamZones.{upstream}.[].weight":                    setup,
		"upstreamZones.{upstream}.[].maxFails":                  setup,
		"upstreamZones.{upstream}.[].failTimeout":               setup,
	}
	for _, object := range []string{"serverZones.{host}", "filterZones.{filter}.{filter_name}", "upstreamZones.{upstream}.[]", "cacheZones.{cache_zone}"} {
		reasons[object+".overCounts.maxIntegerSize"] = "it matters for counters that have wrapped, of which the document has none"
		for _, kind := range []string{"request", "response"} {
			reasons[object+"."+kind+"Msecs.times.[]"], reasons[object+"."+kind+"Msecs.msecs.[]"] = list, list
		}
	}
	return reasons
}

// vtsPattern returns the path of a field with the names of its objects replaced.
func vtsPattern(steps []string) string {
	pattern := slices.Clone(steps)
	names := map[string][]string{
		"serverZones": {"{host}"}, "filterZones": {"{filter}", "{filter_name}"}, "upstreamZones": {"{upstream}"}, "cacheZones": {"{cache_zone}"},
	}[steps[0]]
	copy(pattern[1:], names)
	for i := 1; i < len(pattern); i++ {
		if pattern[i-1] == "statusCodes" {
			pattern[i] = "{code}"
		}
	}
	return strings.Join(pattern, ".")
}

// vtsFields calls f for each field of the document, with its pattern, after changing
// it. It is changed back afterwards.
func vtsFields(tb testing.TB, value any, steps []string, set func(any), f func(pattern string)) {
	tb.Helper()
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name != "*" { // a zone that is left out
				vtsFields(tb, v[name], append(slices.Clone(steps), name), func(to any) { v[name] = to }, f)
			}
		}
		return
	case []any:
		for i := range v {
			vtsFields(tb, v[i], append(slices.Clone(steps), "[]"), func(to any) { v[i] = to }, f)
		}
		return
	}
	changed, found := other(value)
	if number, ok := value.(json.Number); ok {
		n, err := number.Float64()
		changed, found = n+1, err == nil // which leaves most histograms valid
	}
	if !found {
		tb.Fatalf("%q cannot be changed", steps)
	}
	set(changed)
	f(vtsPattern(steps))
	set(value)
}

// Every field of nginx-module-vts is exposed, or has a reason in vtsNotExported, and
// docs/metrics.md has for each metric exactly the fields that change it. The fields
// of overCounts change the same metrics as the counters.
func TestEveryFieldOfVTS(t *testing.T) {
	full := vtstest.Recorded("full")
	tree, _ := decodeTree(t, string(full))
	var body atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, _ := body.Load().([]byte)
		_, _ = w.Write(text) // the exporter may have left
	}))
	t.Cleanup(server.Close)
	options := asking(t, server.URL+"/status/format/json")
	options.Client.Mode = vts.Mode // json.Marshal changes the order by which it is recognized
	c := newCollector(t, Options{ExporterMetrics: MetricsNone}, options)
	scrape := func() map[string]string {
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		body.Store(text)
		return familyTexts(oracle.Text(t, c.Scrape(t.Context())))
	}
	before := scrape()
	found := map[string]map[string]bool{} // patterns by metric
	exported := map[string]bool{}
	vtsFields(t, tree, nil, nil, func(pattern string) {
		after := scrape()
		exported[pattern] = exported[pattern] || false
		for name := range before {
			if strings.HasPrefix(name, "nginx_vts_") && before[name] != after[name] {
				exported[pattern] = true
				if found[name] == nil {
					found[name] = map[string]bool{}
				}
				found[name][pattern] = true
			}
		}
	})
	checkVTSFields(t, found, exported)
}

func checkVTSFields(t *testing.T, found map[string]map[string]bool, exported map[string]bool) {
	t.Helper()
	reasons := vtsNotExported()
	for pattern, is := range exported {
		if reason := reasons[pattern]; is == (reason != "") {
			t.Errorf("%s is exported: %t; the reason not to is %q", pattern, is, reason)
		}
	}
	origins := origins(t)
	for name, patterns := range found {
		listed := maps.Clone(patterns)
		maps.DeleteFunc(listed, func(pattern string, _ bool) bool { return strings.Contains(pattern, ".overCounts.") })
		want := slices.Sorted(slices.Values(origins[name].fields))
		if got := slices.Sorted(maps.Keys(listed)); !slices.Equal(got, want) {
			t.Errorf("%s has the fields %q, want\n%s\t%s\t", name, want, name, strings.Join(got, ", "))
		}
	}
}
