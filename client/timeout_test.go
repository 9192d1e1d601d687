package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/internal/proctest"
)

const adviceTimeout = "nginx did not respond within the timeout; check its load, and --nginx.timeout"

// then writes something and nothing more.
func then(text string) script {
	return func(e *exchange) outcome {
		e.send(text)
		e.stall()
		return hangUp
	}
}

// dripping writes something and then the same text again and again.
func dripping(start, text string) script {
	return func(e *exchange) outcome {
		if e.send(start) {
			e.drip(text, 5*time.Millisecond)
		}
		return hangUp
	}
}

// stalls are responses that never end, by the stage at which they stall.
func stalls(tb testing.TB) map[string]script {
	tb.Helper()
	packed := zipped(tb, page)
	return map[string]script{
		"no response":         then(""),
		"status line stalls":  then("HTTP/1.1 20"),
		"header line stalls":  then("HTTP/1.1 200 OK\r\nServer: ngi"),
		"name stalls":         then("HTTP/1.1 200 OK\r\nServ"),
		"header stalls":       then("HTTP/1.1 200 OK\r\nServer: nginx\r\n"),
		"header drips":        dripping("HTTP/1.1 200 OK\r\n", "X-Drop: 1\r\n"),
		"line drips":          dripping("HTTP/1.1 200 OK\r\nX-Drop: ", "."),
		"informals stall":     then("HTTP/1.1 102 Processing\r\n\r\n"),
		"body stalls":         then("HTTP/1.1 200 OK\r\nContent-Length: 97\r\n\r\n"),
		"body stalls halfway": then(strings.TrimSuffix(ok(page), "Waiting: 1 \n")),
		"body drips":          dripping(bare("HTTP/1.1", page), "."),
		"chunk size stalls":   then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1"),
		"chunk stalls":        then("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nAct"),
		"trailer stalls":      then(strings.TrimSuffix(chunked(page, 10), "\r\n")),
		"gzip header stalls":  then("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 200\r\n\r\n" + packed[:5]),
		"gzip stalls":         then("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 200\r\n\r\n" + packed[:30]),
		"no end of gzip":      dripping("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", zipped(tb, "")),
	}
}

// interrupt starts a scrape, ends its context for a cause as soon as the server
// has written, and returns the error of the scrape.
func interrupt(t *testing.T, server *fake, c *client.Client, cause error) error {
	t.Helper()
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	failed := make(chan error, 1)
	go func() {
		_, err := stubstatus.Read(ctx, c)
		failed <- err
	}()
	proctest.Until(t, "the response to start", func() bool { return server.writes.Load() > 0 })
	select { // the client may have read it or not
	case err := <-failed:
		t.Fatalf("ended by itself: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	end(cause)
	select {
	case err := <-failed:
		return err
	case <-time.After(patience):
		t.Fatal("the scrape continues after its context has ended")
		return nil
	}
}

// A scrape ends with its context, wherever the response stalls: at the deadline
// it is a timeout, otherwise the caller has cancelled it, which is not a failure of
// nginx.
func TestStalledResponses(t *testing.T) {
	t.Parallel()
	for name, script := range stalls(t) {
		for _, kind := range kinds() {
			for cause, want := range map[error]failure{
				context.DeadlineExceeded: {reason: client.ReasonTimeout, advice: adviceTimeout},
				context.Canceled:         {reason: client.ReasonCanceled},
			} {
				t.Run(fmt.Sprintf("%s over %s, %v", name, kind, cause), func(t *testing.T) {
					t.Parallel()
					server, options := serve(t, kind, script)
					c := connect(t, options)
					err := interrupt(t, server, c, cause)
					check(t, err, want)
					if !errors.Is(err, cause) {
						t.Errorf("the cause is lost in %q", err)
					}
					proctest.Until(t, "both to have counted one request", func() bool {
						return server.requests.Load() == 1 && c.Requests() == 1
					})
					proctest.Until(t, "the connection to be closed", func() bool { return server.left() == 0 })
				})
			}
		}
	}
}

// A deadline that passes at any stage is a timeout.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, options := serve(t, kind, then(""))
			_, err := scrapeWithin(t, connect(t, options), 50*time.Millisecond)
			check(t, err, failure{reason: client.ReasonTimeout, advice: adviceTimeout})
		})
	}
}

// An error status is reported even if its body never ends.
func TestErrorPageStalls(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, options := serve(t, kind, then("HTTP/1.1 403 Forbidden\r\nContent-Length: 200\r\n\r\n<html>"))
			c := connect(t, options)
			// A busy machine may need longer until the status is read.
			timeout := 50 * time.Millisecond
			_, err := scrapeWithin(t, c, timeout)
			for ; client.ReasonOf(err) == client.ReasonTimeout && timeout < patience; timeout *= 2 {
				_, err = scrapeWithin(t, c, timeout)
			}
			check(t, err, failure{reason: client.ReasonStatus, status: 403, text: "403", advice: "allow the address"})
		})
	}
}

// A context that has ended before the scrape causes no request.
func TestCanceledBefore(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fake, options := serve(t, kind, always(ok(page)))
			c := connect(t, options)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			request := func(want int64) {
				t.Helper()
				_, err := stubstatus.Read(ctx, c)
				check(t, err, failure{reason: client.ReasonCanceled})
				if got := fake.requests.Load(); got != want || c.Requests() != uint64(want) {
					t.Errorf("nginx counted %d requests, we %d, want %d", got, c.Requests(), want)
				}
			}
			request(0)
			mustScrape(t, c) // leaves a connection for the next request
			request(1)
		})
	}
}

// The deadline of a request does not apply to the connection that it leaves.
func TestKeptBeyondDeadline(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fake, options := serve(t, kind, always(ok(page)))
			c := connect(t, options)
			for range 3 {
				ctx, end := context.WithCancelCause(t.Context())
				if _, err := stubstatus.Read(ctx, c); err != nil {
					t.Error(err)
				}
				end(context.DeadlineExceeded)
			}
			if got := fake.connections.Load(); got != 1 {
				t.Errorf("took %d connections", got)
			}
		})
	}
}
