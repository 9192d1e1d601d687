package collector

import (
	"nginx-exporter/client/value"
)

// processState is what the exporter's own process costs.
type processState struct {
	cpuSeconds    value.Value // user and system time since the start
	residentBytes value.Value
	openFiles     value.Value
	startTime     value.Value // seconds since 1970
}

// processTable is the small set of --web.exporter-metrics=basic, by the names
// that every Prometheus program uses.
func processTable() *table[*processState] {
	return &table[*processState]{
		source: exporterSource,
		prefix: "process_",
		rows: []row[*processState]{
			counter("cpu_seconds_total", "User and system CPU time the exporter has used, in seconds.",
				func(p *processState) value.Value { return p.cpuSeconds }),
			gauge("open_fds", "File descriptors the exporter has open.",
				func(p *processState) value.Value { return p.openFiles }),
			gauge("resident_memory_bytes", "Memory of the exporter that is resident, in bytes.",
				func(p *processState) value.Value { return p.residentBytes }),
			gauge("start_time_seconds", "When the exporter started, in seconds since 1970.",
				func(p *processState) value.Value { return p.startTime }),
		},
	}
}
