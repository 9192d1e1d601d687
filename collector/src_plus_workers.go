package collector

import (
	"slices"

	"nginx-exporter/client"
)

func plusWorkersSource() []source {
	figures, about := plusWorkerTable(), plusWorkerInfoTable()
	return []source{plusSource("workers", "workers", "connections and requests of each worker process",
		func(_ asker, bind *binder, workers *client.PlusWorkers) {
			addTo(bind, figures, workers.All...)
			addTo(bind, about, workers.All...)
		}, figures, about)}
}

func plusWorkerTable() *table[*client.PlusWorker] {
	type doc = *client.PlusWorker
	return &table[doc]{
		source: "/workers/",
		prefix: "nginxplus_worker_",
		rows: slices.Concat(
			prefixed("connection_", lift(func(w doc) *client.PlusConnections { return &w.Connections }, connectionRows()...)),
			prefixed("http_", lift(func(w doc) *client.PlusRequests { return &w.Requests }, requestRows()...)),
		),
		labels: workerLabels(),
		values: workerValues,
	}
}

func plusWorkerInfoTable() *table[*client.PlusWorker] {
	return &table[*client.PlusWorker]{
		source: "/workers/",
		prefix: "nginxplus_",
		rows:   []row[*client.PlusWorker]{info[*client.PlusWorker]("worker_info", "A worker process, by its number and its process id.")},
		labels: workerLabels(),
		values: workerValues,
	}
}

func workerLabels() []string { return []string{"id", "pid"} }

func workerValues(values []string, w *client.PlusWorker) []string { return append(values, w.ID, w.PID) }
