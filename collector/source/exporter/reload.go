package exporter

import (
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// Reload is the outcome of the last configuration load. The start of the program
// is the first one.
type Reload struct {
	Success bool    // the last attempt succeeded
	Time    float64 // of the last successful attempt, in Unix seconds
}

func reloadTable() *metric.Table[*Reload] {
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*Reload]{
		metric.Gauge("config_last_reload_success_timestamp_seconds", "Time of the last successful configuration reload, in Unix time.",
			func(r *Reload) value.Value { return value.Of(r.Time) }),
		metric.Gauge("config_last_reload_successful", "Whether the last configuration reload succeeded (1) or not (0).",
			func(r *Reload) value.Value { return value.OfBool(r.Success) }),
	})
}
