//go:build linux && (amd64 || arm64)

package nonblock_test

import (
	"errors"
	"net"
	"testing"

	"nginx-exporter/client/nonblock"
)

func TestListenerWraps(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener = nonblock.Listener(listener)
	dialled, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dialled.Close() }() // nothing was sent
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }() // nothing was sent
	if _, isPlain := accepted.(*net.TCPConn); isPlain {
		t.Error("the connection is not wrapped")
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := listener.Accept(); conn != nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener accepts %v, %v", conn, err)
	}
}
