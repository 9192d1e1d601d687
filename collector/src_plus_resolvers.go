package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusResolversSource() []source {
	figures := plusResolverTable()
	return []source{plusSource("resolvers", "resolvers", "questions to name servers",
		func(_ asker, bind *binder, resolvers *plus.Resolvers) {
			addTo(bind, figures, keep(&bind.choice.zones, resolvers.All, func(r *plus.Resolver) string { return r.Name })...)
		}, figures)}
}

func plusResolverTable() *table[*plus.Resolver] {
	type doc = *plus.Resolver
	return &table[doc]{
		source: "/resolvers/",
		prefix: "nginxplus_resolver_",
		rows: []row[doc]{
			counter("addr", "Requests to find the name of an address.",
				func(r doc) value.Value { return r.ByAddress }),
			counter("formerr", "Answers that the request was malformed.",
				func(r doc) value.Value { return r.FormErr }),
			counter("name", "Requests to find the address of a name.",
				func(r doc) value.Value { return r.ByName }),
			counter("noerror", "Answers without an error.",
				func(r doc) value.Value { return r.NoError }),
			counter("notimp", "Answers that the name server does not know this kind of request.",
				func(r doc) value.Value { return r.NotImp }),
			counter("nxdomain", "Answers that there is no such name.",
				func(r doc) value.Value { return r.NXDomain }),
			counter("refused", "Answers that the name server refuses the request.",
				func(r doc) value.Value { return r.Refused }),
			counter("servfail", "Answers that the name server failed.",
				func(r doc) value.Value { return r.ServFail }),
			counter("srv", "Requests to find SRV records.",
				func(r doc) value.Value { return r.Services }),
			counter("timedout", "Requests that nobody answered in time.",
				func(r doc) value.Value { return r.TimedOut }),
			counter("unknown", "Requests that ended with another error.",
				func(r doc) value.Value { return r.Unknown }),
		},
		labels: []string{"resolver"},
		values: func(values []string, r doc) []string { return append(values, r.Name) },
	}
}
