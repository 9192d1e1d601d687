package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func limitReqsDocument() *document {
	table := limitTable("/http/limit_reqs/", "nginxplus_limit_request_", limitRequestRows())
	return newDocument(on("http_limit_reqs", "request rate limiting statistics"), "http/limit_reqs", addLimits(table), table)
}

func limitConnsDocument() *document {
	table := limitTable("/http/limit_conns/", "nginxplus_limit_connection_", limitConnectionRows())
	return newDocument(on("http_limit_conns", "connection limiting statistics"), "http/limit_conns", addLimits(table), table)
}

func streamLimitConnsDocument() *document {
	table := limitTable("/stream/limit_conns/", "nginxplus_stream_limit_connection_", limitConnectionRows())
	return newDocument(on("stream_limit_conns", "stream connection limiting statistics"), "stream/limit_conns", addLimits(table), table)
}

func addLimits(table *metric.Table[*plus.Limit]) func(*request, *metric.Batch, *plus.Limits) {
	return func(r *request, b *metric.Batch, limits *plus.Limits) {
		metric.Add(b, table, source.Select(&r.selection.Zones, limits.All, func(l *plus.Limit) []string { return []string{l.Name} })...)
	}
}

func limitTable(origin, prefix string, rows []metric.Row[*plus.Limit]) *metric.Table[*plus.Limit] {
	return metric.NewTable(origin, prefix, rows, metric.LabelFrom("zone", func(l *plus.Limit) string { return l.Name })).SinceStart()
}

func limitRequestRows() []metric.Row[*plus.Limit] {
	type doc = *plus.Limit
	return []metric.Row[doc]{
		metric.Counter("delayed", "Requests that were delayed.",
			func(l doc) value.Value { return l.Delayed }),
		metric.Counter("delayed_dry_run", "Requests accounted as delayed in dry run mode.",
			func(l doc) value.Value { return l.DelayedDryRun }),
		metric.Counter("passed", "Requests that were neither delayed nor rejected.",
			func(l doc) value.Value { return l.Passed }),
		metric.Counter("rejected", "Requests that were rejected.",
			func(l doc) value.Value { return l.Rejected }),
		metric.Counter("rejected_dry_run", "Requests accounted as rejected in dry run mode.",
			func(l doc) value.Value { return l.RejectedDryRun }),
	}
}

func limitConnectionRows() []metric.Row[*plus.Limit] {
	type doc = *plus.Limit
	return []metric.Row[doc]{
		metric.Counter("passed", "Connections that were not rejected.",
			func(l doc) value.Value { return l.Passed }),
		metric.Counter("rejected", "Connections that were rejected.",
			func(l doc) value.Value { return l.Rejected }),
		metric.Counter("rejected_dry_run", "Connections accounted as rejected in dry run mode.",
			func(l doc) value.Value { return l.RejectedDryRun }),
	}
}
