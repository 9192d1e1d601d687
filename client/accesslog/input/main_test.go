//go:build unix

package input

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(chaosSpool); path != "" {
		chaosReader(path, os.Getenv(chaosRecord))
		return
	}
	goleak.VerifyTestMain(m)
}
