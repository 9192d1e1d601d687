package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
)

const adviceTimeout = "nginx did not respond within the timeout; check its load, and --nginx.timeout"

// then says something and nothing more.
func then(text string) script {
	return func(e *exchange) outcome {
		e.say(text)
		e.stall()
		return hangUp
	}
}

// dripping says something and goes on and on.
func dripping(start, text string) script {
	return func(e *exchange) outcome {
		if e.say(start) {
			e.drip(text, 5*time.Millisecond)
		}
		return hangUp
	}
}

// stalls are answers that never come to their end, by the stage at which they
// hang.
func stalls(tb testing.TB) map[string]script {
	tb.Helper()
	packed := zipped(tb, page)
	return map[string]script{
		"no answer":           then(""),
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

// expiring is a context whose time is over when the test says so.
type expiring struct {
	context.Context
	over chan struct{}
}

// Done implements [context.Context].
func (e expiring) Done() <-chan struct{} { return e.over }

// Err implements [context.Context].
func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// askLater scrapes, and sends the error when there is one.
func askLater(ctx context.Context, c *client.Client) <-chan error {
	failed := make(chan error, 1)
	go func() {
		_, err := c.StubStatus(ctx)
		failed <- err
	}()
	return failed
}

// mustHang waits until nginx has the request, and then a little for the
// response, which may be under way or not.
func mustHang(t *testing.T, fake *fake, failed <-chan error) {
	t.Helper()
	eventually(t, "the request", func() bool { return fake.requests.Load() == 1 })
	for range 10 {
		select {
		case err := <-failed:
			t.Fatalf("ended by itself: %v", err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Whatever hangs, the scrape ends with its time.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for name, script := range stalls(t) {
		for _, kind := range kinds() {
			t.Run(name+" over "+kind, func(t *testing.T) {
				t.Parallel()
				fake, options := serve(t, kind, script)
				c := connect(t, options)
				ctx := expiring{t.Context(), make(chan struct{})}
				failed := askLater(ctx, c)
				mustHang(t, fake, failed)
				close(ctx.over)
				err := <-failed
				check(t, err, failure{reason: client.ReasonTimeout, advice: adviceTimeout})
				if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "timeout") {
					t.Errorf("the cause is lost in %q", err)
				}
				eventually(t, "both to have counted one request", func() bool {
					return fake.requests.Load() == 1 && c.Requests() == 1
				})
				eventually(t, "the connection to be closed", func() bool { return fake.left() == 0 })
			})
		}
	}
}

// A status is reported even if its error page never ends. The time is enough
// for the header on a busy machine.
func TestErrorPageStalls(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, options := serve(t, kind, then("HTTP/1.1 403 Forbidden\r\nContent-Length: 200\r\n\r\n<html>"))
			_, err := askWithin(t, connect(t, options), 5*time.Second)
			check(t, err, failure{reason: client.ReasonStatus, status: 403, text: "403", advice: "allow the address"})
		})
	}
}

// A caller that leaves says nothing of nginx, wherever it left.
func TestCanceled(t *testing.T) {
	t.Parallel()
	scripts := stalls(t)
	for _, name := range []string{"no answer", "name stalls", "header drips", "body stalls", "body drips", "gzip header stalls", "gzip stalls"} {
		for _, kind := range kinds() {
			t.Run(name+" over "+kind, func(t *testing.T) {
				t.Parallel()
				fake, options := serve(t, kind, scripts[name])
				c := connect(t, options)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				failed := askLater(ctx, c)
				mustHang(t, fake, failed)
				cancel()
				err := <-failed
				check(t, err, failure{reason: client.ReasonCanceled})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the cause is lost in %q", err)
				}
				eventually(t, "the connection to be closed", func() bool { return fake.left() == 0 })
			})
		}
	}
}

// A caller that left before it asked costs nginx nothing.
func TestCanceledBefore(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fake, options := serve(t, kind, always(ok(page)))
			c := connect(t, options)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			ask := func(want int64) {
				t.Helper()
				_, err := c.StubStatus(ctx)
				check(t, err, failure{reason: client.ReasonCanceled})
				if got := fake.requests.Load(); got != want || c.Requests() != uint64(want) {
					t.Errorf("nginx counted %d requests, we %d, want %d", got, c.Requests(), want)
				}
			}
			ask(0)
			mustAsk(t, c) // leaves a connection that could take a request at once
			ask(1)
		})
	}
}

// Scrapes are further apart than a scrape may take: the time that a request
// had does not count against the connection it leaves.
func TestKeptBeyondTimeout(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			fake, options := serve(t, kind, always(ok(page)))
			c := connect(t, options)
			mustAsk(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if _, err := c.StubStatus(ctx); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			mustAsk(t, c)
			if got := fake.connections.Load(); got != 1 {
				t.Errorf("took %d connections", got)
			}
		})
	}
}
