//go:build unix && !(linux && (amd64 || arm64))

package nonblock

import (
	"errors"
	"syscall"
)

// Quiet reports whether the socket is open and nothing has come in on it.
func Quiet(descriptor uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(descriptor), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT) // a descriptor
	return errors.Is(err, syscall.EAGAIN)
}

// ReadStart reads what a file begins with, and returns how many bytes that is.
func ReadStart(descriptor int, p []byte) (int, error) { return syscall.Pread(descriptor, p, 0) }

// Size returns the size of an open file or folder, in bytes if it is a file.
func Size(descriptor int) (int64, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(descriptor, &stat); err != nil {
		return 0, err
	}
	return stat.Size, nil
}
