package web_test

import (
	"testing"

	"nginx-exporter/internal/plustest"
)

// Whoever tunes the runtime is told when pages become large and when they are
// small again, and not at each scrape.
func TestLarge(t *testing.T) {
	t.Parallel()
	api := plustest.Sized(plustest.L())
	nginx := api.Start()
	t.Cleanup(nginx.Close)
	e := newExporter(t, configure(nginx.URL))
	for range 2 {
		e.get(t, "/metrics")
	}
	api.Set(plustest.WithoutEndpoint("http/upstreams"), plustest.WithoutEndpoint("http/server_zones"))
	api.Reload()
	for range 2 {
		e.get(t, "/metrics")
	}
	close(e.large)
	var told []bool
	for large := range e.large {
		told = append(told, large)
	}
	if len(told) != 2 || !told[0] || told[1] {
		t.Errorf("told of large pages: %v; want true and false", told)
	}
}
