//go:build !unix

package proctest

import (
	"os"
	"syscall"
)

// ownGroup does nothing: there are no process groups.
func ownGroup(*syscall.SysProcAttr) {}

// killGroup kills the process, not those that it started.
func killGroup(pid int) {
	if process, err := os.FindProcess(pid); err == nil {
		_ = process.Kill() // it may have ended already
	}
}
