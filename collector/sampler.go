package collector

import (
	"context"
	"sync"
	"time"

	"nginx-exporter/collector/internal/rate"
	"nginx-exporter/collector/source"
)

// sampler scrapes all targets in the background, so that their rates are known
// when they are requested.
type sampler struct {
	collector *Collector
	cancel    context.CancelFunc
	group     sync.WaitGroup
}

// startSampler starts scraping targets in the background.
func (c *Collector) startSampler() *sampler {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sampler{collector: c, cancel: cancel}
	s.group.Go(func() { s.run(ctx, rate.Interval(c.rates.windows)) })
	return s
}

// close cancels scrapes in the background and waits for their end.
func (s *sampler) close() {
	s.cancel()
	s.group.Wait()
}

// run scrapes at each tick. It does not at its start: as a sidecar the exporter
// may start before nginx, which must not be logged as a failure.
func (s *sampler) run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.sample(ctx)
			s.sampleAlone(ctx)
		}
	}
}

// sample scrapes every target whose last sample has ended. It does not wait: a
// slow target must not delay the others.
func (s *sampler) sample(ctx context.Context) {
	for _, t := range *s.collector.targets.Load() {
		if t.sampling.CompareAndSwap(false, true) {
			s.group.Go(func() {
				defer t.sampling.Store(false)
				for _, one := range t.recentSources() {
					one.Sample(ctx)
				}
				t.scrape(ctx, t.sampled(s.collector.rates))
			})
		}
	}
}

// sampleAlone reads every source without a target that has gauges over windows, and
// whose last sample has ended.
func (s *sampler) sampleAlone(ctx context.Context) {
	for _, a := range *s.collector.alone.Load() {
		if one, is := a.Source.(source.Recent); is && a.sampling.CompareAndSwap(false, true) {
			s.group.Go(func() {
				defer a.sampling.Store(false)
				one.Sample(ctx)
			})
		}
	}
}

// sampled returns the names of the sources to read for a sample: only the one
// that counts requests, or none for all sources, if there is only one or a scrape
// in progress can be shared.
func (t *target) sampled(r *rates) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.session.Discovery() == "" && len(t.options.Sources) == 0 || t.scrapes[""] != nil {
		return nil
	}
	_, name := r.of(t.session.Protocol)
	return []string{name}
}
