package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

func processesDocument() *document {
	table := metric.NewTable("/processes", "nginxplus_processes_", []metric.Row[*plus.Processes]{
		metric.Counter("respawned_total", "Worker processes that terminated abnormally and were respawned.",
			func(p *plus.Processes) value.Value { return p.Respawned }),
	}).SinceStart()
	return newDocument(single("processes", "respawned worker processes"), "processes",
		func(_ *request, b *metric.Batch, p *plus.Processes) { metric.Add(b, table, p) }, table)
}
