package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusLimitsSource() []source {
	requests := plusLimitTable("/http/limit_reqs/", "nginxplus_limit_request_", limitRequestRows())
	connections := plusLimitTable("/http/limit_conns/", "nginxplus_limit_connection_", limitConnectionRows())
	streams := plusLimitTable("/stream/limit_conns/", "nginxplus_stream_limit_connection_", limitConnectionRows())
	bindTo := func(t *table[*plus.Limit]) func(asker, *binder, *plus.Limits) {
		return func(_ asker, bind *binder, limits *plus.Limits) {
			addTo(bind, t, keep(&bind.choice.zones, limits.All, func(l *plus.Limit) string { return l.Name })...)
		}
	}
	return []source{
		plusSource("http_limit_reqs", "http/limit_reqs", "limits of requests", bindTo(requests), requests),
		plusSource("http_limit_conns", "http/limit_conns", "limits of connections", bindTo(connections), connections),
		plusSource("stream_limit_conns", "stream/limit_conns", "limits of stream connections", bindTo(streams), streams),
	}
}

func plusLimitTable(source, prefix string, rows []row[*plus.Limit]) *table[*plus.Limit] {
	return &table[*plus.Limit]{
		source: source,
		prefix: prefix,
		rows:   rows,
		labels: []string{"zone"},
		values: func(values []string, l *plus.Limit) []string { return append(values, l.Name) },
	}
}

func limitRequestRows() []row[*plus.Limit] {
	type doc = *plus.Limit
	return []row[doc]{
		counter("delayed", "Requests that were delayed.",
			func(l doc) value.Value { return l.Delayed }),
		counter("delayed_dry_run", "Requests that would have been delayed.",
			func(l doc) value.Value { return l.DelayedDryRun }),
		counter("passed", "Requests that were neither delayed nor rejected.",
			func(l doc) value.Value { return l.Passed }),
		counter("rejected", "Requests that were rejected.",
			func(l doc) value.Value { return l.Rejected }),
		counter("rejected_dry_run", "Requests that would have been rejected.",
			func(l doc) value.Value { return l.RejectedDryRun }),
	}
}

func limitConnectionRows() []row[*plus.Limit] {
	type doc = *plus.Limit
	return []row[doc]{
		counter("passed", "Connections that were not rejected.",
			func(l doc) value.Value { return l.Passed }),
		counter("rejected", "Connections that were rejected.",
			func(l doc) value.Value { return l.Rejected }),
		counter("rejected_dry_run", "Connections that would have been rejected.",
			func(l doc) value.Value { return l.RejectedDryRun }),
	}
}
