// Package load sends HTTP requests at a fixed rate. It knows nothing of clusters.
package load

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// workers limits concurrent requests.
const workers = 8

// Generator sends requests to its URLs in turn.
type Generator struct {
	client       *http.Client
	urls         atomic.Pointer[[]string]
	turn         atomic.Uint64
	sent, failed atomic.Uint64
}

// New returns a generator without URLs.
func New() *Generator {
	g := &Generator{client: &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: workers, IdleConnTimeout: 10 * time.Second},
	}}
	g.SetURLs(nil)
	return g
}

// SetURLs replaces the URLs.
func (g *Generator) SetURLs(urls []string) { g.urls.Store(&urls) }

// Counts returns the numbers of requests with and without a response of status 200.
func (g *Generator) Counts() (sent, failed uint64) { return g.sent.Load(), g.failed.Load() }

// Run sends perSecond requests a second until the context ends. A request that
// cannot be sent in time is skipped.
func (g *Generator) Run(ctx context.Context, perSecond int) {
	jobs := make(chan struct{})
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range jobs {
				g.request(ctx)
			}
		})
	}
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			select {
			case jobs <- struct{}{}:
			default:
			}
		}
	}
	close(jobs)
	all.Wait()
	g.client.CloseIdleConnections()
}

func (g *Generator) request(ctx context.Context) {
	urls := *g.urls.Load()
	if len(urls) == 0 {
		return
	}
	url := urls[g.turn.Add(1)%uint64(len(urls))]
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		g.failed.Add(1)
		return
	}
	response, err := g.client.Do(request)
	if err != nil {
		if ctx.Err() == nil {
			g.failed.Add(1)
		}
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		g.failed.Add(1)
		return
	}
	g.sent.Add(1)
}
