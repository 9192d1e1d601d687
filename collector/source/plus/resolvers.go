package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
)

func resolversDocument() *document {
	table := resolverTable()
	return newDocument(on("resolvers", "DNS resolver statistics"), "resolvers",
		func(r *request, b *metric.Batch, resolvers *plus.Resolvers) {
			metric.Add(b, table, source.Select(&r.selection.Zones, resolvers.All, func(r *plus.Resolver) []string { return []string{r.Name} })...)
		}, table)
}

func resolverTable() *metric.Table[*plus.Resolver] {
	type doc = *plus.Resolver
	return metric.NewTable("/resolvers/", "nginxplus_resolver_", []metric.Row[doc]{
		metric.Counter("addr", "Requests to resolve addresses to names.",
			func(r doc) value.Value { return r.ByAddress }),
		metric.Counter("formerr", "FORMERR (format error) responses.",
			func(r doc) value.Value { return r.FormErr }),
		metric.Counter("name", "Requests to resolve names to addresses.",
			func(r doc) value.Value { return r.ByName }),
		metric.Counter("noerror", "Successful responses.",
			func(r doc) value.Value { return r.NoError }),
		metric.Counter("notimp", "NOTIMP (not implemented) responses.",
			func(r doc) value.Value { return r.NotImp }),
		metric.Counter("nxdomain", "NXDOMAIN (host not found) responses.",
			func(r doc) value.Value { return r.NXDomain }),
		metric.Counter("refused", "REFUSED (operation refused) responses.",
			func(r doc) value.Value { return r.Refused }),
		metric.Counter("servfail", "SERVFAIL (server failure) responses.",
			func(r doc) value.Value { return r.ServFail }),
		metric.Counter("srv", "Requests to resolve SRV records.",
			func(r doc) value.Value { return r.Services }),
		metric.Counter("timedout", "Requests that timed out.",
			func(r doc) value.Value { return r.TimedOut }),
		metric.Counter("unknown", "Requests completed with an unknown error.",
			func(r doc) value.Value { return r.Unknown }),
	}, metric.LabelFrom("resolver", func(r doc) string { return r.Name })).SinceStart()
}
