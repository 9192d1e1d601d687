package client_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client/stubstatus"
)

// zipped compresses text with gzip.
func zipped(tb testing.TB, text string) string {
	tb.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		tb.Fatal(err)
	}
	return packed.String()
}

// chunked frames text in chunks of a size.
func chunked(text string, size int) string {
	var framed strings.Builder
	fmt.Fprintf(&framed, "HTTP/1.1 200 OK\r\nServer: nginx/%s\r\nTransfer-Encoding: chunked\r\n\r\n", version)
	for len(text) > 0 {
		n := min(size, len(text))
		fmt.Fprintf(&framed, "%x\r\n%s\r\n", n, text[:n])
		text = text[n:]
	}
	return framed.String() + "0\r\n\r\n"
}

// bare is a response that ends with its connection.
func bare(protocol, body string, headers ...string) string {
	var more strings.Builder
	for _, header := range headers {
		more.WriteString(header + "\r\n")
	}
	return protocol + " 200 OK\r\nServer: nginx/" + version + "\r\n" + more.String() + "\r\n" + body
}

// Each kind of target accepts all valid HTTP framings.
func TestResponses(t *testing.T) {
	t.Parallel()
	longest := page + strings.Repeat("x", stubstatus.MaxDocument-len(page))
	trimmed := strings.TrimSpace(page) // complete according to the framing
	for name, script := range map[string]script{
		"trimmed":            always(ok(trimmed)),
		"trimmed by close":   once(response("200 OK", "text/plain", trimmed, "Connection: close")),
		"trimmed chunked":    always(chunked(trimmed, 1000)),
		"trimmed gzip":       once(bare("HTTP/1.1", zipped(t, trimmed), "Content-Encoding: gzip")),
		"blank line before":  always(ok("\r\n" + page)),
		"length":             always(ok(page)),
		"chunked":            always(chunked(page, 1000)),
		"chunked by bytes":   always(chunked(page, 1)),
		"ended by close":     once(bare("HTTP/1.1", page)),
		"HTTP/1.0":           once(bare("HTTP/1.0", page)),
		"connection close":   once(response("200 OK", "text/plain", page, "Connection: close")),
		"continue first":     always("HTTP/1.1 100 Continue\r\n\r\n" + ok(page)),
		"early hints first":  always(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 3) + ok(page)),
		"no reason phrase":   always(strings.Replace(ok(page), "200 OK", "200", 1)),
		"HTML content type":  always(response("200 OK", "text/html", page)),
		"identity":           always(response("200 OK", "text/plain", page, "Content-Encoding: identity")),
		"unrequested gzip":   always(response("200 OK", "text/plain", zipped(t, page), "Content-Encoding: gzip")),
		"chunked gzip":       always(strings.Replace(chunked(zipped(t, page), 7), "Transfer", "Content-Encoding: gzip\r\nTransfer", 1)),
		"longest page":       always(ok(longest)),
		"longest by chunks":  always(chunked(longest, 4000)),
		"longest zipped":     always(response("200 OK", "text/plain", zipped(t, longest), "Content-Encoding: gzip")),
		"large header":       always(response("200 OK", "text/plain", page, "X-Large: "+strings.Repeat("x", 50_000))),
		"byte after byte":    slowly,
		"keep-alive refused": once(ok(page)),
	} {
		for _, kind := range kinds() {
			t.Run(name+" over "+kind, func(t *testing.T) {
				t.Parallel()
				fake, options := serve(t, kind, script)
				c := connect(t, options)
				for range 3 {
					mustScrape(t, c)
				}
				if got := c.Requests(); got != 3 {
					t.Errorf("counted %d requests of 3, nginx %d", got, fake.requests.Load())
				}
			})
		}
	}
}

// slowly writes the page byte after byte.
func slowly(e *exchange) outcome {
	ticker := time.NewTicker(100 * time.Microsecond)
	defer ticker.Stop()
	for _, b := range []byte(ok(page)) {
		select {
		case <-ticker.C:
		case <-e.fake.stop:
			return hangUp
		}
		if !e.send(string([]byte{b})) {
			return hangUp
		}
	}
	return keep
}

// A slow response is not an error if it is complete in time.
func TestSlowResponse(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, options := serve(t, kind, func(e *exchange) outcome {
				select {
				case <-time.After(150 * time.Millisecond):
				case <-e.fake.stop:
				}
				e.send(ok(page))
				return keep
			})
			mustScrape(t, connect(t, options))
		})
	}
}

// Counters that decrease are returned unchanged: nginx was restarted.
func TestCountersGoBack(t *testing.T) {
	t.Parallel()
	_, options := serve(t, "http", func(e *exchange) outcome {
		e.send(ok(strings.ReplaceAll(page, "13", strconv.Itoa(100-e.nth))))
		return keep
	})
	c := connect(t, options)
	for want := 99.0; want > 96; want-- {
		status, err := scrape(t, c)
		if err != nil {
			t.Fatal(err)
		}
		if got := status.Requests.Float(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
