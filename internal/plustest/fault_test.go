package plustest_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/plustest"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// wire is an API on a port, and one client of it.
type wire struct {
	api    *plustest.API
	server *plustest.Server
	client *http.Client
}

func connect(tb testing.TB, options ...plustest.Option) *wire {
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
		option plustest.Option
		path   string
		status int
		want   string // of the body, a part
	}{
		"status":               {plustest.WithStatus("http/caches", 500, "oh no"), "/9/http/caches/", 500, "oh no"},
		"status, own body":     {plustest.WithStatus("http/caches", 403, ""), "/9/http/caches/", 403, `"error":{"status":403`},
		"status of the rest":   {plustest.WithStatus("http/caches", 500, ""), "/9/connections", 200, `"accepted":812345`},
		"status of all":        {plustest.WithStatus(plustest.Every, 404, "<html>"), "/", 404, "<html>"},
		"status of a listing":  {plustest.WithStatus("stream", 404, ""), "/9/stream/", 404, `"status":404`},
		"below such a listing": {plustest.WithStatus("stream", 404, ""), "/9/stream/upstreams/", 200, `"pg"`},
		"status of versions":   {plustest.WithStatus("versions", 401, "who?"), "/", 401, "who?"},
		"status of root":       {plustest.WithStatus("root", 502, "bad"), "/9/", 502, "bad"},
		"raw":                  {plustest.WithRaw("connections", []byte("Active connections: 2 \n")), "/9/connections", 200, "Active connections: 2 \n"},
		"raw and empty":        {plustest.WithRaw("connections", nil), "/9/connections", 200, ""},
		"truncated":            {plustest.WithTruncated("http/caches"), "/9/http/caches/", 200, half},
		"not configured":       {plustest.WithoutEndpoint("http/caches"), "/9/http/caches/", 404, "PathNotFound"},
		"no http at all":       {plustest.WithoutEndpoint("http"), "/9/http/", 404, "PathNotFound"},
		"not in its list":      {plustest.WithDocument("http", `["requests"]`), "/9/http/caches/", 404, "PathNotFound"},
		"listed in vain":       {plustest.WithDocuments(map[string][]byte{"root": []byte(`["ssl"]`)}), "/9/ssl", 404, "PathNotFound"},
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
	w := connect(t, plustest.WithAborted("http/upstreams"))
	got, err := w.get(t.Context(), "/9/http/upstreams", "identity")
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.status != http.StatusOK || got.body == "" {
		t.Errorf("%d bytes, then %v", len(got.body), err)
	}
}

func TestHang(t *testing.T) {
	w := connect(t, plustest.WithHang("slabs"))
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
	w := connect(t, plustest.WithHang(plustest.Every))
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
	w := connect(t, plustest.WithDelay("ssl", delay))
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
	w := connect(t, plustest.WithDelay("ssl", time.Hour))
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
	w := connect(t, plustest.WithGzip())
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
	w := connect(t, plustest.WithChunked())
	got, err := w.get(t.Context(), "/9/ssl", "identity")
	if err != nil || got.length != -1 || got.body != string(plustest.Sample()["ssl"]) {
		t.Errorf("%v, length %d, body %s", err, got.length, got.body)
	}
}

// TestTick moves the counters of the sample and leaves everything else.
func TestTick(t *testing.T) {
	const syncZones = `"zones":{"sessions":{"records_total":15300,"records_pending":11},"blocklist":{"records_total":3,"records_pending":0}}}`
	const noRoom = `{"total":18446744073709551615,"requests":-5,"accepted":1.5,"sent":0}`
	api := plustest.New(plustest.WithDocument("stream/limit_conns", noRoom))
	for range 3 {
		api.Tick()
	}
	for path, want := range map[string]string{
		"connections":        `{"accepted":812375,"dropped":12,"active":37,"idle":64}`,
		"http/requests":      `{"total":2345708,"current":19}`,
		"processes":          `{"respawned":2}`,
		"stream/zone_sync":   `{"status":{"nodes_online":2,"msgs_in":41249,"msgs_out":40126,"bytes_in":71264567,"bytes_out":69264567},` + syncZones,
		"stream/limit_conns": noRoom,
		"http/keyvals":       string(plustest.Sample()["http/keyvals"]),
		"nginx":              string(plustest.Sample()["nginx"]),
		"license":            string(plustest.Sample()["license"]),
	} {
		if got := string(get(t, api, "/api/9/"+path, http.StatusOK)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if !strings.Contains(string(get(t, api, "/api/6/http/requests", http.StatusOK)), "2345708") {
		t.Error("the counters of version 6 do not increase")
	}
}

// TestChanges changes an API while it serves.
func TestChanges(t *testing.T) {
	api := plustest.New(plustest.WithVersions(8, 9))
	api.Tick()
	has := func(path string, status int, want string) {
		t.Helper()
		if body := string(get(t, api, "/api/9/"+path, status)); !strings.Contains(body, want) {
			t.Errorf("%s has no %s: %s", path, want, body)
		}
	}
	has("nginx", 200, `"generation":3,`)
	has("http/requests", 200, `"total":2345688`)
	api.Set(plustest.WithStatus("http/requests", 500, "no"), plustest.WithTruncated("ssl"))
	has("http/requests", 500, "no")
	has("nginx", 200, `"generation":3,`)
	api.Reload(plustest.WithoutEndpoint("stream"), plustest.WithDocument("http/limit_reqs", `{"new":{"passed":5}}`))
	has("nginx", 200, `"generation":4,"load_timestamp":"2026-07-01T08:15:30.250Z"`)
	has("http/requests", 500, "no")
	has("http/limit_reqs", 200, `"new"`)
	has("stream/", 404, "PathNotFound")
	api.Set(plustest.WithoutFaults(), plustest.WithStream(true))
	has("http/requests", 200, `"total":2345688`)
	has("ssl", 200, `"hostname_mismatch":1}}`)
	has("stream/", 200, `["server_zones"`)
	api.Tick()
	has("http/requests", 200, `"total":2345698`)
	if got := string(get(t, api, "/api/", http.StatusOK)); got != "[8,9]" {
		t.Errorf("versions are %s after all that", got)
	}
	if api.Total() != 13 {
		t.Errorf("%d requests", api.Total())
	}
	api.Set(plustest.WithDocument("nginx", `{"version":"1.27.4","generation":"?"}`))
	api.Reload()
	has("nginx", 200, `"generation":"?"`)
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
