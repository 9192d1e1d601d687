package doctor_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/hpa"
	"nginx-exporter/internal/doctor/status"
)

// TestDocsTroubleshooting checks that docs/troubleshooting.md describes each cause once, under
// the command that finds it, in sentences.
func TestDocsTroubleshooting(t *testing.T) {
	text, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## What `nginx-exporter doctor` finds\n")
	local, cluster, found := strings.Cut(rest, "\n## What `nginx-exporter doctor hpa` finds\n")
	if !found {
		t.Fatal("the page has no section for each command")
	}
	for section, codes := range map[string][]doctor.Code{local: status.Codes(), cluster: hpa.Codes()} {
		for _, cause := range strings.Split(section, "\n### ")[1:] {
			code, description, _ := strings.Cut(cause, "\n")
			if !regexp.MustCompile("^\n.+[.`] \\*\\*Fix:\\*\\* .+[.`]\n$").MatchString(description) {
				t.Errorf("the description of %s is not an explanation and a fix in sentences:%s", code, description)
			}
			if !slices.Contains(codes, doctor.Code(code)) {
				t.Errorf("%s is described, but not found", code)
			}
		}
		for _, code := range codes {
			if n := strings.Count(string(text), "\n### "+string(code)+"\n"); n != 1 {
				t.Errorf("%s is described %d times", code, n)
			}
			if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(string(code)) {
				t.Errorf("%q is not a valid code", code)
			}
		}
	}
}
