package exporter

import (
	"testing"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	targets := NewTargets()
	counters := &Counters{Source: "a", Errors: map[client.Reason]float64{client.ReasonDNS: 2}, Cut: 4, Duplicate: 1, Invalid: 2, Limit: 3}
	before := counters.Clone()
	counters.Errors[client.ReasonDNS]++
	counters.Limit++
	possible := Possible{Reasons: []client.Reason{client.ReasonRefused, client.ReasonTimeout}, HasInvalid: true}
	b := metric.NewBatch(nil)
	targets.AddScrape(b, true, []*source.Result{{Source: "a", Done: true}, {Source: "b", Done: true, Err: source.ErrAbsent}, {Source: "c"}})
	targets.AddCertificate(b, value.Of(1782893730))
	targets.AddCounters(b, 7, []*Counters{before, {Source: "b", Possible: possible}})
	e := &metric.Exposition{}
	e.Add(b)
	families := oracle.Check(t, e)
	for _, f := range targets.Families() {
		if families[f.Name] == nil {
			t.Errorf("%s is missing", f.Name)
		}
	}
	for name, want := range map[string]float64{
		"nginx_up": 1, "nginx_exporter_nginx_requests_total": 7, "nginx_exporter_source_success": 1,
		"nginx_exporter_scrape_errors_total": 2, "nginx_exporter_series_dropped_total": 1,
	} {
		if got := b.Value(name).Float(); got != want {
			t.Errorf("%s is %v; want %v", name, got, want)
		}
	}
	const sources = 3
	if got := len(families["nginx_exporter_source_success"].GetMetric()); got != sources {
		t.Errorf("%d sources have a result; want %d", got, sources)
	}
	if got := len(families["nginx_exporter_series_dropped_total"].GetMetric()); got != 4 {
		t.Errorf("%d series of dropped series; want 3 of a, and one of b", got)
	}
	if got := len(families["nginx_exporter_scrape_errors_total"].GetMetric()); got != 3 {
		t.Errorf("%d series of failures; want dns of a, and refused and timeout of b", got)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	e := New(false)
	if got := e.LastReload(); got != (Reload{}) || collected(t, e).Value("nginx_exporter_config_last_reload_successful").IsSet() {
		t.Errorf("the start is %+v", got)
	}
	e.SetReload(Reload{Time: 12})
	b := collected(t, e)
	if got := b.Value("nginx_exporter_config_last_reload_successful").Float(); got != 0 {
		t.Errorf("the reload succeeded: %v", got)
	}
	if got := b.Value("nginx_exporter_config_last_reload_success_timestamp_seconds").Float(); got != 12 {
		t.Errorf("the last success is %v; want 12", got)
	}
	for _, f := range e.Families() {
		if f.Origin != Name || f.Help == "" {
			t.Errorf("%+v", f)
		}
	}
}

// collected returns the metrics of the exporter.
func collected(tb testing.TB, e *Exporter) *metric.Batch {
	tb.Helper()
	b := metric.NewBatch(nil)
	if err := e.Collect(tb.Context(), b); err != nil {
		tb.Fatal(err)
	}
	exposition := &metric.Exposition{}
	exposition.Add(b)
	oracle.Check(tb, exposition)
	return b
}
