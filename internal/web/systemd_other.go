//go:build !linux

package web

import (
	"errors"
	"net"
)

// SocketsPassed reports whether systemd has passed sockets to this process.
func SocketsPassed() bool { return false }

func activated() ([]net.Listener, error) {
	return nil, errors.New("systemd sockets are supported only on Linux")
}
