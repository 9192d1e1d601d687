//go:build !linux || !(amd64 || arm64)

package nonblock

import "net"

// Conn returns conn.
func Conn(conn net.Conn) net.Conn { return conn }
