package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program lies beside every web pod. What makes it larger than that should
// be worth it.
func TestBuildIsSmall(t *testing.T) {
	const most = 13_500_000
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	build := exec.CommandContext(t.Context(), "./build.sh", program)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > most {
		t.Errorf("the program has %d bytes; at most %d", info.Size(), most)
	}
}

// The system calls that the program makes itself have other names and numbers on
// other systems.
func TestBuildsElsewhere(t *testing.T) {
	t.Parallel()
	for _, system := range []string{"linux/arm64", "linux/386", "linux/loong64", "darwin/arm64", "windows/amd64"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			name, architecture, _ := strings.Cut(system, "/")
			build := exec.CommandContext(t.Context(), "go", "build", "nginx-exporter/client/nonblock")
			build.Env = append(os.Environ(), "GOOS="+name, "GOARCH="+architecture, "CGO_ENABLED=0")
			if output, err := build.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// A tenth of the time for a document depends on it, and it is as long as what
// the compiler inlines may just be.
func TestScannerIsInlined(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-m", "nginx-exporter/client").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if !strings.Contains(string(output), "can inline (*scanner).peek\n") {
		t.Error("(*scanner).peek is not inlined any more")
	}
}
