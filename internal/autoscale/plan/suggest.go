package plan

import (
	"context"
	"regexp"
	"strings"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/suggest"
	"nginx-exporter/internal/doctor/cluster"
)

// What a suggestion is made of.
const (
	suggestedFrom = 14 * 24 * time.Hour
	suggestedStep = 5 * time.Minute
)

// Suggest derives a target from what the Prometheus at a URL has recorded about the pods of
// a workload until now. An [InputError] says what is missing.
func Suggest(ctx context.Context, o *cluster.Observation, request Request, address string, now time.Time) (*suggest.Suggestion, error) {
	if address == "" {
		return nil, invalid("--requests-per-second=auto needs --prometheus.url, such as http://localhost:9090 after kubectl port-forward")
	}
	s, err := observe(o, request)
	if err != nil {
		return nil, err
	}
	s.scraper.interval = suggestedStep
	query, err := s.query()
	if err != nil {
		return nil, err
	}
	pods := regexp.MustCompile(`pod=~"([^"]*)"`).FindStringSubmatch(query)
	queries := suggest.Workload{Namespace: s.namespace, Pods: pods[1], Container: s.nginxContainer().Name}.Queries()
	var loads [2]*load.Load
	for i, text := range []string{queries.Rate, queries.CPU} {
		p := load.Prometheus{URL: address, Query: text, Begin: now.Add(-suggestedFrom), End: now, Step: suggestedStep}
		if loads[i], err = p.Load(ctx); err != nil {
			return nil, invalid("no target can be suggested: %v", err)
		}
	}
	samples, err := suggest.Read(loads[0], loads[1], nil)
	if err != nil {
		return nil, invalid("no target can be suggested: %v", err)
	}
	made := suggest.Fit(samples)
	if made.Confidence == suggest.None {
		return made, invalid("no target can be suggested: %s", strings.Join(made.Missing, " "))
	}
	return made, nil
}
