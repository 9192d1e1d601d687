//go:build linux

package programtest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// badPeer is a server without a valid stub_status response, and the expected
// reason.
type badPeer struct {
	reason string
	script script
}

// badPeers fail without hanging.
func badPeers() map[string]badPeer {
	body := usual().body()
	return map[string]badPeer{
		"headers never end":   {"network", endless("HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("x", 1000)+"\r\n")},
		"endless early hints": {"network", endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")},
		"body of 1 GB":        {"too_large", gigabyte},
		"number of 1 MB":      {"too_large", always(ok(strings.Replace(body, "1448", strings.Repeat("9", 1<<20), 1)))},
		"gzip bomb":           {"too_large", always(status("200 OK", zipped(strings.Repeat("a", 16<<20)), "Content-Encoding: gzip"))},
		"HTML of 1 MB":        {"too_large", always(ok("<!DOCTYPE html>\n" + strings.Repeat("<p>hello \x1b[31m\r\n", 60_000)))},
		"HTML":                {"parse", always(ok("<!DOCTYPE html>\n<h1>Welcome</h1>\n"))},
		"empty":               {"parse", always(ok(""))},
		"close cuts a number": {"parse", once("HTTP/1.1 200 OK\r\n\r\n" + strings.TrimSuffix(strings.Replace(body, "Waiting: 8", "Waiting: 1448", 1), "48 \n"))},
		"not gzip":            {"parse", always(status("200 OK", body, "Content-Encoding: gzip"))},
		"control characters":  {"parse", always(ok(strings.Replace(body, "Waiting", "Wait\x00\xff\x1b[31m", 1)))},
		"no content":          {"status", always("HTTP/1.1 204 No Content\r\n\r\n")},
		"redirect to a file":  {"status", always("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")},
		"redirect to nothing": {"status", always("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n")},
		"server error":        {"status", always(status("503 Service Unavailable", body))},
		"chunked garbage":     {"network", once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + body)},
		"SSH":                 {"network", func(c *call) { c.say("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"); c.hang() }},
		"TLS alert":           {"network", once("\x15\x03\x01\x00\x02\x02\x16")},
		"closed at once":      {"network", func(*call) {}},
	}
}

// hangingPeers fail by taking too long.
func hangingPeers() map[string]badPeer {
	whole := ok(usual().body())
	return map[string]badPeer{
		"no response":        {"timeout", then("")},
		"half a response":    {"timeout", then(whole[:120])},
		"body byte by byte":  {"timeout", drip(whole)},
		"half a header":      {"timeout", then("HTTP/1.1 200 OK\r\nServer: ngi")},
		"interim and silent": {"timeout", then("HTTP/1.1 102 Processing\r\n\r\n")},
	}
}

// endless writes a head, and then text until the exporter stops reading.
func endless(head, text string) script {
	return func(c *call) {
		c.read()
		for more := c.say(head); more; {
			more = c.say(text)
		}
	}
}

func gigabyte(c *call) {
	c.read()
	c.say("HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n")
	piece := strings.Repeat("Active connections: 1 \n", 4000)
	for range 1 << 30 / len(piece) {
		if !c.say(piece) {
			return
		}
	}
}

func drip(text string) script {
	return func(c *call) {
		c.read()
		for _, letter := range text {
			c.pause(50 * time.Millisecond)
			if !c.say(string(letter)) {
				return
			}
		}
	}
}

func zipped(text string) string {
	var body bytes.Buffer
	writer := gzip.NewWriter(&body)
	_, _ = writer.Write([]byte(text)) // memory takes everything
	_ = writer.Close()                // as above
	return body.String()
}

// Each bad target is down with its reason and logged once. All together take
// bounded memory.
func TestBadPeers(t *testing.T) {
	t.Parallel()
	t.Run("failing", func(t *testing.T) {
		t.Parallel()
		badTargets(t, patient, badPeers(), map[string]string{})
	})
	t.Run("hanging", func(t *testing.T) {
		t.Parallel()
		badTargets(t, impatient, hangingPeers(), map[string]string{fullBacklog(t): "timeout"})
	})
}

// badTargets scrapes the peers, and more targets, given with their reasons.
func badTargets(t *testing.T, timeout string, peers map[string]badPeer, reasons map[string]string) {
	t.Helper()
	for _, peer := range peers {
		reasons[fakeTCP(t, peer.script).uri] = peer.reason
	}
	args := []string{timeout}
	for addr := range reasons {
		args = append(args, uri(addr))
	}
	e := serve(t, args...)
	for range 2 {
		x := e.scrape(t)
		for addr, reason := range reasons {
			x.wantDown(t, addr)
			x.wantError(t, addr, reason)
		}
	}
	for addr, reason := range reasons {
		e.wantLogged(t, 1, "target="+addr+" ", "reason="+reason)
	}
	if peak := e.Memory(t, "VmHWM"); peak > 64<<20 {
		t.Errorf("the exporter took %d bytes of memory", peak)
	}
}

// fullBacklog fills the queue of a listener that never accepts, until the kernel
// drops SYN packets.
func fullBacklog(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) }) // it has never accepted
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port) //nolint:forcetypeassert // as bound above
	dialer := &net.Dialer{Timeout: 300 * time.Millisecond}
	for range 20 {
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			break // the queue is full
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	return "http://" + address + "/stub_status"
}

// Each of twenty targets, on TCP and Unix sockets, has its own values, and its
// failure does not affect the others.
func TestTargetsFailApart(t *testing.T) {
	t.Parallel()
	var fakes []*fake
	var truths []stats
	var args []string
	for i := range uint64(20) {
		truth := stats{i, 100 + i, 200 + i, 300 + i, 400 + i, 500 + i, 600 + i}
		start := fakeTCP
		if i%2 == 1 {
			start = fakeUnix
		}
		f := start(t, always(ok(truth.body())))
		fakes, truths, args = append(fakes, f), append(truths, truth), append(args, uri(f.uri))
	}
	e := serve(t, args...)
	for gone := range fakes {
		x := e.scrape(t)
		for i, f := range fakes {
			if i < gone {
				x.wantDown(t, f.uri)
			} else {
				x.wantUp(t, f.uri, truths[i])
			}
		}
		fakes[gone].close()
	}
}

// nginx may close a kept connection while a request is sent, with a FIN or a RST:
// the request is repeated on a new one.
func TestKeptConnectionCloses(t *testing.T) {
	t.Parallel()
	nginx := fakeTCP(t, func(c *call) {
		if !c.read() || !c.say(ok(usual().body())) {
			return
		}
		c.read()
		if tcp, isTCP := c.Conn.(*net.TCPConn); isTCP && c.fake.connections.Load()%2 == 0 {
			_ = tcp.SetLinger(0) // the close that follows is a RST
		}
	})
	e := serve(t, uri(nginx.uri))
	for range 20 {
		e.scrape(t).wantUp(t, "", usual())
	}
	if got := nginx.connections.Load(); got < 10 {
		t.Errorf("%d connections: they were not kept", got)
	}
	e.wantLogged(t, 0, "level=warn")
}
