package main

import (
	stdflag "flag" // flag is a type of this package
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

var update = stdflag.Bool("update", false, "rewrite the generated documents and the scripts")

// TestMain runs the test binary as the program in the scripts.
func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){programName: main})
}

// leakless runs the tests, and fails if they leave goroutines behind.
type leakless struct{ tests *testing.M }

func (l leakless) Run() int {
	status := l.tests.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}
