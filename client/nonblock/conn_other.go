//go:build !linux

package nonblock

import "net"

// Conn returns conn.
func Conn(conn net.Conn) net.Conn { return conn }
