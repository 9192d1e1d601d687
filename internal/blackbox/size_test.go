//go:build linux

package blackbox_test

import (
	"os"
	"runtime"
	"testing"
)

// The program lies beside every web pod. What makes it larger should be worth
// it.
func TestProgramIsSmall(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(os.Getenv(binaryVariable))
	if err != nil {
		t.Fatal(err)
	}
	const most = 13_500_000
	if runtime.GOARCH == "amd64" && info.Size() > most {
		t.Errorf("the program has %d bytes; at most %d", info.Size(), most)
	}
}
