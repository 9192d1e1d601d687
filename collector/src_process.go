package collector

import "nginx-exporter/client"

// processState is what the exporter's own process costs.
type processState struct {
	cpuSeconds    client.Number // user and system time since the start
	residentBytes client.Number
	openFiles     client.Number
	startTime     client.Number // seconds since 1970
}

// processTable is the small set of --web.exporter-metrics=basic, by the names
// that every Prometheus program uses.
func processTable() *table[*processState] {
	return &table[*processState]{
		source: exporterSource,
		prefix: "process_",
		rows: []row[*processState]{
			counter("cpu_seconds_total", "User and system CPU time the exporter has used, in seconds.",
				func(p *processState) client.Number { return p.cpuSeconds }),
			gauge("open_fds", "File descriptors the exporter has open.",
				func(p *processState) client.Number { return p.openFiles }),
			gauge("resident_memory_bytes", "Memory of the exporter that is resident, in bytes.",
				func(p *processState) client.Number { return p.residentBytes }),
			gauge("start_time_seconds", "When the exporter started, in seconds since 1970.",
				func(p *processState) client.Number { return p.startTime }),
		},
	}
}
