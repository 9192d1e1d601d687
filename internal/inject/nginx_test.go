package inject

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/nginxtest"
)

// TestStatusServer runs nginx with the status server: it serves the status page, and 404 for any other path.
func TestStatusServer(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			uri := "http://" + nginxtest.FreeAddress(t, address) + "/nginx/status"
			server, err := statusPageOf(uri)
			if err != nil {
				t.Fatal(err)
			}
			config, err := server.config()
			if err != nil {
				t.Fatal(err)
			}
			nginxtest.Start(t, config)
			status, page := eventually(t, uri)
			if status != http.StatusOK || !strings.HasPrefix(page, "Active connections: 1 ") {
				t.Errorf("%s: %d %q", uri, status, page)
			}
			for _, path := range []string{"", "/", "/more"} {
				if status, page := eventually(t, strings.TrimSuffix(uri, "/nginx/status")+path); status != http.StatusNotFound {
					t.Errorf("%q: %d %q", path, status, page)
				}
			}
		})
	}
}

// eventually sends requests until it gets a response.
func eventually(t *testing.T, uri string) (status int, page string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(time.Minute)
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err == nil {
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return response.StatusCode, string(body)
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-ticker.C:
		}
	}
}
