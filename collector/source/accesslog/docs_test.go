package accesslog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/client/accesslog"
)

// TestMigratingNamesAll checks that docs/migrating.md has each name of other
// exporters, and what it is by default.
func TestMigratingNamesAll(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "migrating.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range AllNames() {
		s := newSource(t, accesslog.Options{Format: "$server_name $request_method $status $request_completion $request_time $request_length $bytes_sent " +
			"$upstream_addr $proxy_host $upstream_status $upstream_connect_time $upstream_header_time $upstream_response_time"}, Options{Names: names})
		for _, f := range s.Families() {
			if !strings.HasPrefix(f.Name, "nginx_exporter_") && f.Name != "nginx_http_upstream_responses_total" && f.Name != "nginx_http_server_errors_total" &&
				!strings.Contains(string(text), "`"+f.Name+"`") && !strings.Contains(string(text), "`"+f.Name+"{") {
				t.Errorf("no %s of %s", f.Name, names)
			}
		}
	}
}
