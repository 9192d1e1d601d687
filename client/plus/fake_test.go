package plus_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"nginx-exporter/client"
	"nginx-exporter/client/plus"
	"nginx-exporter/internal/standin"
)

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

// page is a stub_status page.
const page = "Active connections: 2 \nserver accepts handled requests\n 7 6 13 \nReading: 0 Writing: 1 Waiting: 1 \n"

// secret is in each response behind the bytes that may be quoted.
const secret = "geheim-9f2c"

// body is what an application may respond with: a secret, control characters.
func body(start string) string {
	return start + strings.Repeat("a\x1b[31m\x07\u009b\u202e", 8) + strings.Repeat("b", 64) + secret + strings.Repeat(" lorem ipsum", 40)
}

const (
	adviceLog      = "check the error log of nginx"
	adviceRedirect = "redirects are not followed"
	adviceTimeout  = "nginx did not respond within the timeout"
)

// failure is how a failure has to be reported.
type failure struct {
	reason client.Reason
	status int
	text   string
	advice string
}

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
	if strings.Contains(err.Error(), secret) || strings.ContainsFunc(err.Error(), unicode.IsControl) {
		t.Errorf("got %q, which no log may show", err)
	}
}

// target is one NGINX Plus under test.
type target struct {
	*plus.API
	client *client.Client
}

// serve serves an API and returns it as a target.
func serve(tb testing.TB, api *standin.Nginx) *target {
	tb.Helper()
	return serveWith(tb, api, api, 0)
}

// serveWith serves an API behind another handler and returns it as a target,
// with that bound of a document.
func serveWith(tb testing.TB, api *standin.Nginx, handler http.Handler, maxDocument int64) *target {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := api.ServeWith(listener, handler)
	tb.Cleanup(server.Close)
	return connect(tb, server.URL, maxDocument)
}

// connect returns the target at a URL.
func connect(tb testing.TB, url string, maxDocument int64) *target {
	tb.Helper()
	at, err := client.ParseTarget(url)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: at, Timeout: patience})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return &target{API: plus.New(c, maxDocument), client: c}
}

// within returns a context that ends when no test should wait any more.
func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// index reads the index, which must succeed.
func index(tb testing.TB, c *target) *plus.Index {
	tb.Helper()
	got, err := c.Index(within(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// checkRequests checks the number of requests that the client and nginx counted.
func checkRequests(tb testing.TB, c *target, api *standin.Nginx, want int) {
	tb.Helper()
	if ours, theirs := c.client.Requests(), api.Total(); ours != uint64(theirs) || theirs != want {
		tb.Errorf("counted %d requests, nginx %d, want %d: %v", ours, theirs, want, api.Requests())
	}
}

// zipped compresses a text.
func zipped(tb testing.TB, text string) string {
	tb.Helper()
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	if _, err := writer.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		tb.Fatal(err)
	}
	return zipped.String()
}
