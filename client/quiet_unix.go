//go:build unix

package client

import (
	"net"
	"syscall"

	"nginx-exporter/client/nonblock"
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
		silent = nonblock.Quiet(fd)
		return true
	})
	return err == nil && silent
}
