package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
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
