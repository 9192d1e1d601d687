package client_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
)

// TestServerSpeaksFirst reads from servers that send something before the request
// arrives: the error must name what they sent, each time.
func TestServerSpeaksFirst(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // ends the loop
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }() // the client may have closed it
				_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"))
				_, _ = conn.Read(make([]byte, 1024))
			}()
		}
	}()
	target, err := client.ParseTarget("http://" + listener.Addr().String() + "/stub_status")
	if err != nil {
		t.Fatal(err)
	}
	const times = 200
	for range times {
		c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.StubStatus(t.Context())
		c.Close()
		if client.ReasonOf(err) != client.ReasonNetwork || !strings.Contains(err.Error(), "malformed HTTP") {
			t.Fatalf("reason %s: %v", client.ReasonOf(err), err)
		}
	}
}
