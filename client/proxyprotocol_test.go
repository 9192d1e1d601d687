package client_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"nginx-exporter/client"
)

// Each connection starts with the PROXY protocol header of version 2, once, with
// the addresses of that connection.
func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "n.sock")
	for name, listener := range map[string]net.Listener{
		"IPv4": listen(t, "tcp4", "127.0.0.1:0"), "IPv6": listen(t, "tcp6", "[::1]:0"), "Unix": listen(t, "unix", socket),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startGreeted(t, listener, always(ok(page)), readProxyHeader)
			uri := "http://" + listener.Addr().String() + "/stub_status"
			if name == "Unix" {
				uri = "unix:" + socket + ":/stub_status"
			}
			c := connect(t, client.Options{Target: target(t, uri), Timeout: patience, ProxyProtocol: true})
			for range 3 {
				mustScrape(t, c)
			}
			if got := fake.connections.Load(); got != 1 {
				t.Errorf("%d connections; want 1", got)
			}
		})
	}
}

// readProxyHeader reads a header as the specification describes it, and fails
// unless it has the addresses of the connection.
//
// See https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2.
func readProxyHeader(conn net.Conn, from *bufio.Reader) error {
	var header struct {
		Signature       [12]byte
		Command, Family byte
		Length          uint16
	}
	if err := binary.Read(from, binary.BigEndian, &header); err != nil {
		return err
	}
	addresses := make([]byte, header.Length)
	if _, err := io.ReadFull(from, addresses); err != nil {
		return err
	}
	if string(header.Signature[:]) != "\r\n\r\n\x00\r\nQUIT\n" || header.Command != 0x21 {
		return errors.New("not a PROXY protocol header")
	}
	client, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	if !isTCP {
		if header.Family != 0 || len(addresses) != 0 {
			return errors.New("a Unix socket has addresses")
		}
		return nil
	}
	server, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	remote := client.AddrPort()
	family := byte(0x11)
	if server.Addr().Is6() {
		family = 0x21
	}
	want := append(remote.Addr().AsSlice(), server.Addr().AsSlice()...)
	want = binary.BigEndian.AppendUint16(want, remote.Port())
	want = binary.BigEndian.AppendUint16(want, server.Port())
	if header.Family != family || !bytes.Equal(addresses, want) {
		return errors.New("the header has other addresses")
	}
	return nil
}
