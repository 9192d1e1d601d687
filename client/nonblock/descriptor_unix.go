//go:build unix && !linux

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
