package exporter

import (
	"slices"

	"nginx-exporter/client"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

// Targets has the metrics about the scrapes of targets. It is immutable.
type Targets struct {
	up       *metric.Table[*bool]
	results  *metric.Table[*source.Result]
	requests *metric.Table[*float64]
	counters *metric.Table[*Counters]
	expiry   *metric.Table[*value.Value]
}

// NewTargets returns the metrics about targets.
func NewTargets() *Targets {
	return &Targets{up: upTable(), results: resultTable(), requests: requestsTable(), counters: countersTable(), expiry: expiryTable()}
}

// Families describes the metrics about targets.
func (t *Targets) Families() []metric.Family {
	return slices.Concat(t.up.Families(), t.results.Families(), t.requests.Families(), t.counters.Families(), t.expiry.Families())
}

// AddScrape adds the outcome of a scrape: whether nginx was read, and the result
// of each source.
func (t *Targets) AddScrape(b *metric.Batch, up bool, results []*source.Result) {
	metric.Add(b, t.up, &up)
	t.AddResults(b, results...)
}

// AddResults adds the outcomes of sources.
func (t *Targets) AddResults(b *metric.Batch, results ...*source.Result) {
	metric.Add(b, t.results, results...)
}

// AddCertificate adds the expiry of the certificates of nginx.
func (t *Targets) AddCertificate(b *metric.Batch, expiry value.Value) {
	metric.Add(b, t.expiry, &expiry)
}

// AddCounters adds the counters of a target: the requests made to it, and those
// of its sources.
func (t *Targets) AddCounters(b *metric.Batch, requests float64, counters []*Counters) {
	metric.Add(b, t.requests, &requests)
	t.AddSourceCounters(b, counters...)
}

// AddSourceCounters adds the counters of sources.
func (t *Targets) AddSourceCounters(b *metric.Batch, counters ...*Counters) {
	metric.Add(b, t.counters, counters...)
}

// Counters are the counters of one source of a target, since the target was
// configured.
type Counters struct {
	Source string
	Possible
	Errors map[client.Reason]float64

	// Series that were dropped: others have the same labels, the value is
	// invalid, or there are more than Filter.MaxSeries.
	Duplicate, Invalid, Limit float64

	Cut float64 // label values that were too long
}

// Possible says which failures and drops can occur for a source. A counter of one
// that cannot is not exposed while it is zero.
type Possible struct {
	Reasons                            []client.Reason // of failures
	HasDuplicate, HasInvalid, HasLimit bool            // reasons for which series are dropped
}

// Clone returns a deep copy.
func (c *Counters) Clone() *Counters {
	clone := *c
	clone.Errors = map[client.Reason]float64{}
	for reason, count := range c.Errors {
		clone.Errors[reason] = count
	}
	return &clone
}

func upTable() *metric.Table[*bool] {
	return metric.NewTable(Name, "nginx_", []metric.Row[*bool]{
		metric.Gauge("up", "Whether the last scrape of nginx succeeded (1) or not (0).",
			func(up *bool) value.Value { return value.OfBool(*up) }),
	})
}

func expiryTable() *metric.Table[*value.Value] {
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*value.Value]{
		metric.Gauge("target_tls_not_after_timestamp_seconds", "Earliest expiry of the TLS certificates that nginx sent, in Unix time.",
			func(expiry *value.Value) value.Value { return *expiry }),
	})
}

func requestsTable() *metric.Table[*float64] {
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*float64]{
		metric.Counter("nginx_requests_total", "Requests made to nginx by the exporter; nginx counts them among its own.",
			func(requests *float64) value.Value { return value.Of(*requests) }),
	})
}

func resultTable() *metric.Table[*source.Result] {
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*source.Result]{
		metric.Gauge("source_duration_seconds", "Duration of the last scrape of the source.",
			func(r *source.Result) value.Value { return value.Of(r.Duration.Seconds()) }),
		metric.Gauge("source_success", "Whether the last scrape of the source succeeded (1) or not (0).",
			func(r *source.Result) value.Value { return value.OfBool(r.Success()) }),
	}, metric.LabelFrom("source", func(r *source.Result) string { return r.Source }))
}

// countOf returns a count, absent if it is zero and cannot be anything else.
func countOf(count float64, possible bool) value.Value {
	if count == 0 && !possible {
		return value.Value{}
	}
	return value.Of(count)
}

func countersTable() *metric.Table[*Counters] {
	var reasons []metric.LabelledValue[*Counters]
	for _, reason := range client.Reasons() {
		reasons = append(reasons, metric.Labelled(string(reason), func(c *Counters) value.Value {
			return countOf(c.Errors[reason], slices.Contains(c.Reasons, reason))
		}))
	}
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*Counters]{
		metric.Counter("label_values_cut_total", "Label values of the source that were cut because they are longer than 1024 bytes; absent while it is 0.",
			func(c *Counters) value.Value { return countOf(c.Cut, false) }),
		metric.CounterVec("scrape_errors_total", "Failed scrapes of the source, by reason.", "reason", reasons...),
		metric.CounterVec("series_dropped_total", "Series of the source that were dropped, by reason.", "reason",
			metric.Labelled("duplicate", func(c *Counters) value.Value { return countOf(c.Duplicate, c.HasDuplicate) }),
			metric.Labelled("invalid", func(c *Counters) value.Value { return countOf(c.Invalid, c.HasInvalid) }),
			metric.Labelled("limit", func(c *Counters) value.Value { return countOf(c.Limit, c.HasLimit) })),
	}, metric.LabelFrom("source", func(c *Counters) string { return c.Source }))
}
