package client_test

import (
	"bufio"
	"context"
	"net"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
)

// TestServerSpeaksFirst reads from servers that send something before the request
// arrives: the error must name what they sent.
func TestServerSpeaksFirst(t *testing.T) {
	t.Parallel()
	dropped := make(chan struct{}, 1) // the connection was closed without a request
	listener := listen(t, "tcp", "127.0.0.1:0")
	startGreeted(t, listener, always(""), func(conn net.Conn, from *bufio.Reader) error {
		if _, err := conn.Write([]byte("SSH-2.0-OpenSSH_9.2p1 Debian\r\n")); err != nil {
			return err
		}
		_, err := from.Peek(1)
		if err != nil {
			dropped <- struct{}{}
		}
		return err
	})
	// The request is held back, so that a client that reads too early can do so.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		const chance = 100 * time.Millisecond
		select {
		case <-dropped:
		case <-time.After(chance):
		}
	}})
	c := connect(t, client.Options{Target: target(t, "http://"+listener.Addr().String()+"/stub_status"), Timeout: patience})
	if _, err := stubstatus.Read(ctx, c); client.ReasonOf(err) != client.ReasonNetwork || !strings.Contains(err.Error(), "malformed HTTP") {
		t.Fatalf("reason %s: %v", client.ReasonOf(err), err)
	}
}
