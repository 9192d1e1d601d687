//go:build linux

package main

import (
	"net/http"
	"testing"
)

func TestPlusWorkloads(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plus-s", "plus-m", "plus-l", "plus-xl"} {
		w, err := findWorkload(options{workload: name})
		if err != nil || w.scrapes() < 1 {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestPlusServerCountsWhatExportersAsk(t *testing.T) {
	t.Parallel()
	server, err := plus{size: "S"}.start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.stop()
	before, err := server.asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.(*plusServer).server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := newStatusClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	after, err := server.asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := after.since(before), (asked{requests: 1, connections: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
