package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// requestsName is the name of the source that counts requests.
const requestsName = "http_requests"

func plusRequestsSource() []source {
	figures := &table[*plus.Requests]{
		tableHead: tableHead{sinceStart: true},
		source:    "/http/requests",
		prefix:    "nginxplus_http_",
		rows:      requestRows(),
	}
	return []source{plusSource(requestsName, "http/requests", "client requests",
		func(_ asker, bind *binder, r *plus.Requests) {
			bind.requests = r.Total
			addTo(bind, figures, r)
		}, figures)}
}

func requestRows() []row[*plus.Requests] {
	return []row[*plus.Requests]{
		gauge("requests_current", "Client requests in progress now.",
			func(r *plus.Requests) value.Value { return r.Current }),
		counter("requests_total", "Client requests, those of this exporter included.",
			func(r *plus.Requests) value.Value { return r.Total }),
	}
}
