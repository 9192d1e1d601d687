package collector

import (
	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

func plusProcessesSource() []source {
	figures := &table[*client.PlusProcesses]{
		tableHead: tableHead{sinceStart: true},
		source:    "/processes",
		prefix:    "nginxplus_processes_",
		rows: []row[*client.PlusProcesses]{
			counter("respawned_total", "Worker processes that died abnormally and were started again.",
				func(p *client.PlusProcesses) value.Value { return p.Respawned }),
		},
	}
	return []source{plusSource("processes", "processes", "worker processes that died",
		func(_ asker, bind *binder, p *client.PlusProcesses) { addTo(bind, figures, p) }, figures)}
}
