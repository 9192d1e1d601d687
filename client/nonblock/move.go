//go:build linux && (amd64 || arm64) && !race

package nonblock

import (
	"syscall"
	"unsafe"
)

// move reads or writes, again where a signal came between. p is not empty.
func move(call, descriptor uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(call, descriptor, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), 0
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
