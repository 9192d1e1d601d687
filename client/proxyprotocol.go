package client

import (
	"encoding/binary"
	"net"
	"time"
)

// proxySignature starts every PROXY protocol header of version 2.
//
// See https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, section 2.2.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

const (
	proxyCommand = 0x21 // version 2, command PROXY
	proxyUnspec  = 0x00 // no address, for Unix sockets
	proxyTCP4    = 0x11
	proxyTCP6    = 0x21
)

// writeProxyHeader sends the addresses of the connection as a listen directive
// with proxy_protocol expects them.
func writeProxyHeader(conn net.Conn, timeout time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := conn.Write(proxyHeader(conn.LocalAddr(), conn.RemoteAddr())); err != nil {
		return err
	}
	return conn.SetWriteDeadline(time.Time{})
}

func proxyHeader(source, destination net.Addr) []byte {
	header := append([]byte(proxySignature), proxyCommand)
	from, isTCP := source.(*net.TCPAddr)
	to, alsoTCP := destination.(*net.TCPAddr)
	if !isTCP || !alsoTCP {
		return append(header, proxyUnspec, 0, 0)
	}
	family, fromIP, toIP := byte(proxyTCP4), from.IP.To4(), to.IP.To4()
	if fromIP == nil || toIP == nil {
		family, fromIP, toIP = proxyTCP6, from.IP.To16(), to.IP.To16()
	}
	const ports = 4
	header = append(header, family)
	header = binary.BigEndian.AppendUint16(header, uint16(len(fromIP)+len(toIP)+ports)) // 12 or 36
	header = append(append(header, fromIP...), toIP...)
	header = binary.BigEndian.AppendUint16(header, uint16(from.Port)) // a port
	return binary.BigEndian.AppendUint16(header, uint16(to.Port))     // a port
}
