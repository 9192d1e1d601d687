package snippet

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGoldenChart compares the files that the Helm chart puts into a ConfigMap with the snippet for access logs, without the
// comments about how to install it.
func TestGoldenChart(t *testing.T) {
	for transport, o := range map[string]options{"spool": nil, "udp": {"syslog=127.0.0.1:9514"}} {
		lines := slices.DeleteFunc(strings.SplitAfter(text(t, "access-log", o...), "\n"), func(line string) bool {
			return strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# A server or location")
		})
		got := strings.Join(lines, "")
		file := filepath.Join("../../charts/nginx-exporter/files", "access-log-"+transport+".conf")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not up to date (make golden):\n%s", file, got)
		}
	}
}
