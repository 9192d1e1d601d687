package client

import (
	"context"
	"net"
	"sync"
	"time"
)

// dial returns the function that opens connections to the target: to its Unix
// socket if it has one, and starting with a PROXY protocol header if configured.
//
// The dialer has a timeout of its own because net/http continues to dial after
// the request that needed the connection has ended.
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
		if proxied {
			if err := writeProxyHeader(conn, o.Timeout); err != nil {
				_ = conn.Close() // the first error is returned
				return nil, err
			}
		}
		return &requestFirst{Conn: conn, written: make(chan struct{})}, nil
	}
}

// requestFirst is a connection that is not read before the request is written.
// If a server sends something earlier, net/http writes it to standard error and
// returns an error without it. Examples are the greeting of an SSH server, and
// the status 400 with which nginx rejects a PROXY protocol header.
type requestFirst struct {
	net.Conn

	written chan struct{} // closed with the first Write, or with Close
	once    sync.Once
}

// Read implements [net.Conn].
func (c *requestFirst) Read(p []byte) (int, error) {
	<-c.written
	return c.Conn.Read(p)
}

// Write implements [net.Conn].
func (c *requestFirst) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.release()
	return n, err
}

// Close implements [net.Conn].
func (c *requestFirst) Close() error {
	err := c.Conn.Close()
	c.release()
	return err
}

func (c *requestFirst) release() { c.once.Do(func() { close(c.written) }) }
