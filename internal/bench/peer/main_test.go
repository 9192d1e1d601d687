//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The exporter is compared with itself: the report must have all numbers, and
// those that do not depend on the machine must be as expected.
func TestComparesWithItself(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "nginx-exporter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "nginx-exporter/cmd/nginx-exporter").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var out, log strings.Builder
	args := []string{"-ours", binary, "-peer", binary, "-peer-flags", "--web.exporter-metrics=none", "-run", "stub_status|Plus [SM]", "-rounds", "1", "-scale", "0.1"}
	if err := run(t.Context(), args, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for _, pattern := range []string{
		`(?m)^ *stub_status, gzip +ours +\d+\.\d+ +\d+\.\d +\d+\.\d +\d+ +\d\.\d +1\.00 +0\.\d\d *$`,
		`(?m)^ *Plus S, gzip +ratio +\d+\.\d+ +\d\.\d+ +\d\.\d+ +\d\.\d+ +\d\.\d+ *$`,
		`(?m)^ *Plus M, gzip +peer +\d+\.\d+ .* 19\.00 +\d\.\d\d *$`,
		`(?m)^growth of CPU with series, S to M: ours -?\d+\.\d\d, peer -?\d+\.\d\d$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(out.String()) {
			t.Errorf("the report does not match %s:\n%s", pattern, &out)
		}
	}
}

func TestFailsClearly(t *testing.T) {
	t.Parallel()
	for want, args := range map[string]string{
		"executable file not found":     "-ours no-such-program",
		"usage":                         "-ours true -peer true extra",
		"error parsing regexp":          "-ours true -peer true -run (",
		"stub_status, gzip: true ended": "-ours true -peer true -run stub -rounds 1",
	} {
		var log strings.Builder
		if err := run(t.Context(), strings.Fields(args), &log, &log); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
