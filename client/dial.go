package client

import (
	"context"
	"net"
	"time"
)

// dial returns the function that opens this target's connections: to its unix
// socket if it has one, and beginning with a PROXY protocol header if asked.
//
// The time-out bounds the dialling by itself, because net/http goes on
// dialling after the request that wanted the connection has ended.
func (o *Options) dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}
	socket, proxied := o.Target.Socket(), o.ProxyProtocol
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if socket != "" {
			network, address = "unix", socket
		}
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if !proxied {
			return conn, nil
		}
		if err := writeProxyHeader(conn, o.Timeout); err != nil {
			_ = conn.Close() // the error that matters is the first one
			return nil, err
		}
		return conn, nil
	}
}
