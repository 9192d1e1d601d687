package collector

import (
	"slices"

	"nginx-exporter/client/plus"
)

func plusWorkersSource() []source {
	figures, about := plusWorkerTable(), plusWorkerInfoTable()
	return []source{plusSource("workers", "workers", "connections and requests of each worker process",
		func(_ asker, bind *binder, workers *plus.Workers) {
			addTo(bind, figures, workers.All...)
			addTo(bind, about, workers.All...)
		}, figures, about)}
}

func plusWorkerTable() *table[*plus.Worker] {
	type doc = *plus.Worker
	return &table[doc]{
		source: "/workers/",
		prefix: "nginxplus_worker_",
		rows: slices.Concat(
			prefixed("connection_", lift(func(w doc) *plus.Connections { return &w.Connections }, connectionRows()...)),
			prefixed("http_", lift(func(w doc) *plus.Requests { return &w.Requests }, requestRows()...)),
		),
		labels: workerLabels(),
		values: workerValues,
	}
}

func plusWorkerInfoTable() *table[*plus.Worker] {
	return &table[*plus.Worker]{
		source: "/workers/",
		prefix: "nginxplus_",
		rows:   []row[*plus.Worker]{info[*plus.Worker]("worker_info", "A worker process, by its number and its process id.")},
		labels: workerLabels(),
		values: workerValues,
	}
}

func workerLabels() []string { return []string{"id", "pid"} }

func workerValues(values []string, w *plus.Worker) []string { return append(values, w.ID, w.PID) }
