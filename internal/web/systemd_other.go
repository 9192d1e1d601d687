//go:build !linux

package web

import (
	"errors"
	"net"
)

func activated() ([]net.Listener, error) {
	return nil, errors.New("systemd sockets are supported only on Linux")
}
