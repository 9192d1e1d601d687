package scenario

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
	// perSecond is the load on all pods together: with 20 a second for one pod, as
	// in shop.values.yaml, it needs four.
	perSecond = 70
	busyPods  = 4
	idlePods  = 1
	// hold is how long the number of pods must be stable.
	hold = 20 * time.Second
	// Limits for reaching the number of pods.
	idleLimit = 90 * time.Second
	upLimit   = 150 * time.Second
	downLimit = 150 * time.Second
	// tolerance is how far the values of the exporter may be from the load.
	tolerance = 0.1
)

// scale checks that pods are added under load and removed without.
func (s *Scenario) scale(ctx context.Context) error {
	t := &timeline{scenario: s, generator: load.New(), seen: map[string]int{}}
	t.head()
	if err := t.until(ctx, "idle", idlePods, 0, idleLimit); err != nil {
		return err
	}
	if err := s.busy(ctx, t); err != nil {
		return err
	}
	return t.until(ctx, "quiet", idlePods, 0, downLimit)
}

// busy is the time under load.
func (s *Scenario) busy(ctx context.Context, t *timeline) error {
	defer s.startLoad(ctx, t.generator)()
	if err := t.until(ctx, "load", busyPods, hold, upLimit); err != nil {
		return err
	}
	sent := t.last.sent
	scraped, err := s.query(ctx, `sum(rate(nginx_http_requests_total{namespace="`+s.namespace+`"}[20s]))`)
	if err != nil {
		return err
	}
	_, failed := t.generator.Counts()
	s.printf("   sent %.1f requests/s to %d pods, %d failed; Prometheus has %.1f requests/s", sent, busyPods, failed, scraped)
	if math.Abs(scraped-sent) > tolerance*sent {
		return fmt.Errorf("Prometheus has %.1f requests/s, %.1f were sent", scraped, sent) //nolint:staticcheck // a name
	}
	if s.node == nil {
		return nil // Prometheus may evaluate alerts at any interval
	}
	if err := s.scrapeTwice(ctx); err != nil {
		return err
	}
	s.printf("   each pod is scraped twice now")
	return t.until(ctx, "twice", busyPods, hold, upLimit)
}

// startLoad runs the generator until it is stopped.
func (s *Scenario) startLoad(ctx context.Context, g *load.Generator) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx, perSecond) })
	running.Go(func() { s.followEndpoints(ctx, g) })
	return func() {
		cancel()
		running.Wait()
	}
}

// followEndpoints updates the URLs of the generator.
func (s *Scenario) followEndpoints(ctx context.Context, g *load.Generator) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		if urls, err := s.endpoints(ctx); err == nil {
			g.SetURLs(urls)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// endpoints returns the URLs of the pods of the Service web. In a cluster that exists,
// they are reached through the API server.
func (s *Scenario) endpoints(ctx context.Context) ([]string, error) {
	var list struct {
		Items []struct {
			Endpoints []struct {
				Addresses  []string
				Conditions struct{ Ready bool }
				TargetRef  struct{ Name string }
			}
		}
	}
	path := "/apis/discovery.k8s.io/v1/namespaces/" + s.namespace + "/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb"
	if err := s.cluster.Client.Get(ctx, path, &list); err != nil {
		return nil, err
	}
	var all []string
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			switch {
			case !endpoint.Conditions.Ready:
			case s.node != nil:
				all = append(all, "http://"+endpoint.Addresses[0]+"/")
			default:
				all = append(all, s.cluster.Client.URL("/api/v1/namespaces/"+s.namespace+"/pods/"+endpoint.TargetRef.Name+":80/proxy/"))
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the Service web has no endpoints")
	}
	return all, nil
}
