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

// Generator sends requests to its addresses in turn.
type Generator struct {
	client       *http.Client
	addresses    atomic.Pointer[[]string]
	turn         atomic.Uint64
	sent, failed atomic.Uint64
}

// New returns a generator without addresses.
func New() *Generator {
	g := &Generator{client: &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: workers, IdleConnTimeout: 10 * time.Second},
	}}
	g.SetAddresses(nil)
	return g
}

// SetAddresses replaces the addresses, each host:port.
func (g *Generator) SetAddresses(addresses []string) { g.addresses.Store(&addresses) }

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
	addresses := *g.addresses.Load()
	if len(addresses) == 0 {
		return
	}
	address := addresses[g.turn.Add(1)%uint64(len(addresses))]
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", http.NoBody)
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
