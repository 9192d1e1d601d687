package main

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// clients is how many requests are in progress at most.
const clients = 16

// rate is the number of requests in a second of the recording: from 2 to 10 like a day, with noise each minute.
func (s *stage) rate(began time.Time) float64 {
	minute := float64(time.Since(began)) / float64(s.every)
	noise := rand.New(rand.NewPCG(uint64(minute), 0)).Float64() //nolint:gosec // Not a secret.
	return (6 - 4*math.Cos(2*math.Pi*minute/scrapes)) * (0.8 + 0.4*noise)
}

// path returns a page, or one of the upstream; seldom one that does not exist, one that is slow, or one that fails.
func path() string {
	switch n := rand.IntN(10_000); {
	case n < 2:
		return "/app/fails"
	case n < 20:
		return "/app/slow"
	case n < 200:
		return "/missing"
	case n < 4000:
		return "/app"
	default:
		return "/"
	}
}

// load is one of the clients.
func (s *stage) load(ctx context.Context, base string, began time.Time) {
	client := &http.Client{Timeout: 5 * time.Second}
	for ctx.Err() == nil {
		mean := float64(s.every) / 60 * clients / s.rate(began)
		select {
		case <-time.After(time.Duration(rand.ExpFloat64() * mean)):
		case <-ctx.Done():
			return
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path(), nil)
		if err != nil {
			return
		}
		if response, err := client.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}
}
