package doctor_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/hpa"
	"nginx-exporter/internal/doctor/status"
)

// causes are those of both commands.
func causes() []doctor.Cause { return slices.Concat(status.Causes(), hpa.Causes()) }

// TestDocsTroubleshooting checks that docs/troubleshooting.md describes the
// causes.
func TestDocsTroubleshooting(t *testing.T) {
	const path, begin, end = "../../docs/troubleshooting.md", "<!-- causes:begin -->\n", "<!-- causes:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(text), begin)
	_, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no markers for the causes", path)
	}
	var list strings.Builder
	command := ""
	for _, cause := range causes() {
		if cause.Command != command {
			command = cause.Command
			fmt.Fprintf(&list, "## What `nginx-exporter %s` finds\n\n", command)
		}
		fmt.Fprintf(&list, "### %s\n\n%s **Fix:** %s\n\n", cause.Code, cause.Meaning, cause.Fix)
	}
	compare(t, path, before+begin+list.String()+end+after)
}

// TestCauses checks that each code is unique and well-formed, and that each
// description consists of sentences.
func TestCauses(t *testing.T) {
	seen := map[doctor.Code]bool{}
	for _, c := range causes() {
		if seen[c.Code] {
			t.Errorf("%s is listed twice", c.Code)
		}
		seen[c.Code] = true
		if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(string(c.Code)) {
			t.Errorf("%q is not a valid code", c.Code)
		}
		if c.Command != doctor.Local && c.Command != doctor.HPA {
			t.Errorf("%s has the unknown command %q", c.Code, c.Command)
		}
		for _, sentence := range []string{c.Meaning, c.Fix} {
			if !strings.HasSuffix(strings.TrimSuffix(sentence, "`"), ".") && !strings.HasSuffix(sentence, "`") {
				t.Errorf("%s: %q is not a sentence", c.Code, sentence)
			}
		}
	}
}
