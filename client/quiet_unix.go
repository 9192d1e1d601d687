//go:build unix

package client

import (
	"errors"
	"net"
	"syscall"
)

// quiet reports whether a kept connection is still open and nothing has come
// in on it, without waiting.
func quiet(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	access, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	silent := false
	err = access.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT) // a descriptor
		silent = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && silent
}
