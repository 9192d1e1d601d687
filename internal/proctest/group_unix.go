//go:build unix

package proctest

import "syscall"

// ownGroup makes the process lead a group, so that the whole group can be killed.
func ownGroup(attr *syscall.SysProcAttr) { attr.Setpgid = true }

// killGroup kills what is left of the group that the process leads.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
