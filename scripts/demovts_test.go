//go:build unix

package scripts_test

import (
	"path/filepath"
	"regexp"
	"testing"
)

// TestDemoVTS builds the program and runs the demo with a simulated
// nginx-module-vts.
func TestDemoVTS(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	if out, status := run(t, command(t, "build.sh", program)); status != 0 {
		t.Fatalf("build.sh: status %d:\n%s", status, out)
	}
	demo := command(t, "demo-vts.sh", program)
	out, status := run(t, demo)
	if status != 0 {
		t.Fatalf("demo-vts.sh: status %d:\n%s", status, out)
	}
	for _, pattern := range []string{
		`(?m)^requests:    [0-9]+, then [0-9]+$`,
		`(?m)^  nginx_vts_info\{hostname="standin",module_version="v0\.2\.7",version="1\.29\.4"\} 1$`,
		`(?m)^  nginx_vts_server_requests_total\{code="2xx",host="site0000\.example\.com"\} [0-9]+$`,
		`(?m)^  nginx_exporter_scrape_errors_total\{reason="refused",source="vts"\} 1$`,
		`(?m)^  nginx_up 0$`,
		`(?m)^  series of nginx-module-vts: 0$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("nothing matches %s in\n%s", pattern, out)
		}
	}
	empty(t, demo)
}
