package collector

import (
	"slices"
	"strings"
	"testing"
)

// origin is where a metric comes from in its document: a row of
// testdata/metric-fields.tsv.
type origin struct {
	// fields are paths in the document; * means any member.
	fields []string
	// since is the first release of nginx, or of NGINX Plus with an R.
	since string
}

// origins returns all origins by the name of the metric.
func origins(tb testing.TB) map[string]origin {
	tb.Helper()
	all := map[string]origin{}
	for _, row := range tsv(tb, "metric-fields.tsv", "metric", "fields", "since") {
		all[row[0]] = origin{fields: strings.Split(row[1], ", "), since: row[2]}
	}
	return all
}

// has reports whether a field is one of the origin's.
func (o origin) has(path string) bool {
	return slices.ContainsFunc(o.fields, func(pattern string) bool {
		begin, end, some := strings.Cut(pattern, "*")
		return path == pattern || some && strings.HasPrefix(path, begin) && strings.HasSuffix(path, end)
	})
}

// A metric changes with the fields that docs/metrics.md has for it, and with no
// others.
func TestMetricsComeFromTheirFields(t *testing.T) {
	expositions, origins := newFieldPages(t), origins(t)
	fields := tsv(t, "endpoints.tsv", "endpoint", "json_path", "json_type")
	for _, d := range Families(accessLog(t)) {
		o := origins[d.Name]
		delete(origins, d.Name)
		if !strings.HasPrefix(d.Origin, "/") || strings.HasPrefix(d.Name, "angie_") || strings.HasSuffix(d.Name, "_per_second") { // which takes two readings
			continue
		}
		found := 0
		for _, f := range fields {
			if f[0] != d.Origin || !o.has(f[1]) {
				continue
			}
			found++
			if before, after := expositions.around(t, field{f[0], f[1]}, f[2]); linesOf(before, d.Name) == linesOf(after, d.Name) {
				t.Errorf("%s does not change with %s %s", d.Name, f[0], f[1])
			}
		}
		if found < max(1, len(o.fields)) || o.since == "" {
			t.Errorf("%s: %s has %d of the fields %q, since %q", d.Name, d.Origin, found, o.fields, o.since)
		}
	}
	for name := range origins {
		t.Errorf("no metric %s", name)
	}
}

// linesOf returns the lines of one family.
func linesOf(exposition, name string) string {
	var lines strings.Builder
	for line := range strings.Lines(exposition) {
		series, _, _ := strings.Cut(line, "{")
		series, _, _ = strings.Cut(series, " ")
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			if series == name+suffix {
				lines.WriteString(line)
			}
		}
	}
	return lines.String()
}
