//go:build !linux

package proctest

import "syscall"

// endWithParent does nothing: only Linux supports it.
func endWithParent(*syscall.SysProcAttr) {}
