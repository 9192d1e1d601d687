package collector

import (
	"context"
	"net/http"
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// TestCheck checks the results of a single scrape of NGINX Plus.
func TestCheck(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	defer c.Close()
	server := plustest.New(standin.WithStatus("http/upstreams", http.StatusInternalServerError, "")).Start()
	defer server.Close()
	options := asking(t, server.URL)
	options.Filter.Sources = map[string]bool{"ssl": false}
	results, err := c.Check(t.Context(), options)
	if err != nil || len(results) != 18 {
		t.Errorf("%d results, error %v", len(results), err)
	}
	for _, r := range results {
		if failed := r.Source == "http_upstreams"; r.Source == "ssl" || r.Success() == failed {
			t.Errorf("source %s: %v", r.Source, r.Err)
		}
	}

	hanging := plustest.New(standin.WithHang(standin.Every)).Start()
	defer hanging.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	results, err = c.Check(ctx, asking(t, hanging.URL))
	if err != nil || len(results) != 1 || client.ReasonOf(results[0].Err) != client.ReasonCanceled {
		t.Errorf("canceled: results %v, error %v", results, err)
	}

	gone := plustest.New().Start()
	uri := gone.URL
	gone.Close()
	results, err = c.Check(t.Context(), asking(t, uri))
	if err != nil || len(results) != 1 || client.ReasonOf(results[0].Err) != client.ReasonRefused {
		t.Errorf("without a server: results %v, error %v", results, err)
	}
}
