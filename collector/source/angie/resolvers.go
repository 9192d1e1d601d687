package angie

import (
	"nginx-exporter/client/angie"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func resolversPart() *part {
	table := resolverTable()
	return newPart(on("resolvers", "DNS resolver statistics of Angie"), "resolvers",
		func(s *source.Selection, b *metric.Batch, resolvers *angie.Resolvers) {
			metric.Add(b, table, source.Select(&s.Zones, resolvers.All, func(r *angie.Resolver) []string { return []string{r.Name} })...)
		}, table)
}

func resolverTable() *metric.Table[*angie.Resolver] {
	type doc = *angie.Resolver
	return metric.NewTable("/status/resolvers/", "angie_resolvers_", []metric.Row[doc]{
		metric.CounterVec("queries", "Queries to resolve, by what was looked up.", "type",
			metric.Labelled("name", func(r doc) value.Value { return r.ByName }),
			metric.Labelled("srv", func(r doc) value.Value { return r.Services }),
			metric.Labelled("addr", func(r doc) value.Value { return r.ByAddress })),
		metric.CounterVec("responses", "Results of resolving, by status.", "status",
			metric.Labelled("success", func(r doc) value.Value { return r.Success }),
			metric.Labelled("timedout", func(r doc) value.Value { return r.TimedOut }),
			metric.Labelled("format_error", func(r doc) value.Value { return r.FormatError }),
			metric.Labelled("server_failure", func(r doc) value.Value { return r.ServerFailure }),
			metric.Labelled("not_found", func(r doc) value.Value { return r.NotFound }),
			metric.Labelled("unimplemented", func(r doc) value.Value { return r.Unimplemented }),
			metric.Labelled("refused", func(r doc) value.Value { return r.Refused }),
			metric.Labelled("other", func(r doc) value.Value { return r.Other })),
		metric.CounterVec("sent", "Requests sent to the DNS server, by record type.", "type",
			metric.Labelled("a", func(r doc) value.Value { return r.SentA }),
			metric.Labelled("aaaa", func(r doc) value.Value { return r.SentAAAA }),
			metric.Labelled("srv", func(r doc) value.Value { return r.SentSRV }),
			metric.Labelled("ptr", func(r doc) value.Value { return r.SentPTR })),
	}, metric.LabelFrom("zone", func(r doc) string { return r.Name })).SinceStart()
}
