package collector

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/client"
)

// The part of docs/metrics.md between these lines is generated; the rest is
// written by hand.
const (
	docsBegin = "<!-- metrics:begin -->\n"
	docsEnd   = "<!-- metrics:end -->\n"
)

func TestDocsMetrics(t *testing.T) {
	path := filepath.Join("..", "docs", "metrics.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := strings.Cut(string(text), docsBegin)
	_, tail, ended := strings.Cut(rest, docsEnd)
	if !begun || !ended {
		t.Fatalf("%s has no lines %q and %q", path, docsBegin, docsEnd)
	}
	sameAsFile(t, path, []byte(head+docsBegin+metricsTable(origins(t))+docsEnd+tail))
	// Label values that the table does not have.
	for _, reason := range client.Reasons() {
		if !strings.Contains(head+tail, "`"+string(reason)+"`") {
			t.Errorf("%s does not explain the reason %q", path, reason)
		}
	}
	for _, reason := range []string{"duplicate", "invalid", "limit"} {
		if !strings.Contains(head+tail, "`"+reason+"`") {
			t.Errorf("%s does not explain the reason %q", path, reason)
		}
	}
}

// metricsTable describes every metric in Markdown.
func metricsTable(origins map[string]origin) string {
	var table strings.Builder
	table.WriteString("| name | type | labels | meaning | source | field | since |\n|---|---|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;")
	for _, d := range Families() {
		o := origins[d.Name]
		for _, text := range []string{
			code(d.Name), d.Kind.String(), code(d.Labels...), cell.Replace(d.Help), cell.Replace(d.Origin), code(o.fields...), o.since,
		} {
			table.WriteString("| " + text + " ")
		}
		table.WriteString("|\n")
	}
	return table.String()
}

// code formats names as code in Markdown.
func code(names ...string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
