package plustest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// ask sends one request to the API and returns the response.
func ask(tb testing.TB, api http.Handler, method, path string) *httptest.ResponseRecorder {
	tb.Helper()
	response := httptest.NewRecorder()
	api.ServeHTTP(response, httptest.NewRequestWithContext(tb.Context(), method, path, http.NoBody))
	return response
}

// get is ask for a GET that must have this status.
func get(tb testing.TB, api http.Handler, path string, status int) []byte {
	tb.Helper()
	response := ask(tb, api, http.MethodGet, path)
	if response.Code != status {
		tb.Fatalf("GET %s: status %d, want %d: %s", path, response.Code, status, response.Body)
	}
	return response.Body.Bytes()
}

// file reads a document of testdata without white space.
func file(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return compact.String()
}

func options(all ...standin.Option) []standin.Option { return all }

func TestListings(t *testing.T) {
	const oldest = `["nginx","processes","connections","slabs","http","stream","ssl"]`
	const middle = `["nginx","processes","connections","slabs","http","stream","resolvers","ssl"]`
	root, http9 := file(t, "listing/root.json"), file(t, "listing/http.json")
	for name, test := range map[string]struct {
		options []standin.Option
		path    string
		want    string
	}{
		"versions":               {nil, "/api/", file(t, "listing/versions.json")},
		"versions without slash": {nil, "/api", file(t, "listing/versions.json")},
		"root":                   {nil, "/api/9/", root},
		"root without slash":     {nil, "/api/9", root},
		"http":                   {nil, "/api/9/http/", http9},
		"stream without slash":   {nil, "/api/9/stream", file(t, "listing/stream.json")},
		"API 1":                  {nil, "/api/1/", oldest},
		"API 1 http":             {nil, "/api/1/http/", `["requests","server_zones","caches","keyvals","upstreams"]`},
		"API 1 stream":           {nil, "/api/1/stream/", `["server_zones","upstreams"]`},
		"API 2 stream":           {nil, "/api/2/stream/", `["server_zones","keyvals","upstreams"]`},
		"API 3 stream":           {nil, "/api/3/stream/", `["server_zones","keyvals","zone_sync","upstreams"]`},
		"API 5":                  {nil, "/api/5/", middle},
		"API 5 http": {
			nil, "/api/5/http/",
			`["requests","server_zones","location_zones","caches","keyvals","upstreams"]`,
		},
		"API 8":           {nil, "/api/8/", middle},
		"other versions":  {options(plustest.WithVersions(7, 8, 9, 10, 11, 12)), "/api/", `[7,8,9,10,11,12]`},
		"version to come": {options(plustest.WithVersions(9, 12)), "/api/12/", root},
		"no stream":       {options(plustest.WithStream(false)), "/api/9/", file(t, "odd/no_stream_block/root.json")},
		"stream again": {
			options(plustest.WithStream(false), plustest.WithStream(true)), "/api/9/stream/",
			file(t, "listing/stream.json"),
		},
		"one endpoint less": {
			options(standin.WithoutEndpoint("stream/limit_conns")), "/api/9/stream/",
			file(t, "odd/stream_without_limit_conns/stream.json"),
		},
		"release 32": {
			options(standin.WithDocument("nginx", `{"version":"1.25.5"}`)), "/api/9/",
			strings.Replace(middle, `]`, `,"workers"]`, 1),
		},
		"release 33":         {options(standin.WithDocument("nginx", `{"version":"1.27.2"}`)), "/api/9/", root},
		"listing of its own": {options(standin.WithDocument("root", `["nginx","news"]`)), "/api/9/", `["nginx","news"]`},
		"nothing else": {
			options(standin.WithDocuments(map[string][]byte{"connections": []byte(`{}`)})), "/api/9/",
			`["connections"]`,
		},
		"a failing endpoint": {options(standin.WithStatus("http/caches", 500, "")), "/api/9/http/", http9},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(get(t, plustest.New(test.options...), test.path, http.StatusOK)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestSampleIsServed asks for each document of the sample.
func TestSampleIsServed(t *testing.T) {
	api := plustest.New()
	for path, want := range plustest.Sample() {
		url := "/api/9/" + path
		if got := get(t, api, url, http.StatusOK); !bytes.Equal(got, want) {
			t.Errorf("GET %s: got %s, want %s", url, got, want)
		}
	}
	if n := len(plustest.Sample()); n != 22 {
		t.Errorf("the sample has %d documents, want 21 and the servers of one upstream", n)
	}
}

func TestAddresses(t *testing.T) {
	api := plustest.New()
	for path, status := range map[string]int{
		"/api/9/nginx":                                http.StatusOK,
		"/api/9/nginx/":                               http.StatusNotFound,
		"/api/9/http/requests/":                       http.StatusNotFound,
		"/api/9/http/upstreams/":                      http.StatusOK,
		"/api/9/http/upstreams":                       http.StatusOK,
		"/api/9/http/upstreams/shop/":                 http.StatusOK,
		"/api/9/http/upstreams/shop/servers/":         http.StatusOK,
		"/api/9/http/upstreams/cart/servers/":         http.StatusBadRequest,
		"/api/9/http/upstreams/none/servers/":         http.StatusNotFound,
		"/api/9/http/server_zones/shop.example.com":   http.StatusOK,
		"/api/9/http/keyvals/blocklist?key=192.0.2.7": http.StatusOK,
		"/api/9/slabs/page_cache":                     http.StatusOK,
		"/api/9/workers/1":                            http.StatusOK,
		"/api/9/workers/7":                            http.StatusNotFound,
		"/api/9/stream/zone_sync/":                    http.StatusOK,
		"/api/9/stream/zone_sync/status":              http.StatusNotFound,
		"/api/8/workers/":                             http.StatusNotFound,
		"/api/8/workers/1":                            http.StatusNotFound,
		"/api/4/http/location_zones/":                 http.StatusNotFound,
		"/api/9/versions":                             http.StatusNotFound,
		"/api/10/nginx":                               http.StatusNotFound,
		"/api/nginx":                                  http.StatusNotFound,
		"/apis/9/nginx":                               http.StatusNotFound,
		"/other":                                      http.StatusNotFound,
	} {
		get(t, api, path, status)
	}
}

// TestFields compares with what nginx made of the sample.
func TestFields(t *testing.T) {
	api := plustest.New()
	for path, want := range map[string]string{
		"/api/9/http/server_zones/?fields=":                  file(t, "fields/empty.json"),
		"/api/9/http/server_zones/?fields=requests,received": file(t, "fields/two.json"),
		"/api/9/nginx?fields=version,pid":                    `{"version":"1.29.8","pid":4312}`,
		"/api/9/workers/?fields=id":                          `[{"id":0},{"id":1}]`,
		"/api/9/http/upstreams/?fields=zombies":              `{"shop":{"zombies":1},"cart":{"zombies":0}}`,
		"/api/9/http/upstreams/?fields=nothing":              `{"shop":{},"cart":{}}`,
	} {
		if got := string(get(t, api, path, http.StatusOK)); got != want {
			t.Errorf("GET %s: got %s, want %s", path, got, want)
		}
	}
}

// TestErrors compares with the bodies of nginx, but for the request's number.
func TestErrors(t *testing.T) {
	api := plustest.New()
	for name, request := range map[string]string{
		"400_UpstreamStatic":     "GET /api/9/http/upstreams/cart/servers/",
		"404_PathNotFound":       "GET /api/9/http/nothing",
		"404_ServerZoneNotFound": "GET /api/9/http/server_zones/nothing",
		"404_UnknownVersion":     "GET /api/99/nginx",
		"404_UpstreamNotFound":   "GET /api/9/http/upstreams/nothing/",
		"404_api3":               "GET /api/3/nothing",
		"405_MethodDisabled":     "DELETE /api/9/connections",
	} {
		method, path, _ := strings.Cut(request, " ")
		response := ask(t, api, method, path)
		want := strings.Replace(file(t, "errors/"+name+".json"), "0123456789abcdef0123456789abcdef", "ID", 1)
		var body struct {
			ID    string `json:"request_id"`
			Error struct{ Status int }
		}
		if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", request, err)
		}
		if got := strings.Replace(response.Body.String(), body.ID, "ID", 1); got != want || len(body.ID) != 32 {
			t.Errorf("%s:\ngot  %s\nwant %s", request, got, want)
		}
		if response.Code != body.Error.Status {
			t.Errorf("%s: status %d, but %d in the body", request, response.Code, body.Error.Status)
		}
	}
}

func TestHeaders(t *testing.T) {
	response := ask(t, plustest.New(), http.MethodHead, "/api/9/http/requests")
	for name, want := range map[string]string{
		"Server":         "nginx/1.29.8",
		"Content-Type":   "application/json",
		"Content-Length": "30",
	} {
		if got := response.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if response.Code != http.StatusOK || response.Body.Len() > 0 {
		t.Errorf("HEAD: status %d and %d bytes", response.Code, response.Body.Len())
	}
	old := plustest.New(standin.WithDocument("nginx", `{"version":"1.13.10"}`))
	if got := ask(t, old, http.MethodGet, "/api/").Header().Get("Server"); got != "nginx/1.13.10" {
		t.Errorf("Server of an old release: %q", got)
	}
}

// TestVersions checks what a version does not show yet.
func TestVersions(t *testing.T) {
	api := plustest.New(standin.WithDocument("http/server_zones",
		`{"ssl":{"requests":1,"responses":{"2xx":1,"codes":{"200":1},"total":1},"ssl":{"handshakes":1}}}`))
	for version, wants := range map[string][3]bool{
		"9": {true, true, true},
		"8": {false, true, true},
		"7": {false, false, true},
		"6": {false, false, false},
		"1": {false, false, false},
	} {
		for i, member := range []string{`"response_time_hist":`, `"ssl":`, `"codes":`} {
			body := get(t, api, "/api/"+version+"/http/upstreams/", http.StatusOK)
			if got := bytes.Contains(body, []byte(member)); got != wants[i] {
				t.Errorf("API %s: upstreams have %s: %t, want %t", version, member, got, wants[i])
			}
		}
	}
	for path, want := range map[string]string{
		"/api/6/http/server_zones/": `{"ssl":{"requests":1,"responses":{"2xx":1,"total":1}}}`,
		"/api/7/ssl":                `{"handshakes":5100,"session_reuses":1900,"handshakes_failed":1031}`,
	} {
		if got := string(get(t, api, path, http.StatusOK)); got != want {
			t.Errorf("GET %s: got %s, want %s", path, got, want)
		}
	}
}

// TestCounts sends requests over a real connection, which is reused.
func TestCounts(t *testing.T) {
	api := plustest.New()
	server := api.Start()
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	for _, path := range []string{"/", "/9/", "/9/nginx", "/9/nginx"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Error(err)
		}
		_ = response.Body.Close()
	}
	requests := api.Requests()
	if requests["/api/9/nginx"] != 2 || requests["/api/"] != 1 || len(requests) != 3 {
		t.Errorf("requests: %v", requests)
	}
	if api.Total() != 4 || api.Connections() != 1 || api.MostAtOnce() != 1 {
		t.Errorf("%d requests, %d connections, %d concurrent; want 4, 1, 1", api.Total(), api.Connections(), api.MostAtOnce())
	}
}

// TestTick moves the counters of the sample and leaves everything else.
func TestTick(t *testing.T) {
	const syncZones = `"zones":{"sessions":{"records_total":15300,"records_pending":11},"blocklist":{"records_total":3,"records_pending":0}}}`
	const noRoom = `{"total":18446744073709551615,"requests":-5,"accepted":1.5,"sent":0}`
	api := plustest.New(standin.WithDocument("stream/limit_conns", noRoom))
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
	api.Set(standin.WithStatus("http/requests", 500, "no"), standin.WithTruncated("ssl"))
	has("http/requests", 500, "no")
	has("nginx", 200, `"generation":3,`)
	api.Set(plustest.WithReload(), standin.WithoutEndpoint("stream"), standin.WithDocument("http/limit_reqs", `{"new":{"passed":5}}`))
	has("nginx", 200, `"generation":4,"load_timestamp":"2026-07-01T08:15:30.250Z"`)
	has("http/requests", 500, "no")
	has("http/limit_reqs", 200, `"new"`)
	has("stream/", 404, "PathNotFound")
	api.Set(standin.WithoutFaults(), plustest.WithStream(true))
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
	api.Set(standin.WithDocument("nginx", `{"version":"1.27.4","generation":"?"}`))
	api.Set(plustest.WithReload())
	has("nginx", 200, `"generation":"?"`)
}
