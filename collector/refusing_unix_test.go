//go:build unix

package collector

import (
	"net"
	"strconv"
	"syscall"
	"testing"
)

// refusing returns an address that refuses connections. Its port is taken until
// the test ends, so that no other process can listen there.
func refusing(tb testing.TB) string {
	tb.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatal(err)
	}
	syscall.CloseOnExec(socket)
	tb.Cleanup(func() { _ = syscall.Close(socket) }) // nothing was written to it
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		tb.Fatal(err)
	}
	address, ok := bound.(*syscall.SockaddrInet4)
	if !ok {
		tb.Fatalf("bound to %v", bound)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port))
}
