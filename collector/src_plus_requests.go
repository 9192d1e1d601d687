package collector

import (
	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

// requestsName is the name of the source that counts requests.
const requestsName = "http_requests"

func plusRequestsSource() []source {
	figures := &table[*client.PlusRequests]{
		tableHead: tableHead{sinceStart: true},
		source:    "/http/requests",
		prefix:    "nginxplus_http_",
		rows:      requestRows(),
	}
	return []source{plusSource(requestsName, "http/requests", "client requests",
		func(_ asker, bind *binder, r *client.PlusRequests) {
			bind.requests = r.Total
			addTo(bind, figures, r)
		}, figures)}
}

func requestRows() []row[*client.PlusRequests] {
	return []row[*client.PlusRequests]{
		gauge("requests_current", "Client requests in progress now.",
			func(r *client.PlusRequests) value.Value { return r.Current }),
		counter("requests_total", "Client requests, those of this exporter included.",
			func(r *client.PlusRequests) value.Value { return r.Total }),
	}
}
