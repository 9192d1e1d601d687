package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func limitReqsPart() *part {
	return limitPart(on("http_limit_reqs", "request rate limiting statistics of Angie"), "http/limit_reqs", "angie_http_",
		"limit_reqs", "Requests that a limit_req zone processed, by result.")
}

func limitConnsPart() *part {
	return limitPart(on("http_limit_conns", "connection limiting statistics of Angie"), "http/limit_conns", "angie_http_",
		"limit_conns", "Requests that a limit_conn zone processed, by result.")
}

// streamLimitConnsPart has a metric that the template of Angie lacks.
func streamLimitConnsPart() *part {
	return limitPart(on("stream_limit_conns", "stream connection limiting statistics of Angie"), "stream/limit_conns", "angie_stream_",
		"limit_conns_total", "Connections that a limit_conn zone processed, by result.")
}

func limitPart(info source.Info, path, prefix, name, help string) *part {
	type doc = *angie.Limit
	table := metric.NewTable("/status/"+path+"/", prefix, []metric.Row[doc]{
		metric.CounterVec(name, help, "status",
			metric.Labelled("passed", func(l doc) value.Value { return l.Passed }),
			metric.Labelled("skipped", func(l doc) value.Value { return l.Skipped }),
			metric.Labelled("delayed", func(l doc) value.Value { return l.Delayed }),
			metric.Labelled("rejected", func(l doc) value.Value { return l.Rejected }),
			metric.Labelled("exhausted", func(l doc) value.Value { return l.Exhausted })),
	}, metric.LabelFrom("zone", func(l doc) string { return l.Name })).SinceStart()
	return newPart(info, path, func(s *source.Selection, b *metric.Batch, limits *angie.Limits) {
		metric.Add(b, table, source.Select(&s.Zones, limits.All, func(l doc) []string { return []string{l.Name} })...)
	}, table)
}
