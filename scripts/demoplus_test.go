//go:build unix

package scripts_test

import (
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDemoPlus builds the program and runs the demo with simulated NGINX Plus.
func TestDemoPlus(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	if out, status := run(t, command(t, "build.sh", program)); status != 0 {
		t.Fatalf("build.sh: status %d:\n%s", status, out)
	}
	demo := command(t, "demo-plus.sh", program)
	out, status := run(t, demo)
	if status != 0 {
		t.Fatalf("demo-plus.sh: status %d:\n%s", status, out)
	}
	for _, pattern := range []string{
		`(?m)^  nginxplus_http_requests_total +[0-9]+ +[0-9]+ +\+[0-9]+0$`,
		`(?m)^  nginxplus_upstream_server_requests\{.*\} +[0-9]+ +[0-9]+ +\+[0-9]+0$`,
		`(?m)^  nginxplus_up +1 +1 *$`,
		`(?m)^  series of caches +[1-9][0-9]* +0$`,
		`with the live page at http://127\.0\.0\.1:[0-9]+/\n$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("nothing matches %s in\n%s", pattern, out)
		}
	}
	addresses := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindAllString(out, -1)
	slices.Sort(addresses)
	if addresses = slices.Compact(addresses); len(addresses) != 2 {
		t.Errorf("%d addresses instead of those of the API and of the exporter in\n%s", len(addresses), out)
	}
	for _, address := range addresses {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("%s is still in use", address)
			_ = conn.Close() // nothing was written
		}
	}
	empty(t, demo)
}

func TestDemoPlusFails(t *testing.T) {
	demo := command(t, "demo-plus.sh", program(t, "echo 'test failure' >&2; exit 1"))
	out, status := run(t, demo)
	if status != 1 || !strings.Contains(out, "test failure\ndemo-plus: the exporter did not start\n") {
		t.Errorf("status %d:\n%s", status, out)
	}
	empty(t, demo)
}
