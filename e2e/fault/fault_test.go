package fault

import (
	"regexp"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range All() {
		if seen[f.Name] || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(f.Name) {
			t.Errorf("%q is a duplicate or not valid for a file", f.Name)
		}
		seen[f.Name] = true
		if healthy := strings.HasPrefix(f.Name, "healthy-"); healthy != (f.Want == "") {
			t.Errorf("%s expects %q", f.Name, f.Want)
		}
		if f.inject == nil && f.Subject == "" && f.User == "" && f.Kubectl == "" && f.Prometheus == "" {
			t.Errorf("%s changes nothing", f.Name)
		}
	}
	if len(seen) < 30 {
		t.Errorf("%d faults, want 30 or more", len(seen))
	}
}
