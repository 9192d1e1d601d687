package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

func requestsDocument() *document {
	table := metric.NewTable("/http/requests", "nginxplus_http_", requestRows()).SinceStart()
	info := on("http_requests", "client request statistics")
	info.Requests = "nginxplus_http_requests_total"
	return newDocument(info, "http/requests",
		func(_ *request, b *metric.Batch, r *plus.Requests) { metric.Add(b, table, r) }, table)
}

func requestRows() []metric.Row[*plus.Requests] {
	type doc = *plus.Requests
	return []metric.Row[doc]{
		metric.Gauge("requests_current", "Client requests that are being processed.",
			func(r doc) value.Value { return r.Current }),
		metric.Counter("requests_total", "HTTP requests received, including the exporter's own.",
			func(r doc) value.Value { return r.Total }),
	}
}
