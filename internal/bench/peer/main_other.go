//go:build !linux

package main

import (
	"fmt"
	"os"
)

// main only says why there is nothing to run: the costs are read from /proc.
func main() {
	fmt.Fprintln(os.Stderr, "bench-peer: error: works on Linux alone, where /proc tells what a process costs")
	os.Exit(1)
}
