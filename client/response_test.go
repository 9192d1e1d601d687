package client_test

import (
	"net"
	"strings"
	"testing"

	"nginx-exporter/client"
)

// Any response is returned unchanged, up to its size limit.
func TestFetch(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		for _, one := range []struct {
			status, body string
			code, length int
			cut          bool
		}{
			{"200 OK", page, 200, len(page), false},
			{"404 Not Found", "<html>", 404, 6, false},
			{"400 Bad Request", strings.Repeat("x", 1<<20), 400, client.MaxFetched, true},
		} {
			_, options := serve(t, kind, always(response(one.status, "text/plain", one.body)))
			got, err := connect(t, options).Fetch(t.Context())
			if err != nil {
				t.Fatalf("%s, %s: %v", kind, one.status, err)
			}
			if got.Status != one.code || len(got.Body) > one.length || !one.cut && len(got.Body) != one.length || got.Cut != one.cut || got.Header.Get("Content-Type") != "text/plain" {
				t.Errorf("%s, %s: status %d, %d bytes, cut %t", kind, one.status, got.Status, len(got.Body), got.Cut)
			}
			if got.Login {
				t.Errorf("%s: the request had credentials", kind)
			}
			if (got.TLS != nil) != (kind == "https") || got.Local == nil {
				t.Errorf("%s: TLS %v, from %v", kind, got.TLS, got.Local)
			}
		}
	}
}

// Response.Login reports whether the request had credentials.
func TestFetchLogin(t *testing.T) {
	t.Parallel()
	fake, options := serve(t, "http", always(response("401 Unauthorized", "text/plain", "")))
	options.Target = target(t, "http://user:pw@"+fake.listener.Addr().String()+"/")
	if got, err := connect(t, options).Fetch(t.Context()); err != nil || !got.Login {
		t.Errorf("%+v, %v", got, err)
	}
}

// Errors without a response have their reasons.
func TestFetchFails(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]client.Reason{
		"nonsense": client.ReasonNetwork,
		response("200 OK", "text/plain", "x", "Content-Encoding: br"):   client.ReasonParse,
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort":            client.ReasonNetwork,
		response("200 OK", "text/plain", "x", "Content-Encoding: gzip"): client.ReasonParse,
	} {
		_, options := serve(t, "http", once(text))
		if got, err := connect(t, options).Fetch(t.Context()); err == nil || client.ReasonOf(err) != reason {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	gone := listen(t, "tcp", "127.0.0.1:0")
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(gone.Addr().String())
	_, err := connect(t, client.Options{Target: target(t, "http://127.0.0.1:"+port), Timeout: patience}).Fetch(t.Context())
	if client.ReasonOf(err) != client.ReasonRefused {
		t.Errorf("nothing is listening: %v", err)
	}
}

// TestTargetAt holds that only the path changes.
func TestTargetAt(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"http://h:81/a/b?token=x": "http://h:81/new", "https://u:pw@[::1]/": "https://[::1]/new", "unix:/s:1.sock:/a": "unix:/s:1.sock:/new", "unix:@s": "unix:@s:/new",
	} {
		before := target(t, uri)
		after := before.At("/new")
		if after.String() != want || after.Path() != "/new" || after.HasLogin() != before.HasLogin() || after.Key() != target(t, want).Key() {
			t.Errorf("%s: %s, %s", uri, after, after.Key())
		}
		if before.Path() == "/new" || before.String() == want {
			t.Errorf("%s itself has changed: %s", uri, before)
		}
	}
}
