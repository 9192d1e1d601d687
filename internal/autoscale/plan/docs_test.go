package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/picture"
)

// TestDocsPlan compares the plan in the documentation, and its picture in the README, with
// that of a cluster in testdata.
func TestDocsPlan(t *testing.T) {
	const command = "nginx-exporter autoscale plan shop/deployment/web --requests-per-second=50 --min=2 --max=20"
	p := makePlan(t, readCluster(t, "adapter"), request(deployment()))
	const begin, end = "<!-- plan:begin -->\n", "<!-- plan:end -->"
	page := read(t, "docs/autoscale.md")
	before, rest, hasBegin := strings.Cut(page, begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatal("docs/autoscale.md has no part for the plan")
	}
	compare(t, "docs/autoscale.md", before+begin+"```text\n$ "+command+"\n"+text(t, p)+"```\n"+end+after)

	var colored strings.Builder
	if err := p.WriteText(&colored, true, false); err != nil {
		t.Fatal(err)
	}
	var headings []string // without the differences
	for line := range strings.Lines(colored.String()) {
		if !strings.HasPrefix(line, "        ") {
			headings = append(headings, line)
		}
	}
	compare(t, "docs/img/plan.svg", picture.SVG(command, strings.Join(headings, "")))
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../..", file))
	if err != nil && !*update {
		t.Fatal(err)
	}
	return string(text)
}

// compare compares a file of the documentation, or rewrites it.
func compare(t *testing.T, file, want string) {
	t.Helper()
	switch got := read(t, file); {
	case *update:
		if err := os.WriteFile(filepath.Join("../../..", file), []byte(want), 0o644); err != nil { //nolint:gosec // readable by all
			t.Fatal(err)
		}
	case got != want:
		t.Errorf("%s is outdated; run make docs and read git diff", file)
	}
}
