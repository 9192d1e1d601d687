package plus

import (
	"slices"

	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/collector/metric"
)

func workersDocument() *document {
	type doc = *plus.Worker
	id := metric.LabelFrom("id", func(w doc) string { return w.ID })
	pid := metric.LabelFrom("pid", func(w doc) string { return w.PID })
	table := metric.NewTable("/workers/", "nginxplus_worker_", slices.Concat(
		metric.Prefixed("connection_", metric.Nested(func(w doc) *api.Connections { return &w.Connections }, connectionRows()...)),
		metric.Prefixed("http_", metric.Nested(func(w doc) *plus.Requests { return &w.Requests }, requestRows()...)),
	), id, pid)
	info := metric.NewTable("/workers/", "nginxplus_", []metric.Row[doc]{
		metric.Info[doc]("worker_info", "ID and process ID of a worker process."),
	}, id, pid)
	return newDocument(on("workers", "connections and requests per worker process"), "workers",
		func(_ *request, b *metric.Batch, workers *plus.Workers) {
			metric.Add(b, table, workers.All...)
			metric.Add(b, info, keep(workers.All, func(w doc) bool { return w.ID != "" || w.PID != "" })...)
		}, table, info)
}
