package collector

import (
	"context"
	"sync"
	"time"

	"nginx-exporter/collector/internal/rate"
)

// sampler reads all targets in the background, so that their rates are known
// when they are requested.
type sampler struct {
	collector *Collector
	cancel    context.CancelFunc
	group     sync.WaitGroup
}

// startSampler begins to read targets in the background.
func (c *Collector) startSampler() *sampler {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sampler{collector: c, cancel: cancel}
	s.group.Go(func() { s.run(ctx, rate.Interval(c.rates.windows)) })
	return s
}

// close ends the reading and waits for its end.
func (s *sampler) close() {
	s.cancel()
	s.group.Wait()
}

// run reads at each tick. The first one is not at once: as a sidecar the
// exporter starts before nginx, which is no reason to complain.
func (s *sampler) run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.sample(ctx)
		}
	}
}

// sample reads every target that is not being read for this already. It does
// not wait: a slow target must not delay the others.
func (s *sampler) sample(ctx context.Context) {
	for _, t := range *s.collector.targets.Load() {
		if t.sampling.CompareAndSwap(false, true) {
			s.group.Go(func() {
				defer t.sampling.Store(false)
				t.scrape(ctx, t.sampled(s.collector.rates))
			})
		}
	}
}

// sampled returns what a sample reads: of many sources the one that counts
// requests. A whole scrape that is under way reads it too, and a single source
// can be shared with one.
func (t *target) sampled(r *rates) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.session.Discovery() == "" || t.scrapes[""] != nil {
		return nil
	}
	return []string{r.of(t.session.Protocol).source}
}
