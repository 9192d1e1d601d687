//go:build linux && (amd64 || arm64)

package nonblock

import (
	"syscall"
	"unsafe"
)

// Quiet reports whether the socket is open and nothing has come in on it.
func Quiet(descriptor uintptr) bool {
	var b byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, descriptor, uintptr(unsafe.Pointer(&b)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno == syscall.EAGAIN
}

// ReadStart reads what a file of /proc begins with, and returns how many bytes
// that is. Files of a disk have to be waited for and must not be read by it.
func ReadStart(descriptor int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PREAD64, uintptr(descriptor),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Size returns the size of an open file or folder, in bytes if it is a file.
func Size(descriptor int) (int64, error) {
	var stat syscall.Stat_t
	_, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(descriptor), uintptr(unsafe.Pointer(&stat)), 0)
	if errno != 0 {
		return 0, errno
	}
	return stat.Size, nil
}
