package exporter

import (
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// process is the resource usage of the exporter's own process.
type process struct {
	cpuSeconds    value.Value // user and system time since the start
	residentBytes value.Value
	openFiles     value.Value
	startTime     value.Value // Unix seconds
}

// processTable has the metrics of --web.exporter-metrics=basic, a subset of
// client_golang's process collector.
func processTable() *metric.Table[*process] {
	return metric.NewTable(Name, "process_", []metric.Row[*process]{
		metric.Counter("cpu_seconds_total", "Total user and system CPU time spent by the exporter in seconds.",
			func(p *process) value.Value { return p.cpuSeconds }),
		metric.Gauge("open_fds", "Number of open file descriptors of the exporter.",
			func(p *process) value.Value { return p.openFiles }),
		metric.Gauge("resident_memory_bytes", "Resident memory size of the exporter in bytes.",
			func(p *process) value.Value { return p.residentBytes }),
		metric.Gauge("start_time_seconds", "Start time of the exporter, in Unix time.",
			func(p *process) value.Value { return p.startTime }),
	})
}
