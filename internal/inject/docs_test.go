package inject

import (
	"os"
	"strings"
	"testing"
)

// TestReasons holds that docs/inject.md tells of everything that a report can
// say.
func TestReasons(t *testing.T) {
	page, err := os.ReadFile("../../docs/inject.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{
		Injected, Removed, Unchanged, Skipped, Refused,
		reasonNoPods, reasonShared, reasonOptedOut, reasonAnnotation, reasonAlready, reasonDiffers, reasonNameTaken, reasonWindows, reasonNoNginx,
		reasonExporter, reasonHostNetwork, reasonPort, reasonLayout, reasonStatus, reasonNone, reasonUnmarked,
		"16 MiB", "200 levels",
	} {
		if !strings.Contains(string(page), word) {
			t.Errorf("docs/inject.md does not tell of %q", word)
		}
	}
}
