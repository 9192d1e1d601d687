package inject

import (
	"os"
	"strings"
	"testing"
)

// TestReasons checks that docs/inject.md mentions every status, reason and bound.
func TestReasons(t *testing.T) {
	page, err := os.ReadFile("../../docs/inject.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{
		Injected, Removed, Unchanged, Skipped, Refused,
		reasonNoPods, reasonShared, reasonOptedOut, reasonAnnotation, reasonAlready, reasonDiffers, reasonNameTaken, reasonWindows, reasonNoNginx,
		reasonExporter, reasonOwnMetrics, reasonHostNetwork, reasonPort, reasonLayout, reasonStatus, reasonNone, reasonUnmarked,
		"16 MiB", "200 levels",
	} {
		if !strings.Contains(string(page), word) {
			t.Errorf("docs/inject.md does not mention %q", word)
		}
	}
}
