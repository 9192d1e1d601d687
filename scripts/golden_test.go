//go:build unix

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoldenPackages checks that "make golden" runs only packages of this module: go test
// fails for others, although their tests define -update, too.
func TestGoldenPackages(t *testing.T) {
	command := exec.CommandContext(t.Context(), "bash", "golden.sh", "Golden")
	command.Env = append(os.Environ(), "GO=echo") // prints the arguments
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for argument := range strings.FieldsSeq(string(output)) {
		if !strings.HasPrefix(argument, "./") {
			continue
		}
		packages++
		for dir := filepath.Clean(argument); dir != "."; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join("..", dir, "go.mod")); err == nil {
				t.Errorf("%s is in the module of %s", argument, dir)
			}
		}
	}
	if packages == 0 {
		t.Errorf("no packages in %q", output)
	}
}
