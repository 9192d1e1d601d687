package angie

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"nginx-exporter/client"
	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/internal/standin/angietest"
)

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

// connect returns the status of a server at a path, with that bound of a
// response.
func connect(tb testing.TB, handler http.Handler, path string, maxDocument int64) (*API, *client.Client) {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	target, err := client.ParseTarget(server.URL + path)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: patience})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return New(c, maxDocument), c
}

// within returns a context that ends when no test should wait any more.
func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// wanted is a tree of which the server and the connections are wanted.
func wanted() *Tree {
	return &Tree{Parts: map[string]Part{ServerPath: &Server{}, "connections": &api.Connections{}}}
}

// mustRead reads the tree and expects the recorded one.
func mustRead(tb testing.TB, status *API) {
	tb.Helper()
	tree := wanted()
	if err := status.ReadTree(within(tb), tree); err != nil {
		tb.Fatal(err)
	}
	server, _ := tree.Parts[ServerPath].(*Server)
	connections, _ := tree.Parts["connections"].(*api.Connections)
	if server.Version != "1.13.0" || connections.Accepted.Float() != 14 || len(tree.Found) != 2 {
		tb.Errorf("got %+v, %+v, found %v", server, connections, tree.Found)
	}
}

// exact serves the tree at a location without a trailing slash, and nothing else.
func exact() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, angietest.Recorded()) })
	return mux
}

// The target can have a trailing slash or not. Which one Angie wants is asked
// only once.
func TestSlash(t *testing.T) {
	t.Parallel()
	status := func() http.Handler { return angietest.New("/status/", angietest.Recorded()) }
	for name, test := range map[string]struct {
		handler http.Handler
		path    string
		first   uint64 // requests
	}{
		"with":                        {status(), "/status/", 1},
		"without":                     {status(), "/status", 2},
		"exact":                       {exact(), "/status", 1},
		"behind the wrong trailing /": {angietest.New("/a/status", angietest.Recorded()), "/a/status/", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, c := connect(t, test.handler, test.path, 0)
			for i := range uint64(3) {
				mustRead(t, api)
				if got, want := c.Requests(), test.first+i; got != want {
					t.Errorf("%d requests, want %d", got, want)
				}
			}
		})
	}
}

// A response is the same with every framing.
func TestFraming(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(writer, angietest.Recorded()) // the buffer takes all
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(w http.ResponseWriter){
		"gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		},
		"chunks": func(w http.ResponseWriter) {
			for _, chunk := range strings.SplitAfter(angietest.Recorded(), "\n") {
				_, _ = io.WriteString(w, chunk)
				_ = http.NewResponseController(w).Flush()
			}
		},
		"other type": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, angietest.Recorded())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w) }), "/status/", 0)
			mustRead(t, api)
		})
	}
}

const (
	page   = "Active connections: 2 \nserver accepts handled requests\n 7 6 13 \nReading: 0 Writing: 1 Waiting: 1 \n"
	secret = "geheim-9f2c" // behind the bytes that may be quoted
)

// fault is a faulty response and how it is reported.
type fault struct {
	status       int // 0: 200
	body         string
	reason       client.Reason
	text, advice string
}

func faults() map[string]fault {
	parse := func(body, text string) fault {
		return fault{body: body, reason: client.ReasonParse, text: text, advice: "the directive api /status/"}
	}
	status := func(status int, advice string) fault {
		return fault{status: status, body: "<html>", reason: client.ReasonStatus, text: fmt.Sprintf("HTTP status %d", status), advice: advice}
	}
	whole := angietest.Recorded()
	return map[string]fault{
		"empty":       parse("", "the response is incomplete"),
		"cut":         parse(whole[:len(whole)/2], "the response is incomplete"),
		"null":        parse("null", "the response is null"),
		"versions":    parse("[1,2,3]", "a JSON array instead of a JSON object"),
		"web page":    parse("<html><body>"+secret, "not valid JSON"),
		"stub_status": parse(page, "not valid JSON"),
		"control":     parse("{\"\x1b[31m\x07"+secret, "not valid JSON"),
		"more":        parse(whole+"}", "not valid JSON"),
		"VTS":         parse(`{"hostName":"a","nginxVersion":"1.22.1","connections":{"active":1}}`, "not the status of Angie"),
		"a part":      parse(`{"accepted":14,"dropped":0,"active":1,"idle":1}`, "not the status of Angie"),
		"angie false": parse(`{"angie":false}`, "not the status of Angie"),
		"long text":   parse(`{"angie":{"config_files":{"/a":"`+strings.Repeat("x", 1<<20+1)+`"}}}`, "a string longer than 1048576 bytes"),
		"too large":   {body: whole + strings.Repeat(" ", 1<<21), reason: client.ReasonTooLarge, text: "longer than 2097152 bytes", advice: "--nginx.plus.max-document"},
		"not found":   status(http.StatusNotFound, "the directive api /status/"),
		"forbidden":   status(http.StatusForbidden, "allow the address of the exporter"),
		"redirect":    status(http.StatusFound, "the directive api /status/"),
		"error":       status(http.StatusInternalServerError, "error log"),
		"busy":        status(http.StatusServiceUnavailable, "limit_req"),
		"login":       status(http.StatusUnauthorized, "credentials"),
	}
}

// check checks how the fault was reported.
func (f *fault) check(t *testing.T, err error) {
	t.Helper()
	var got *client.Error
	if !errors.As(err, &got) || got.Reason != f.reason || got.Status != max(f.status, got.Status) {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, f.text) || strings.Contains(text, secret) || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("got %q, want %q in it", text, f.text)
	}
	if advice := client.AdviceOf(err); !strings.Contains(advice, f.advice) {
		t.Errorf("got advice %q, want %q in it", advice, f.advice)
	}
	if got.Reason == client.ReasonParse && !strings.HasPrefix(f.body, string(got.Body)) {
		t.Errorf("the error has the body %q", got.Body)
	}
}

// After a response that cannot be read, the next one is complete.
func TestReadFails(t *testing.T) {
	t.Parallel()
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := true
			api, _ := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !broken {
					_, _ = io.WriteString(w, angietest.Recorded())
					return
				}
				if fault.status != 0 {
					w.WriteHeader(fault.status)
				}
				_, _ = io.WriteString(w, fault.body)
			}), "/status/", 1<<21)
			fault.check(t, api.ReadTree(within(t), wanted()))
			broken = false
			mustRead(t, api)
		})
	}
}

// A read ends with its context, wherever the response stalls.
func TestReadStalls(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"header": "", "middle": angietest.Recorded()[:200], "end": strings.TrimSpace(angietest.Recorded())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, end := context.WithCancel(t.Context())
			api, _ := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, sent)
				_ = http.NewResponseController(w).Flush()
				end()
				<-r.Context().Done()
			}), "/status/", 0)
			if err := api.ReadTree(ctx, wanted()); client.ReasonOf(err) != client.ReasonCanceled {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Parts are read alone, and other protocols recognize what is not Angie.
func TestRead(t *testing.T) {
	t.Parallel()
	api, _ := connect(t, angietest.New("/status/", angietest.Full()), "/status/", 0)
	server, invalid, err := api.ReadServer(within(t))
	if err != nil || invalid != 0 || server.Version != "1.13.0" || server.Build != "PRO" || server.Generation.Float() != 3 {
		t.Errorf("got %+v, %d invalid members, %v", server, invalid, err)
	}
	upstreams := &Upstreams{}
	if invalid, err := api.Read(within(t), "http/upstreams", upstreams); err != nil || invalid != 0 || len(upstreams.Peers) != 9 {
		t.Errorf("got %d servers, %d invalid members, %v", len(upstreams.Peers), invalid, err)
	}
	if _, err := api.Read(within(t), "http/none", &Limits{}); client.ReasonOf(err) != client.ReasonStatus || !strings.Contains(client.AdviceOf(err), "curl") {
		t.Errorf("got %v, advice %q", err, client.AdviceOf(err))
	}
	other, _ := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), "/x", 0)
	if _, _, err := other.ReadServer(within(t)); client.ReasonOf(err) != client.ReasonParse || !strings.Contains(err.Error(), "not the status of Angie") {
		t.Errorf("got %v", err)
	}
}

func TestRecognizes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		angietest.Recorded(): true, angietest.Full()[:200]: true, `{"x":[1,{}],"angie":{`: true, ` {"angie" : {}}`: true,
		"": false, "{": false, `{"angie":1}`: false, `{"connections":{"angie":{}}}`: false, `[{"angie":{}}]`: false, "[1,2]": false, page: false, `{"hostName":"a"`: false,
	} {
		if got := Recognizes(client.Unexpected([]byte(body), errors.New("another document"), "")); got != want {
			t.Errorf("%.40s: got %t", body, got)
		}
	}
	if !Recognizes(&client.Error{Status: http.StatusMovedPermanently}) || Recognizes(&client.Error{Status: http.StatusNotFound}) || Recognizes(io.EOF) {
		t.Error("a redirect may be from Angie; no other failure is")
	}
	api, _ := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[1,2,3,4,5,6,7,8,9]") }), "/api", 0)
	if err := api.ReadTree(within(t), wanted()); !plus.Recognizes(err) {
		t.Errorf("NGINX Plus is not recognized by %v", err)
	}
}
