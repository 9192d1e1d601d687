package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocsPlan compares the plans in the documentation with that of a cluster in
// testdata.
func TestDocsPlan(t *testing.T) {
	whole := text(t, makePlan(t, readCluster(t, "adapter"), request(deployment())))
	var headings []string
	for line := range strings.SplitSeq(whole, "\n") {
		if !strings.HasPrefix(line, "        ") {
			headings = append(headings, line)
		}
	}
	for file, shown := range map[string]string{"docs/autoscale.md": whole, "README.md": strings.Join(headings, "\n")} {
		file = filepath.Join("../../..", file)
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const begin, end = "<!-- plan:begin -->\n", "<!-- plan:end -->"
		before, rest, hasBegin := strings.Cut(string(page), begin)
		_, after, hasEnd := strings.Cut(rest, end)
		const command = "$ nginx-exporter autoscale plan shop/deployment/web --requests-per-second=50 --min=2 --max=20\n"
		want := before + begin + "```text\n" + command + shown + "```\n" + end + after
		switch {
		case !hasBegin || !hasEnd:
			t.Errorf("%s has no part for the plan", file)
		case *update:
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil { //nolint:gosec // readable by all
				t.Fatal(err)
			}
		case want != string(page):
			t.Errorf("%s is outdated; run make docs and read git diff", file)
		}
	}
}
