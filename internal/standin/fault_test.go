package standin_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// patience is how long a test waits for what must happen.
const patience = 5 * time.Minute

// wire is an API on a port, and one client of it.
type wire struct {
	api    *standin.Nginx
	server *standin.Server
	client *http.Client
}

func connect(tb testing.TB, options ...standin.Option) *wire {
	tb.Helper()
	w := &wire{api: plustest.New(options...), client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	w.server = w.api.Start()
	tb.Cleanup(w.server.Close)
	tb.Cleanup(w.client.CloseIdleConnections)
	return w
}

// reply is a response, read as far as it came.
type reply struct {
	status int
	header http.Header
	length int64 // as it was announced
	body   string
}

// get makes a request below the API.
func (w *wire) get(ctx context.Context, path, encoding string) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+path, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Accept-Encoding", encoding)
	response, err := w.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, response.ContentLength, string(body)}, err
}

// await waits until a path was asked for.
func (w *wire) await(tb testing.TB, path string) {
	tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for w.api.Requests()[path] == 0 {
		select {
		case <-ticker.C:
		case <-deadline.C:
			tb.Fatalf("no request for %s", path)
		}
	}
}

func TestFaults(t *testing.T) {
	half := string(plustest.Sample()["http/caches"])
	half = half[:len(half)/2]
	for name, test := range map[string]struct {
		option standin.Option
		path   string
		status int
		want   string // of the body, a part
	}{
		"status":               {standin.WithStatus("http/caches", 500, "oh no"), "/9/http/caches/", 500, "oh no"},
		"status, own body":     {standin.WithStatus("http/caches", 403, ""), "/9/http/caches/", 403, `"error":{"status":403`},
		"status of the rest":   {standin.WithStatus("http/caches", 500, ""), "/9/connections", 200, `"accepted":812345`},
		"status of all":        {standin.WithStatus(standin.Every, 404, "<html>"), "/", 404, "<html>"},
		"status of a listing":  {standin.WithStatus("stream", 404, ""), "/9/stream/", 404, `"status":404`},
		"below such a listing": {standin.WithStatus("stream", 404, ""), "/9/stream/upstreams/", 200, `"pg"`},
		"status of versions":   {standin.WithStatus("versions", 401, "who?"), "/", 401, "who?"},
		"status of root":       {standin.WithStatus("root", 502, "bad"), "/9/", 502, "bad"},
		"raw":                  {standin.WithRaw("connections", []byte("Active connections: 2 \n")), "/9/connections", 200, "Active connections: 2 \n"},
		"raw and empty":        {standin.WithRaw("connections", nil), "/9/connections", 200, ""},
		"truncated":            {standin.WithTruncated("http/caches"), "/9/http/caches/", 200, half},
		"not configured":       {standin.WithoutEndpoint("http/caches"), "/9/http/caches/", 404, "PathNotFound"},
		"no http at all":       {standin.WithoutEndpoint("http"), "/9/http/", 404, "PathNotFound"},
		"not in its list":      {standin.WithDocument("http", `["requests"]`), "/9/http/caches/", 404, "PathNotFound"},
		"listed in vain":       {standin.WithDocuments(map[string][]byte{"root": []byte(`["ssl"]`)}), "/9/ssl", 404, "PathNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			w := connect(t, test.option)
			got, err := w.get(t.Context(), test.path, "identity")
			if err != nil {
				t.Fatal(err)
			}
			if got.status != test.status || !strings.Contains(got.body, test.want) || test.want == "" && got.body != "" {
				t.Errorf("status %d, body %s", got.status, got.body)
			}
			if test.want == half && got.body != half {
				t.Errorf("%d bytes, want %d", len(got.body), len(half))
			}
		})
	}
}

func TestAborted(t *testing.T) {
	w := connect(t, standin.WithAborted("http/upstreams"))
	got, err := w.get(t.Context(), "/9/http/upstreams", "identity")
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.status != http.StatusOK || got.body == "" {
		t.Errorf("%d bytes, then %v", len(got.body), err)
	}
}

func TestHang(t *testing.T) {
	w := connect(t, standin.WithHang("slabs"))
	ctx, cancel := context.WithCancel(t.Context())
	responded := make(chan error, 1)
	go func() {
		_, err := w.get(ctx, "/9/slabs/", "identity")
		responded <- err
	}()
	if _, err := w.get(t.Context(), "/9/nginx", "identity"); err != nil {
		t.Errorf("another path: %v", err)
	}
	w.await(t, "/api/9/slabs/")
	select {
	case err := <-responded:
		t.Errorf("the client has a response, or %v", err)
	default:
	}
	cancel()
	if err := <-responded; !errors.Is(err, context.Canceled) {
		t.Errorf("the client left with %v", err)
	}
}

// TestCloseEndsHang: a server that hangs can be closed while a client waits.
func TestCloseEndsHang(t *testing.T) {
	w := connect(t, standin.WithHang(standin.Every))
	failed := make(chan error, 1)
	go func() {
		_, err := w.get(t.Context(), "/", "identity")
		failed <- err
	}()
	w.await(t, "/api/")
	w.server.Close()
	if err := <-failed; err == nil {
		t.Error("a response of a server that is closed")
	}
}

func TestDelay(t *testing.T) {
	const delay = 50 * time.Millisecond
	w := connect(t, standin.WithDelay("ssl", delay))
	start := time.Now()
	if _, err := w.get(t.Context(), "/9/ssl", "identity"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < delay {
		t.Errorf("the response came after %v", took)
	}
}

// TestDelayEnds: the server does not wait for a client that left.
func TestDelayEnds(t *testing.T) {
	w := connect(t, standin.WithDelay("ssl", time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := w.get(ctx, "/9/ssl", "identity"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a client without patience got %v", err)
	}
	closed := make(chan struct{})
	go func() {
		w.server.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("the server cannot be closed")
	}
}

func TestGzip(t *testing.T) {
	w := connect(t, standin.WithGzip())
	want := string(plustest.Sample()["http/upstreams"])
	got, err := w.get(t.Context(), "/9/http/upstreams", "gzip")
	if err != nil || got.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v, header %v", err, got.header)
	}
	reader, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(reader); err != nil || string(plain) != want {
		t.Errorf("%v, %d bytes", err, len(plain))
	}
	got, err = w.get(t.Context(), "/9/http/upstreams", "identity")
	if err != nil || got.header.Get("Content-Encoding") != "" || got.body != want {
		t.Errorf("without gzip: %v, header %v, %d bytes", err, got.header, len(got.body))
	}
}

func TestChunked(t *testing.T) {
	w := connect(t, standin.WithChunked())
	got, err := w.get(t.Context(), "/9/ssl", "identity")
	if err != nil || got.length != -1 || got.body != string(plustest.Sample()["ssl"]) {
		t.Errorf("%v, length %d, body %s", err, got.length, got.body)
	}
}

// TestHangUp: the next request needs another connection, and gets it.
func TestHangUp(t *testing.T) {
	w := connect(t)
	for want := 1; want <= 3; want++ {
		if _, err := w.get(t.Context(), "/9/nginx", "identity"); err != nil {
			t.Fatal(err)
		}
		w.server.HangUp()
		if got := w.api.Connections(); got != want {
			t.Errorf("%d connections, want %d", got, want)
		}
	}
}
