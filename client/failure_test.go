package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
)

// secret is in each response after the bytes that may be quoted, and in each
// target.
const secret = "geheim-9f2c"

// body is a response of an application: with a secret and control characters.
func body(start string) string {
	return start + strings.Repeat("a\x1b[31m\x07\u009b\u202e", 8) + strings.Repeat("b", 64) + secret + strings.Repeat(" lorem ipsum", 40)
}

// failure is a response and the expected error.
type failure struct {
	script script
	reason client.Reason
	status int
	text   string
	advice string
}

const (
	adviceHTTP     = "check that the port of the target is an HTTP server of nginx"
	adviceClosed   = "nginx closed the connection; check its error log, raise worker_connections"
	adviceCut      = "the connection failed during the response"
	adviceLimit    = "exempt the status location from limit_req and limit_conn"
	adviceHTTP2    = "the port accepts only HTTP/2; remove http2"
	adviceLocation = "check that the path of the target is a location with stub_status in nginx"
	adviceLog      = "check the error log of nginx"
	adviceRedirect = "redirects are not followed"
)

func statusFailures() map[string]failure {
	failures := map[string]failure{}
	for status, advice := range map[int]string{
		301: adviceRedirect,
		302: adviceRedirect,
		304: adviceRedirect,
		307: adviceRedirect,
		400: "use https:// if the port expects TLS, --nginx.ssl-client-cert if nginx requires a client certificate",
		401: "nginx requires authentication; set credentials under http_client_config",
		403: "allow the address of the exporter in the stub_status location",
		404: "check the path of the target against the stub_status location",
		405: adviceLog,
		429: adviceLimit,
		500: adviceLog,
		502: adviceLog,
		503: adviceLimit,
		201: adviceLog,
		206: adviceLog,
	} {
		text := http.StatusText(status)
		failures[text] = failure{
			// A complete page with a wrong status is not valid.
			script: always(response(fmtStatus(status), "text/plain", bodyOf(status), "Location: http://user:"+secret+"@elsewhere.invalid/")),
			reason: client.ReasonStatus, status: status, text: "HTTP status " + fmtStatus(status), advice: advice,
		}
	}
	noContent := "HTTP/1.1 204 No Content\r\nServer: nginx\r\n\r\n"
	failures["No Content"] = failure{always(noContent), client.ReasonStatus, 204, "HTTP status 204 No Content", adviceLog}
	failures["long error page"] = failure{
		always(response("404 Not Found", "text/html", strings.Repeat(secret, 10_000))),
		client.ReasonStatus, 404, "HTTP status 404 Not Found", "check the path",
	}
	failures["unknown status"] = failure{always(response("599 "+secret, "text/html", "")), client.ReasonStatus, 599, "HTTP status 599", adviceLog}
	failures["switching protocols"] = failure{
		once("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + page),
		client.ReasonStatus, 101, "HTTP status 101", adviceLog,
	}
	return failures
}

func bodyOf(status int) string {
	if status == http.StatusNotModified {
		return ""
	}
	return page
}

func parseFailures(tb testing.TB) map[string]failure {
	tb.Helper()
	packed := func(encoding, body string) script {
		return always(response("200 OK", "text/plain", body, "Content-Encoding: "+encoding))
	}
	trimmed := strings.TrimSpace(page)
	parse := func(script script, text, advice string) failure {
		return failure{script: script, reason: client.ReasonParse, text: text, advice: advice}
	}
	return map[string]failure{
		"empty":           parse(always(ok("")), "the response is empty", adviceLocation),
		"empty chunked":   parse(always(chunked("", 1)), "the response is empty", adviceLocation),
		"web page":        parse(always(ok(body("<!DOCTYPE html>"))), "the response is a web page", "another location"),
		"text":            parse(always(ok(body(""))), "1 of 4 lines in the response", adviceLocation),
		"short text":      parse(always(ok("no\x00\x1b")), `in the response "no\x00\x1b"`, adviceLocation),
		"invalid UTF-8":   parse(always(ok("\xff\xfe\x80"+body(""))), "1 of 4 lines in the response", adviceLocation),
		"quotation marks": parse(always(ok(`"`+body(`"""""`))), "1 of 4 lines in the response", adviceLocation),
		"lines":           parse(always(ok(body("")+"\n"+body("")+"\n"+body("")+"\n\n")), `no line "Active connections"`, adviceLocation),
		"second line":     parse(always(ok("Active connections: 1 \n"+body("x")+"\n"+body("")+"\n\n")), `no line "server accepts`, adviceLocation),
		"a list":          parse(always(ok("[1,2,3,4,5,6,7,8,9]\n")), "2 of 4 lines in the response", adviceLocation),
		"end cuts":        parse(once(bare("HTTP/1.1", trimmed)), "the last line is incomplete", adviceLocation),
		"end cuts 1.0":    parse(once(bare("HTTP/1.0", trimmed)), "the last line is incomplete", adviceLocation),
		"close cuts":      parse(once(bare("HTTP/1.1", trimmed, "Connection: close")), "the last line is incomplete", adviceLocation),
		"gzip of text":    parse(packed("gzip", zipped(tb, body(""))), "1 of 4 lines", adviceLocation),
		"no gzip":         parse(packed("gzip", body("plain")), "not valid gzip", adviceLocation),
		"empty gzip":      parse(packed("gzip", ""), "not valid gzip", adviceLocation),
		"brotli":          parse(packed("br", body("")), `unsupported content encoding "br"`, adviceLocation),
		"long encoding":   parse(packed(strings.Repeat("x", 64)+secret, page), "unsupported content encoding", adviceLocation),
	}
}

func sizeFailures(tb testing.TB) map[string]failure {
	tb.Helper()
	longer := page + strings.Repeat("x", stubstatus.MaxDocument+1-len(page))
	large := func(script script) failure {
		return failure{script: script, reason: client.ReasonTooLarge, text: "the response is longer than 65536 bytes", advice: adviceLocation}
	}
	endless := func(head, text string) script {
		return func(e *exchange) outcome {
			if e.send(head) {
				e.drip(strings.Repeat(text, 1000), time.Microsecond)
			}
			return hangUp
		}
	}
	return map[string]failure{
		"one byte more":   large(always(ok(longer))),
		"in chunks":       large(always(chunked(longer, 4000))),
		"gigabyte":        large(once("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + page)),
		"endless":         large(endless(bare("HTTP/1.1", page), secret+"\n")),
		"endless chunks":  large(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")),
		"gzip bomb":       large(always(response("200 OK", "text/plain", zipped(tb, page+strings.Repeat(" ", 20<<20)), "Content-Encoding: gzip"))),
		"endless by 1.0":  large(endless(bare("HTTP/1.0", ""), "<p>")),
		"gzip of 1 more":  large(always(response("200 OK", "text/plain", zipped(tb, longer), "Content-Encoding: gzip"))),
		"length too long": large(once("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n" + page)),
	}
}

func networkFailures(tb testing.TB) map[string]failure {
	tb.Helper()
	advised := func(advice string) func(script script, text string) failure {
		return func(script script, text string) failure {
			return failure{script: script, reason: client.ReasonNetwork, text: text, advice: advice}
		}
	}
	network, closed, cut, http2 := advised(adviceHTTP), advised(adviceClosed), advised(adviceCut), advised(adviceHTTP2)
	brokenGzip := zipped(tb, page)
	brokenGzip = response("200 OK", "text/plain", brokenGzip[:len(brokenGzip)-8]+"12345678", "Content-Encoding: gzip")
	return map[string]failure{
		// As nginx 1.22.1 responds on a port with http2.
		"HTTP/2": http2(once("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff"+
			"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\x00\x00\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), "malformed HTTP"),
		"empty settings":    http2(once("\x00\x00\x00\x04\x00\x00\x00\x00\x00"+"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), "malformed HTTP"),
		"not HTTP/2":        network(once("\x00\x00\x12\x05\x00\x00\x00\x00\x00\n"), "malformed HTTP"),
		"SSH banner":        network(once("SSH-2.0-OpenSSH_9.2p1"+body("")+"\r\n"), "malformed HTTP"),
		"TLS alert":         network(once("\x15\x03\x01\x00\x02\x02\x28"), ""),
		"SMTP":              network(once("220 mail.example.com ESMTP\r\n500 5.5.1 "+secret+"\r\n"), "malformed HTTP"),
		"random bytes":      network(once("\x00\x01\x02\xff\xfe\n"+body("")), "malformed HTTP"),
		"wrong version":     network(once("HTTP/9.x 200 OK\r\n\r\n"+page), "malformed HTTP version"),
		"wrong status":      network(once("HTTP/1.1 abc OK\r\n\r\n"+page), "malformed HTTP status code"),
		"line, no colon":    network(once("HTTP/1.1 200 OK\r\n"+body("x")+"\r\n\r\n"+page), ""),
		"reset":             closed(func(*exchange) outcome { return reset }, "reset by peer"),
		"closed":            closed(func(*exchange) outcome { return hangUp }, "EOF"),
		"status line cut":   network(once("HTTP/1.1 20"), "malformed HTTP status code"),
		"header cut":        network(once("HTTP/1.1 200 OK\r\nContent-Le"), "missing colon"),
		"body cut":          cut(once(strings.TrimSuffix(ok(page), " \n")), "reading the response failed"),
		"chunked garbage":   cut(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"+body("")), "reading the response failed"),
		"chunks cut":        cut(once(strings.TrimSuffix(chunked(page, 10), "0\r\n\r\n")), "reading the response failed"),
		"length garbage":    network(once("HTTP/1.1 200 OK\r\nContent-Length: "+body("x")+"\r\n\r\n"+page), "Content-Length"),
		"length negative":   network(once("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"+page), "Content-Length"),
		"two lengths":       network(once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"+page), "Content-Length"),
		"unknown transfer":  network(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\n"+page), "transfer encoding"),
		"gzip damaged":      cut(once(brokenGzip), "reading the response failed"),
		"gzip cut":          cut(once(strings.TrimSuffix(brokenGzip, "12345678")), "reading the response failed"),
		"endless header":    network(endlessHeader("X-More: "+strings.Repeat("x", 64)+secret+"\r\n"), "header"),
		"endless line":      network(endlessHeader(strings.Repeat("x", 100)), "header"),
		"endless informals": network(always(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 5000)), ""),
	}
}

// endlessHeader is a fast response whose header never ends.
func endlessHeader(part string) script {
	return func(e *exchange) outcome {
		if e.send("HTTP/1.1 200 OK\r\n") {
			e.drip(strings.Repeat(part, 100), time.Microsecond)
		}
		return hangUp
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for group, failures := range map[string]map[string]failure{
		"status":    statusFailures(),
		"parse":     parseFailures(t),
		"too large": sizeFailures(t),
		"network":   networkFailures(t),
	} {
		for name, want := range failures {
			for _, kind := range kinds() {
				t.Run(group+"/"+name+" over "+kind, func(t *testing.T) {
					t.Parallel()
					expected := want
					if kind == "unix" && name == "reset" {
						expected = failures["closed"] // unix sockets know no RST
					}
					fail(t, kind, expected)
				})
			}
		}
	}
}

// fail scrapes a target that fails, once.
func fail(t *testing.T, kind string, want failure) {
	t.Helper()
	fake, options := serve(t, kind, want.script)
	if kind == "http" {
		address := fake.listener.Addr().String()
		options.Target = target(t, "http://user:"+secret+"@"+address+"/s?token="+secret)
	}
	c := connect(t, options)
	_, err := scrape(t, c)
	check(t, err, want)
	if got := fake.requests.Load(); got != 1 || c.Requests() != 1 {
		t.Errorf("nginx counted %d requests, we %d", got, c.Requests())
	}
}

// check checks an error against the expected failure.
func check(t *testing.T, err error, want failure) {
	t.Helper()
	var got *client.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v, which is not an Error", err)
	}
	if got.Reason != want.reason || client.ReasonOf(err) != want.reason || got.Status != want.status {
		t.Errorf("got reason %s and status %d of %q, want %s and %d", got.Reason, got.Status, err, want.reason, want.status)
	}
	if !strings.Contains(err.Error(), want.text) {
		t.Errorf("got %q, want %q in it", err, want.text)
	}
	if advice := client.AdviceOf(err); !strings.Contains(advice, want.advice) || (advice == "") != (want.advice == "") {
		t.Errorf("got advice %q, want %q in it", advice, want.advice)
	}
	presentable(t, err.Error())
	presentable(t, client.AdviceOf(err))
}

// presentable checks that a text is suitable for a log line.
func presentable(t *testing.T, text string) {
	t.Helper()
	if len(text) > 256 {
		t.Errorf("%d bytes of text: %q", len(text), text)
	}
	if strings.Contains(text, secret) {
		t.Errorf("the secret is in %q", text)
	}
	if strings.ContainsFunc(text, unicode.IsControl) || strings.ToValidUTF8(text, "?") != text {
		t.Errorf("control characters are in %q", text)
	}
}

func fmtStatus(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }
