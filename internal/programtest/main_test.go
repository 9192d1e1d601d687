//go:build linux

package programtest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binaryVariable is the variable in which TestMain sets the path of the program.
// Child processes do not inherit it.
const binaryVariable = "NGINX_EXPORTER_TEST_BINARY"

func TestMain(m *testing.M) {
	directory, err := build()
	if err != nil {
		_ = os.RemoveAll(directory) // the other error is reported
		fmt.Fprintln(os.Stderr, "programtest: the program does not build:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(directory) // in the temporary directory of the system
		os.Exit(code)
	}))
}

// build builds the program like a release, except for its version.
func build() (directory string, err error) {
	if directory, err = os.MkdirTemp("", "programtest-*"); err != nil {
		return "", err
	}
	if err := os.Chmod(directory, 0o755); err != nil { // other users run it too
		return directory, err
	}
	binary := filepath.Join(directory, "nginx-exporter")
	command := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w", "-o", binary, "nginx-exporter/cmd/nginx-exporter")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return directory, fmt.Errorf("%w\n%s", err, output)
	}
	return directory, os.Setenv(binaryVariable, binary)
}
