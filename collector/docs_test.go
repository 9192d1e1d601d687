package collector

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	logs "nginx-exporter/collector/source/accesslog"
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
	sameAsFile(t, path, []byte(head+docsBegin+metricsTables(origins(t), Families(accessLog(t)))+docsEnd+tail))
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

// accessLog returns the source of an access log with all variables.
func accessLog(tb testing.TB) source.Source {
	tb.Helper()
	format, err := accesslog.Compile(accesslog.Options{Format: "$server_name $request_method $status $request_time $request_length $bytes_sent " +
		"$proxy_host $upstream_status $upstream_connect_time $upstream_header_time $upstream_response_time $upstream_cache_status"})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := logs.New(nil, logs.Options{Format: format, Windows: []time.Duration{time.Minute}})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// metricsTables describes every metric in Markdown, in a table for each interface.
func metricsTables(origins map[string]origin, families []metric.Family) string {
	tables := []struct{ title, prefix, since string }{
		{"Exporter", "nginx_exporter_", ""},
		{"NGINX Plus", "nginxplus_", "R13"},
		{"Angie", "angie_", "Angie"},
		{"nginx-module-vts", "nginx_vts_", "vts 0.1.1"},
		{"stub_status and access logs", "", "0.1.18"}, // the rest
	}
	rows := make([][]metricRow, len(tables))
	for _, f := range families {
		for i, table := range tables {
			if strings.HasPrefix(f.Name, table.prefix) {
				rows[i] = addRow(rows[i], newRow(f, origins[f.Name], table.since))
				break
			}
		}
	}
	var text strings.Builder
	for i, table := range slices.Backward(tables) {
		text.WriteString("\n### " + table.title + "\n\n| metric | type | meaning | source |\n|---|---|---|---|\n")
		for _, row := range rows[i] {
			row.write(&text)
		}
	}
	return text.String()
}

// metricRow is a metric, or several that differ only in what they count for, such as a zone of http and of stream.
type metricRow struct {
	names, sources    []string
	kind, help, since string
}

func newRow(f metric.Family, o origin, since string) metricRow {
	row := metricRow{names: []string{f.Name}, kind: f.Kind.String(), help: f.Help, since: o.since}
	if len(f.Labels) > 0 {
		row.names[0] += "{" + strings.Join(f.Labels, ",") + "}"
	}
	if o.since == since || strings.Contains(f.Help, o.since) {
		row.since = ""
	}
	switch fields := joined(o.fields); {
	case f.Origin == "exporter":
	case len(fields) == 0:
		row.sources = []string{f.Origin}
	case f.Origin == "vts":
		row.sources = []string{code(fields...)}
	case strings.HasSuffix(f.Origin, "/"):
		row.sources = []string{code(f.Origin + strings.Join(fields, "`, `"))}
	default:
		row.sources = []string{f.Origin + " " + code(fields...)}
	}
	return row
}

// addRow adds a row, or its metric to a row that is equal otherwise.
func addRow(rows []metricRow, row metricRow) []metricRow {
	same := slices.IndexFunc(rows, func(r metricRow) bool {
		return r.kind == row.kind && r.help == row.help && r.since == row.since
	})
	if same < 0 {
		return append(rows, row)
	}
	rows[same].names = append(rows[same].names, row.names...)
	rows[same].sources = append(rows[same].sources, row.sources...)
	return rows
}

func (r *metricRow) write(w *strings.Builder) {
	help := strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(r.help)
	if r.since != "" {
		help += " (" + r.since + ")"
	}
	w.WriteString("| `" + strings.Join(r.names, "`<br>`") + "` | " + r.kind + " | " + help + " | " + strings.Join(r.sources, "<br>") + " |\n")
}

// joined joins paths that differ in one step: a.x.b and a.y.b become a.(x,y).b.
func joined(paths []string) []string {
	var all [][]string
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if !slices.ContainsFunc(all, func(other []string) bool { return join(other, steps) }) {
			all = append(all, steps)
		}
	}
	var text []string
	for _, steps := range all {
		text = append(text, strings.Join(steps, "."))
	}
	return text
}

// join adds the only step that differs to a path, and reports whether it did.
func join(path, other []string) bool {
	if len(path) != len(other) {
		return false
	}
	at := -1
	for i := range path {
		if path[i] != other[i] && at >= 0 {
			return false
		} else if path[i] != other[i] {
			at = i
		}
	}
	path[at] = "(" + strings.Trim(path[at], "()") + "," + other[at] + ")"
	return true
}

// code formats names as code in Markdown.
func code(names ...string) string {
	return "`" + strings.Join(names, "`, `") + "`"
}
