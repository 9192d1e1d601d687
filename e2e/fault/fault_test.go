package fault

import (
	"regexp"
	"strings"
	"testing"
)

func TestFaultsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range All() {
		if seen[f.Name] || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(f.Name) {
			t.Errorf("the name %q is there twice, or is none for a file", f.Name)
		}
		seen[f.Name] = true
		if healthy := strings.HasPrefix(f.Name, "healthy-"); healthy != (f.Want == "") {
			t.Errorf("%s has the cause %q", f.Name, f.Want)
		}
		if f.inject == nil && f.Subject == "" && f.User == "" && f.Kubectl == "" && f.Prometheus == "" {
			t.Errorf("%s breaks nothing", f.Name)
		}
	}
	if len(seen) < 30 {
		t.Errorf("%d faults, want 30 or more", len(seen))
	}
}
