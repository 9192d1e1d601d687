//go:build linux

package blackbox_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// answers that are no status page, and the reason that the page must give.
func badAnswers() map[string]struct {
	script script
	reason string
	log    string // what the log must tell
} {
	whole := usual().page()
	type row = struct {
		script script
		reason string
		log    string
	}
	return map[string]row{
		"connection accepted, never answered": {silence, "timeout", "--nginx.timeout"},
		"headers never end":                   {endlessHeaders, "network", "no end"},
		"body of 1 GB":                        {gigabyte, "too_large", ""},
		"Content-Length cuts the last number (Waiting: 14)": {
			always(ok(strings.TrimSuffix(strings.Replace(whole, "Waiting: 8", "Waiting: 1448", 1), "48 \n"))),
			"parse", "",
		},
		"chunked garbage":           {once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + whole), "network", ""},
		"chunks that break off":     {once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + whole), "network", ""},
		"HTML page instead of text": {always(ok("<!DOCTYPE html>\n<h1>Welcome</h1>\n")), "parse", "location"},
		"empty body, 200":           {always(ok("")), "parse", "empty"},
		"empty body, 204":           {always("HTTP/1.1 204 No Content\r\n\r\n"), "status", "204"},
		"not HTTP at all: SSH": {func(c *call) {
			c.say("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
			c.hang()
		}, "network", "speaks HTTP"},
		"not HTTP at all: TLS alert": {func(c *call) {
			c.read()
			c.say("\x15\x03\x01\x00\x02\x02\x16")
		}, "network", ""},
		"closed at once":         {func(*call) {}, "network", ""},
		"closed after a request": {func(c *call) { c.read() }, "network", ""},
		"redirect to file: and other broken locations: file": {
			always(redirect("file:///etc/passwd")), "status", "redirects are not followed",
		},
		"redirect to file: and other broken locations: none":    {always(redirect("")), "status", "302"},
		"redirect to file: and other broken locations: garbage": {always(redirect("http://[::1")), "status", "302"},
		"a bomb of gzip":         {always(packed(strings.Repeat("a", 64<<20))), "too_large", ""},
		"gzip that is none":      {always(gzipped([]byte(whole))), "parse", "gzip"},
		"a coding of its own":    {always(strings.Replace(ok(whole), "\r\n\r\n", "\r\nContent-Encoding: br\r\n\r\n", 1)), "parse", "br"},
		"informal answers alone": {endlessInformals, "network", ""},
		"half a page, then none": {func(c *call) {
			c.read()
			c.say(ok(whole)[:120])
			c.hang()
		}, "timeout", ""},
		"a body byte by byte": {dripping, "timeout", ""},
	}
}

func TestNginxAnswersBadly(t *testing.T) {
	t.Parallel()
	for name, row := range badAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, uri(fakeTCP(t, row.script).uri), impatient)
			p := e.scrapeInTime(t)
			p.wantDown(t, "")
			p.wantError(t, row.reason)
			e.scrapeInTime(t).wantDown(t, "")
			log := e.log.String()
			if want := "reason=" + row.reason; strings.Count(log, want) != 1 || !strings.Contains(log, row.log) {
				t.Errorf("the log does not tell %s and %q, or not once:\n%s", want, row.log, log)
			}
			if peak := e.peak(t); peak > 64<<20 {
				t.Errorf("the exporter took %d bytes of memory", peak)
			}
		})
	}
}

func TestNginxMisbehaves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"connection refused":                                            connectionRefused,
		"DNS: NXDOMAIN":                                                 nameDoesNotResolve,
		"SYN never answered (full backlog)":                             fullBacklog,
		"answer gzipped, if gzip is accepted":                           gzippedAnswer,
		"redirect loop":                                                 redirectLoop,
		"redirect to another host":                                      redirectElsewhere,
		"nginx answers 401, 404, 500, 503":                              errorStatuses,
		"HTTP/1.0 without length, ended by close":                       oldHTTP,
		"nginx restarted: idle keepalive connection is gone":            nginxRestarted,
		"nginx closes the kept connection as the request comes (EOF)":   keptConnectionCloses,
		"counters go back (nginx restarted)":                            countersGoBack,
		"nginx slow, 0.6 s of the 1 s allowed":                          nginxSlow,
		"keepalive: 50 scrapes":                                         keepalive,
		"nginx down when the exporter starts":                           nginxStartsLater,
		"nginx hangs when the exporter starts":                          nginxHangsAtStart,
		"nginx down for 100 scrapes: log volume":                        logVolume,
		"nginx reloads under scrapes":                                   reloadUnderScrapes,
		"nginx wants a PROXY protocol header":                           proxyProtocol,
		"nginx with server_tokens off":                                  noServerTokens,
		"nginx flaps 200 times: log volume":                             flapping,
		"nginx allows the exporter no more: 403 tells what to do":       forbidden,
		"a page is never torn while nginx flaps under parallel scrapes": tornPages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func redirect(location string) string {
	return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
}

func gzipped(body []byte) string {
	return strings.Replace(ok(string(body)), "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1)
}

func packed(text string) string {
	var body bytes.Buffer
	writer := gzip.NewWriter(&body)
	_, _ = writer.Write([]byte(text)) // memory takes everything
	_ = writer.Close()                // as above
	return gzipped(body.Bytes())
}

func endlessHeaders(c *call) {
	c.read()
	more := c.say("HTTP/1.1 200 OK\r\n")
	for i := 0; more; i++ {
		more = c.say(fmt.Sprintf("X-%d: %s\r\n", i, strings.Repeat("x", 1000)))
	}
}

func endlessInformals(c *call) {
	c.read()
	for more := true; more; {
		more = c.say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
	}
}

func gigabyte(c *call) {
	c.read()
	more := c.say("HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n")
	piece := strings.Repeat("Active connections: 1 \n", 4000)
	for range 1 << 30 / len(piece) {
		if more = more && c.say(piece); !more {
			return
		}
	}
}

func dripping(c *call) {
	c.read()
	for _, letter := range ok(usual().page()) {
		c.pause(50 * time.Millisecond)
		if !c.say(string(letter)) {
			return
		}
	}
}

func connectionRefused(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, statusServer)
	nginx.stop(t)
	e := serve(t, nginx.uri("http"), impatient)
	p := e.scrapeInTime(t)
	p.wantDown(t, "")
	p.wantError(t, "refused")
	if !strings.Contains(e.log.String(), "check that nginx runs") {
		t.Errorf("the log has no advice:\n%s", e.log)
	}
}

// nameDoesNotResolve runs the exporter in a root folder with a resolver of its
// own, which first knows no name, then keeps silent, and then answers. Go goes
// on looking up a name for nobody, so the scrape after the outage is asked for
// at once. A target with a login takes another way through the client.
func nameDoesNotResolve(t *testing.T) {
	t.Helper()
	for _, login := range []string{"", "http_client_config: {basic_auth: {username: a, password: b}}"} {
		nginx := fakeTCP(t, always(ok(usual().page())))
		names := startResolver(t)
		root := newRoot(t)
		root.write(t, "etc/resolv.conf", "nameserver "+names.address+"\noptions attempts:1 timeout:1\n")
		port := nginx.listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a fake on TCP
		root.write(t, "config.yml", fmt.Sprintf("targets:\n  - uri: http://nginx.example.:%d/stub_status\n    %s\n", port, login))
		e := root.serve(t, "--config.file=/config.yml", impatient)
		p := e.scrapeInTime(t)
		p.wantDown(t, "")
		p.wantError(t, "dns")
		if !strings.Contains(e.log.String(), "check the host name") {
			t.Errorf("the log has no advice:\n%s", e.log)
		}
		names.mode.Store(int32(mute))
		e.scrapeInTime(t).wantDown(t, "")
		names.mode.Store(int32(answering))
		e.scrapeInTime(t).wantUp(t, "", usual())
	}
}

// fullBacklog fills the queue of a listener that nobody accepts from, until
// the kernel leaves a SYN unanswered.
func fullBacklog(t *testing.T) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }() // it was never accepted from
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
		defer func() { _ = conn.Close() }() // it was never accepted
	}
	e := serve(t, uri("http://"+address+"/stub_status"), impatient)
	for range 2 {
		p := e.scrapeInTime(t)
		p.wantDown(t, "")
		p.wantError(t, "timeout")
	}
}

func gzippedAnswer(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(packed(usual().page())))
	e := serve(t, uri(nginx.uri))
	for range 3 {
		e.scrape(t).wantUp(t, "", usual())
	}
}

func redirectLoop(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, always(redirect("/stub_status")))
	e := serve(t, uri(nginx.uri))
	e.scrape(t).wantDown(t, "")
	if got := nginx.requests.Load(); got > 20 {
		t.Errorf("nginx saw %d requests", got)
	}
}

func redirectElsewhere(t *testing.T) {
	t.Helper()
	victim := fakeTCP(t, always(ok(usual().page())))
	for _, code := range []string{"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"} {
		answer := strings.Replace(redirect(victim.uri), "302 Found", code, 1)
		e := serve(t, uri(fakeTCP(t, always(answer)).uri))
		e.scrape(t).wantDown(t, "")
	}
	if got := victim.connections.Load(); got != 0 {
		t.Errorf("the other host saw %d connections", got)
	}
}

func errorStatuses(t *testing.T) {
	t.Helper()
	for _, code := range []string{"401", "404", "500", "503"} {
		nginx := startNginx(t, "server { listen LISTEN; location / { return "+code+"; } }")
		e := serve(t, nginx.uri("http"))
		for range 3 {
			p := e.scrape(t)
			p.wantDown(t, "")
			p.wantError(t, "status")
		}
		if log := e.log.String(); strings.Count(log, "HTTP status "+code) != 1 {
			t.Errorf("the log does not name the status %s, or not once:\n%s", code, log)
		}
	}
}

func forbidden(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, "server { listen LISTEN; location = /stub_status { stub_status; deny all; } }")
	e := serve(t, nginx.uri("http"))
	e.scrape(t).wantDown(t, "")
	if log := e.log.String(); !strings.Contains(log, "403") || !strings.Contains(log, "allow the address of the exporter") {
		t.Errorf("the log has no advice:\n%s", log)
	}
}

func oldHTTP(t *testing.T) {
	t.Helper()
	for _, head := range []string{"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nServer: nginx\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"} {
		e := serve(t, uri(fakeTCP(t, once(head+usual().page())).uri))
		for range 3 {
			e.scrape(t).wantUp(t, "", usual())
		}
	}
}

func nginxRestarted(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, statusServer)
	e := serve(t, nginx.uri("http"))
	for range 5 {
		if p := e.scrape(t); !p.up("") {
			t.Fatalf("nginx is not up:\n%s", p.data())
		}
		nginx.stop(t)
		nginx.start(t)
	}
	if p := e.scrape(t); p.series["nginx_exporter_nginx_requests_total"][""] == 0 || !p.up("") {
		t.Errorf("nginx is not up:\n%s", p.data())
	}
}

// keptConnectionCloses closes each connection as its second request comes, and
// not before: half of them with a FIN, half of them with a RST.
func keptConnectionCloses(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, func(c *call) {
		if !c.read() || !c.say(ok(usual().page())) {
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
	if log := e.log.String(); strings.Contains(log, "cannot be read") {
		t.Errorf("the log tells of an outage that was none:\n%s", log)
	}
}

func countersGoBack(t *testing.T) {
	t.Helper()
	pages := make(chan string, 1)
	e := serve(t, uri(fakeTCP(t, eachOf(pages)).uri))
	for _, truth := range []figures{usual(), {active: 1, accepted: 1, handled: 1, requests: 1, writing: 1}, other()} {
		pages <- truth.page()
		e.scrape(t).wantUp(t, "", truth)
	}
}

func nginxSlow(t *testing.T) {
	t.Helper()
	var most atomic.Int64
	e := serve(t, uri(fakeTCP(t, slow(600*time.Millisecond, &most)).uri), impatient)
	for range 3 {
		e.scrape(t).wantUp(t, "", usual())
	}
}

// keepalive asks nginx itself how many connections there were.
func keepalive(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, statusServer)
	e := serve(t, nginx.uri("http"))
	first := e.scrape(t).series["nginx_connections_accepted"][""]
	var last *page
	for range 50 {
		last = e.scrape(t)
	}
	if opened := last.series["nginx_connections_accepted"][""] - first; opened > 4 {
		t.Errorf("50 scrapes opened %v connections more", opened)
	}
	if got := last.series["nginx_http_requests_total"][""]; got != 51 {
		t.Errorf("51 scrapes were %v requests", got)
	}
	if got := last.series["nginx_exporter_nginx_requests_total"][""]; got != 51 {
		t.Errorf("51 scrapes count as %v requests", got)
	}
}

func nginxStartsLater(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, statusServer)
	nginx.stop(t)
	e := serve(t, nginx.uri("http"))
	e.scrape(t).wantDown(t, "")
	nginx.start(t)
	if p := e.scrape(t); !p.up("") {
		t.Errorf("nginx is not up:\n%s", p.data())
	}
	if log := e.log.String(); strings.Count(log, "cannot be read") != 1 || strings.Count(log, "nginx answers") != 1 {
		t.Errorf("the log does not tell both changes once:\n%s", log)
	}
}

func nginxHangsAtStart(t *testing.T) {
	t.Helper()
	nginx := fakeTCP(t, silence)
	began := time.Now()
	e := serve(t, uri(nginx.uri), "--nginx.timeout=30s")
	if status := e.get(t, "/-/healthy", nil).status; status != http.StatusOK {
		t.Errorf("health is %d", status)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it listened after %s", took)
	}
}

func logVolume(t *testing.T) {
	t.Helper()
	e := serve(t, uri("http://"+freeAddress(t)+"/stub_status"))
	for range 100 {
		e.scrape(t).wantDown(t, "")
	}
	log := e.log.String()
	if len(log) > 64<<10 || strings.Count(log, "nginx cannot be read") != 1 {
		t.Errorf("%d bytes of log, or not one line of the outage:\n%s", len(log), clip(log))
	}
}

func flapping(t *testing.T) {
	t.Helper()
	pages := make(chan string, 1)
	e := serve(t, uri(fakeTCP(t, eachOf(pages)).uri))
	for range 100 {
		pages <- usual().page()
		e.scrape(t).wantUp(t, "", usual())
		pages <- "nothing"
		e.scrape(t).wantDown(t, "")
	}
	if lines := strings.Count(e.log.String(), "target="); lines == 0 || lines > 20 {
		t.Errorf("200 changes made %d lines of log", lines)
	}
}

// tornPages lets many scrapes share and not share what a flapping nginx says.
// Each page is checked against itself.
func tornPages(t *testing.T) {
	t.Helper()
	var asked atomic.Int64
	nginx := fakeTCP(t, func(c *call) {
		for c.read() {
			answer := status("503 Service Unavailable", "")
			if asked.Add(1)%2 == 0 {
				answer = ok(usual().page())
			}
			if !c.say(answer) {
				return
			}
		}
	})
	e := serve(t, uri(nginx.uri))
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 25 {
				if p := e.scrape(t); p.up("") {
					p.wantUp(t, "", usual())
				} else {
					p.wantDown(t, "")
				}
			}
		}()
	}
	for range 8 {
		<-done
	}
}

// reloadUnderScrapes makes old workers go while scrapes come over the kept
// connections to them.
func reloadUnderScrapes(t *testing.T) {
	t.Helper()
	nginx := startNginx(t, statusServer)
	e := serve(t, nginx.uri("http"))
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		scrapes := 0
		defer func() { done <- scrapes }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			scrapes++
			if p := e.scrape(t); !p.up("") {
				t.Errorf("scrape %d of a reloading nginx is down:\n%s", scrapes, p.data())
			}
		}
	}()
	for range 5 {
		nginx.reload(t)
	}
	close(stop)
	if scrapes := <-done; scrapes < 5 {
		t.Errorf("only %d scrapes were made meanwhile", scrapes)
	}
}

func proxyProtocol(t *testing.T) {
	t.Helper()
	server := strings.Replace(statusServer, "LISTEN", "LISTEN proxy_protocol", 1)
	nginx := startNginx(t, server)
	with := serve(t, nginx.uri("http"), "--nginx.proxy-protocol")
	if p := with.scrape(t); !p.up("") {
		t.Errorf("nginx is not up with the header:\n%s", p.data())
	}
	without := serve(t, nginx.uri("http"))
	without.scrape(t).wantDown(t, "")
	if !strings.Contains(without.log.String(), "--nginx.proxy-protocol") {
		t.Errorf("the log has no advice:\n%s", without.log)
	}
}

func noServerTokens(t *testing.T) {
	t.Helper()
	server := strings.Replace(statusServer, "location", "server_tokens off;\n    location", 1)
	e := serve(t, startNginx(t, server).uri("http"))
	p := e.scrape(t)
	if info := p.series["nginx_server_info"]; !p.up("") || len(info) != 0 {
		t.Errorf("nginx_server_info is %v:\n%s", info, p.data())
	}
}
