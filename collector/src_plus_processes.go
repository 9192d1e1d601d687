package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusProcessesSource() []source {
	figures := &table[*plus.Processes]{
		tableHead: tableHead{sinceStart: true},
		source:    "/processes",
		prefix:    "nginxplus_processes_",
		rows: []row[*plus.Processes]{
			counter("respawned_total", "Worker processes that died abnormally and were started again.",
				func(p *plus.Processes) value.Value { return p.Respawned }),
		},
	}
	return []source{plusSource("processes", "processes", "worker processes that died",
		func(_ asker, bind *binder, p *plus.Processes) { addTo(bind, figures, p) }, figures)}
}
