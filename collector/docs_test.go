package collector

import (
	"os"
	"path/filepath"
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
	sameAsFile(t, path, []byte(head+docsBegin+metricsTable(origins(t), Families(accessLog(t)))+docsEnd+tail))
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

// metricsTable describes every metric in Markdown.
func metricsTable(origins map[string]origin, families []metric.Family) string {
	var table strings.Builder
	table.WriteString("| name | type | labels | meaning | source | field | since |\n|---|---|---|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;")
	for _, d := range families {
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
