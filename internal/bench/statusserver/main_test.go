package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accepted reads the number of accepted connections.
func accepted(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var status struct{ Connections struct{ Accepted int } }
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	return status.Connections.Accepted
}

func TestServes(t *testing.T) {
	for _, args := range [][]string{{"-tick", "1ms"}, {"-servers", "3", "-tick", "1ms"}, {"-dialect", "vts", "-tick", "1ms"}} {
		ctx, stop := context.WithCancel(t.Context())
		out, in := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, args, in, io.Discard) }()
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		url := strings.TrimSpace(line)
		first := accepted(t, url)
		for deadline := time.Now().Add(time.Minute); accepted(t, url) == first; {
			if time.Now().After(deadline) {
				t.Fatal("the counters stay")
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, args := range [][]string{{"-x"}, {"-listen", "nowhere"}, {"-dialect", "plus"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
