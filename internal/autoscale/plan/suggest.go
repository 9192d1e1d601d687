package plan

import (
	"context"
	"strings"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/suggest"
	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/snippet"
)

// What a suggestion is made of.
const (
	suggestedFrom = 14 * 24 * time.Hour
	suggestedStep = 5 * time.Minute
)

// Suggest derives a target from what Prometheus has recorded about the pods of a workload
// until now. It is the one at a URL, or else the one of the plan, through the API server. An
// [InputError] says what is missing.
func Suggest(ctx context.Context, o *cluster.Observation, request Request, address string, now time.Time) (*suggest.Suggestion, error) {
	s, err := observe(o, request)
	if err != nil {
		return nil, err
	}
	if err := s.observeScraper(); err != nil {
		return nil, err
	}
	if address == "" {
		if !s.scraper.exists() {
			return nil, invalid("no target can be suggested: no Prometheus was found; give its URL with --prometheus.url")
		}
		address = s.scraper.address()
	}
	prometheus := o.PrometheusAt(address)
	fetch := func(_ context.Context, path string) (int, []byte, error) { return prometheus.Fetch(path) }
	queries := suggest.Workload{Namespace: s.namespace, Pods: snippet.PodPattern(s.podsKind(), s.Ref.Name), Container: s.nginxContainer().Name}.Queries()
	var loads [3]*load.Load
	for i, text := range []string{queries.Rate, queries.CPU, queries.Latency} {
		p := load.Prometheus{URL: address, Query: text, Begin: now.Add(-suggestedFrom), End: now, Step: suggestedStep, Fetch: fetch}
		if loads[i], err = p.Load(ctx); err != nil {
			return nil, invalid("no target can be suggested: Prometheus at %s: %v", cluster.WithoutLogin(address), err)
		}
	}
	samples, err := suggest.Read(loads[0], loads[1], loads[2])
	if err != nil {
		return nil, invalid("no target can be suggested: Prometheus at %s: %v", cluster.WithoutLogin(address), err)
	}
	made := suggest.Fit(samples)
	if made.Confidence == suggest.None {
		return made, invalid("no target can be suggested: %s", strings.Join(made.Missing, " "))
	}
	return made, nil
}
