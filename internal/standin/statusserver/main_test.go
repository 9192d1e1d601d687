package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nginx-exporter/internal/standin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

// running is the running command.
type running struct {
	url    string
	client *http.Client
}

// start runs the command until the test ends, and checks that it ends well.
func start(tb testing.TB, args ...string) *running {
	tb.Helper()
	ctx, stop := context.WithCancel(tb.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, args, in, io.Discard)
		_ = in.Close()
	}()
	r := &running{client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}
	tb.Cleanup(func() {
		r.client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("it ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatalf("it prints nothing: %v, ended with %v", err, <-ended)
	}
	r.url = strings.TrimSpace(line)
	return r
}

func (r *running) get(tb testing.TB, url string) (int, string) {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServes(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		path   string
		status int
		want   string // a part of the body
	}{
		"sample":       {nil, "/9/http/requests", 200, `"total":2345678`},
		"size":         {[]string{"-dialect", "plus", "-size", "S"}, "/9/http/upstreams/", 200, `"app02.group000.internal:8080"`},
		"set":          {[]string{"-set", "empty,names"}, "/9/http/limit_reqs/", 200, "{}"},
		"set alone":    {[]string{"-set", "histogram", "-alone"}, "/9/", 200, `["http"]`},
		"versions":     {[]string{"-versions", "7-8,12,8"}, "/", 200, "[7,8,12]"},
		"version":      {[]string{"-versions", "4"}, "/", 200, "[4]"},
		"set versions": {[]string{"-set", "api3_plus_r15"}, "/", 200, "[1,2,3]"},
		"without":      {[]string{"-without", "stream,http/caches"}, "/9/stream/", 404, "PathNotFound"},
		"status":       {[]string{"-fault", "500:http/caches,cut:ssl"}, "/9/http/caches", 500, `"status":500`},
		"cut":          {[]string{"-fault", "500:http/caches,cut:ssl"}, "/9/ssl", 200, `{"handshakes":5100,`},
		"every path":   {[]string{"-fault", "404:*", "-delay", "1ms", "-gzip"}, "/", 404, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, test.args...)
			status, body := r.get(t, r.url+test.path)
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("status %d, %s", status, body)
			}
		})
	}
}

// TestCounts: the counts are requested over a connection, but include
// only requests to the API.
func TestCounts(t *testing.T) {
	r := start(t)
	for range 3 {
		r.get(t, r.url+"/9/ssl")
	}
	_, body := r.get(t, strings.TrimSuffix(r.url, "/api")+"/-/counts")
	var counts struct {
		Requests    int
		Connections int
		ByPath      map[string]int `json:"by_path"`
	}
	if err := json.Unmarshal([]byte(body), &counts); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if counts.Requests != 3 || counts.Connections != 1 || counts.ByPath["/api/9/ssl"] != 3 {
		t.Errorf("counts: %s", body)
	}
}

// example is a document of a dialect below its URL, by its path for -fault.
type example struct {
	url, path string
	sizeText  string // of its document with -size 2
	set, text string // a set of documents, and what it has
}

func examples() map[string]example {
	return map[string]example{
		"angie": {"", standin.Root, `"site0001.example.com"`, "recorded", `"build_time": "2026-`},
		"plus":  {"/9/http/server_zones/", "http/server_zones", `"site0001.example.com"`, "names", `"`},
		"vts":   {"", standin.Root, `"site0001.example.com"`, "v0.1.10", `"nginxVersion": "1.11.5"`},
	}
}

// Each dialect has counters that increase, sizes, sets of documents, and the same
// faults.
func TestDialects(t *testing.T) {
	if len(examples()) != len(dialects()) {
		t.Errorf("%d of %d dialects are tested", len(examples()), len(dialects()))
	}
	for name, e := range examples() {
		t.Run(name, func(t *testing.T) {
			get := func(flag, value string) (int, string) {
				r := start(t, "-dialect", name, flag, value)
				return r.get(t, r.url+e.url)
			}
			if _, body := get("-size", "2"); !strings.Contains(body, e.sizeText) || strings.Contains(body, "site0002") {
				t.Errorf("-size 2: %s", body)
			}
			if _, body := get("-set", e.set); !strings.Contains(body, e.text) {
				t.Errorf("-set %s: %s", e.set, body)
			}
			if status, _ := get("-fault", "503:"+e.path); status != http.StatusServiceUnavailable {
				t.Errorf("status %d", status)
			}
			if status, body := get("-fault", "cut:/"+e.path); status != http.StatusOK || json.Valid([]byte(body)) {
				t.Errorf("status %d, %s", status, body)
			}
			checkMoves(t, start(t, "-dialect", name, "-tick", "1ms"), e.url)
			checkAborted(t, start(t, "-dialect", name, "-fault", "abort:"+e.path), e.url)
			checkHangs(t, start(t, "-dialect", name, "-fault", "hang:*"), e.url)
		})
	}
}

// checkMoves waits for counters that grow.
func checkMoves(t *testing.T, r *running, path string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	_, before := r.get(t, r.url+path)
	for after := before; after == before; _, after = r.get(t, r.url+path) {
		if time.Now().After(deadline) {
			t.Fatalf("it stays at %s", before)
		}
	}
}

func checkAborted(t *testing.T, r *running, path string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%s, %v", body, err)
	}
}

func checkHangs(t *testing.T, r *running, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Error("a path that hangs has a response")
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range []string{
		"-size XXL", "-set none", "-set ../sample", "-versions x", "-versions 3-1", "-versions 1-y", "-versions 0", "-versions 1-9999",
		"-fault hang", "-fault hang:", "-fault 99:ssl", "-fault burn:ssl", "-delay -1s", "-tick -1s", "-listen 127.0.0.1:99999",
		"-what", "extra", "-dialect nginx", "-dialect vts -without root", "-dialect angie -versions 9", "-dialect angie -set full,names",
	} {
		var out strings.Builder
		ctx, stop := context.WithTimeout(t.Context(), patience)
		if err := run(ctx, strings.Fields(args), &out, io.Discard); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, output %q", args, err, out.String())
		}
		stop()
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
