//go:build linux

package blackbox_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binaryVariable is where TestMain leaves the path of the program for the
// tests. Children do not inherit it.
const binaryVariable = "NGINX_EXPORTER_BLACKBOX_BINARY"

func TestMain(m *testing.M) {
	directory, err := build()
	if err != nil {
		_ = os.RemoveAll(directory) // the error to tell is the other one
		fmt.Fprintln(os.Stderr, "blackbox: the program does not build:", err)
		os.Exit(1)
	}
	flag.Parse()
	if err := moreAtOnce(); err != nil {
		fmt.Fprintln(os.Stderr, "blackbox:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(directory) // a left-over in the folder for such things
		os.Exit(code)
	}))
}

// moreAtOnce lets more tests run in parallel than there are processors, unless
// somebody asked for a number: most of them wait for time-outs.
func moreAtOnce() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "6")
}

// build makes the program as a release has it: without cgo.
func build() (directory string, err error) {
	if directory, err = os.MkdirTemp("", "blackbox-*"); err != nil {
		return "", err
	}
	// Children that are not root run it too.
	if err := os.Chmod(directory, 0o755); err != nil {
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
