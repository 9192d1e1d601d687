package web

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Alive checks that this server handles connections: it connects to its own first listener, as a scraper would. Any response
// will do, also a closed connection, since a busy server must not be restarted. So will a connection that the system refuses,
// such as by a firewall: only when nothing happens until ctx is done, the server hangs, and that is the error.
//
// It returns nil without a check if there is no listener yet, or one of vsock.
func (s *Server) Alive(ctx context.Context) error {
	if len(s.endpoints) == 0 || s.endpoints[0].listener == nil {
		return nil
	}
	address := s.endpoints[0].listener.Addr()
	conn, err := dialSelf(ctx, address)
	if err == nil {
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		// With TLS, net/http responds to this with an error in plain text.
		_, _ = io.WriteString(conn, "GET /-/healthy HTTP/1.0\r\n\r\n")
		_, _ = conn.Read(make([]byte, 1))
		stop()
		_ = conn.Close() // its purpose is fulfilled
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no response from %s: %w", address, ctx.Err())
	}
	return nil
}

// dialSelf connects to a listener of this process, which may listen on all interfaces, of IPv6 alone or of both families.
func dialSelf(ctx context.Context, address net.Addr) (net.Conn, error) {
	var dialer net.Dialer
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return dialer.DialContext(ctx, address.Network(), address.String())
	}
	port := strconv.Itoa(tcp.Port)
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort("::1", port))
	}
	return conn, err
}
