package story

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"nginx-exporter/e2e/load"
)

const (
	// perSecond is the load on all pods together. With 20 a second for one pod,
	// as shop.values.yaml has it, that is work for four.
	perSecond = 70
	busyPods  = 4
	idlePods  = 1
	// hold is how long the number must stay.
	hold = 20 * time.Second
	// upLimit and downLimit bound the ways up and down.
	idleLimit = 90 * time.Second
	upLimit   = 150 * time.Second
	downLimit = 150 * time.Second
	// exact is how far the figures of the exporter may be from what was sent.
	exact = 0.1
)

// scale puts load on nginx, sees more pods, takes it away, sees fewer.
func (s *Story) scale(ctx context.Context) error {
	t := &timeline{story: s, generator: load.New(), seen: map[string]int{}}
	t.head()
	if err := t.until(ctx, "idle", idlePods, 0, idleLimit); err != nil {
		return err
	}
	if err := s.busy(ctx, t); err != nil {
		return err
	}
	return t.until(ctx, "quiet", idlePods, 0, downLimit)
}

// busy is the time under load. The generator ends with it.
func (s *Story) busy(ctx context.Context, t *timeline) error {
	defer s.drive(ctx, t.generator)()
	if err := t.until(ctx, "load", busyPods, hold, upLimit); err != nil {
		return err
	}
	sent := t.last.sent
	scraped, err := s.scraper.Query(ctx, `sum(rate(nginx_http_requests_total{namespace="shop"}[20s]))`)
	if err != nil {
		return err
	}
	_, failed := t.generator.Counts()
	s.say("   sent %.1f requests/s to %d pods, %d failed; Prometheus has %.1f requests/s", sent, busyPods, failed, scraped)
	if math.Abs(scraped-sent) > exact*sent {
		return fmt.Errorf("Prometheus has %.1f requests/s, %.1f were sent", scraped, sent) //nolint:staticcheck // a name
	}
	if err := s.twice(ctx); err != nil {
		return err
	}
	s.say("   each pod is scraped twice from now on")
	return t.until(ctx, "twice", busyPods, hold, upLimit)
}

// drive has the generator put load on nginx until it is stopped.
func (s *Story) drive(ctx context.Context, g *load.Generator) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx, perSecond) })
	running.Go(func() { s.aim(ctx, g) })
	return func() {
		cancel()
		running.Wait()
	}
}

// aim keeps the generator at the pods that the Service has.
func (s *Story) aim(ctx context.Context, g *load.Generator) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		if addresses, err := s.endpoints(ctx); err == nil {
			g.Aim(addresses)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// endpoints is where the Service web leads.
func (s *Story) endpoints(ctx context.Context) ([]string, error) {
	var list struct {
		Items []struct {
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready bool }
			}
		}
	}
	path := "/apis/discovery.k8s.io/v1/namespaces/" + shop + "/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb"
	if err := s.cluster.Client.Get(ctx, path, &list); err != nil {
		return nil, err
	}
	var all []string
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready {
				all = append(all, endpoint.Addresses[0]+":80")
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the Service web has no endpoints")
	}
	return all, nil
}
