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

// TestDemoStandin builds the program and runs the demos with simulated status
// interfaces.
func TestDemoStandin(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	if out, status := run(t, command(t, "build.sh", program)); status != 0 {
		t.Fatalf("build.sh: status %d:\n%s", status, out)
	}
	for dialect, patterns := range map[string][]string{
		"plus": {
			`(?m)^  nginxplus_http_requests_total +[0-9]+ +[0-9]+ +\+[0-9]+0$`,
			`(?m)^  nginxplus_upstream_server_requests\{.*\} +[0-9]+ +[0-9]+ +\+[0-9]+0$`,
			`(?m)^  nginxplus_up +1 +1$`,
			`(?m)^  series of caches +[1-9][0-9]* +0\n  all series of NGINX Plus +[1-9][0-9]* +[1-9][0-9]*\n.*source="http_caches"\} 1$`,
		},
		"angie": {
			`(?m)^  angie_http_server_zones_requests_total\{.*\} +[0-9]+ +[0-9]+ +\+[0-9]+$`,
			`(?m)^  nginx_up +1 +1$`,
			`(?m)^  series of caches +[1-9][0-9]* +0\n  all series of Angie +[1-9][0-9]* +[1-9][0-9]*\n.*source="angie_http_caches"\} 1$`,
		},
		"vts": {
			`(?m)^  nginx_vts_info\{hostname="standin",module_version="v0\.2\.7",version="1\.29\.4"\} +1 +1 *$`,
			`(?m)^  nginx_vts_server_requests_total\{code="2xx",host="site0000\.example\.com"\} +[0-9]+ +[0-9]+ +\+[0-9]+$`,
			`(?m)^  nginx_up +1 +0$`,
			`(?m)^  series of the module +[1-9][0-9]* +0\n.*\n.*\{reason="status",source="vts"\} 1$`,
		},
	} {
		t.Run(dialect, func(t *testing.T) {
			demo := command(t, "demo-standin.sh", dialect, program)
			out, status := run(t, demo)
			if status != 0 {
				t.Fatalf("demo-standin.sh: status %d:\n%s", status, out)
			}
			for _, pattern := range append(patterns, `DEMO_KEEP=1 make demo-`+dialect+` keeps them running,\nwith the live page at http://127\.0\.0\.1:[0-9]+/\n$`) {
				if !regexp.MustCompile(pattern).MatchString(out) {
					t.Errorf("nothing matches %s in\n%s", pattern, out)
				}
			}
			checkEnded(t, out, 2)
			empty(t, demo)
		})
	}
}

// checkEnded checks that nothing listens at the addresses in the output of a demo.
func checkEnded(t *testing.T, out string, want int) {
	t.Helper()
	addresses := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindAllString(out, -1)
	slices.Sort(addresses)
	if addresses = slices.Compact(addresses); len(addresses) != want {
		t.Errorf("%d addresses instead of %d in\n%s", len(addresses), want, out)
	}
	for _, address := range addresses {
		if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("%s is still in use", address)
			_ = conn.Close() // nothing was written
		}
	}
}

func TestDemoStandinFails(t *testing.T) {
	demo := command(t, "demo-standin.sh", "angie", program(t, "echo 'test failure' >&2; exit 1"))
	out, status := run(t, demo)
	if status != 1 || !strings.Contains(out, "test failure\ndemo-angie: the exporter did not start\n") {
		t.Errorf("status %d:\n%s", status, out)
	}
	empty(t, demo)
}
