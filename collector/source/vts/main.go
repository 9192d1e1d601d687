package vts

import (
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/value"
	"nginx-exporter/client/vts"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	stubsource "nginx-exporter/collector/source/stubstatus"
)

// origin is where all metrics are read from.
const origin = "vts"

// mainPart has nginx as a whole. Its connections and requests have the names of
// stub_status, too: they are the same counters of nginx, so that alerts, dashboards
// and autoscaling need no other queries.
func mainPart() *part {
	type doc = *vts.Status
	info := metric.NewTable(origin, "nginx_vts_", []metric.Row[doc]{metric.Info[doc]("info", "Nginx info")},
		metric.LabelFrom("hostname", func(s doc) string { return s.HostName }),
		metric.LabelFrom("module_version", func(s doc) string { return s.ModuleVersion }),
		metric.LabelFrom("version", func(s doc) string { return s.NginxVersion }))
	main := metric.NewTable(origin, "nginx_vts_", []metric.Row[doc]{
		connectionsRow("main_connections", "Nginx connections"),
		gaugeVec("main_shm_usage_bytes", "Shared memory info", "shared",
			metric.Labelled("max_size", func(s doc) value.Value { return s.SharedZone.MaxSize }),
			metric.Labelled("used_size", func(s doc) value.Value { return s.SharedZone.UsedSize }),
			metric.Labelled("used_node", func(s doc) value.Value { return s.SharedZone.UsedNode }),
			metric.Labelled("free_size", func(s doc) value.Value { return s.SharedZone.FreeSize })),
		metric.Gauge("start_time_seconds", "Nginx start time", func(s doc) value.Value { return seconds(s.Load) }),
	})
	status := stubsource.StatusTable()
	about := source.Info{
		Name: "vts_main", About: "connections, requests and shared memory of nginx-module-vts", Default: true, Single: true,
		FromDiscovery: true, Requests: "nginx_http_requests_total",
	}
	return newPart(about, func(b *metric.Batch, s *vts.Status, _ *source.Selection) {
		b.Invalid += s.Invalid
		metric.Add(b, info, s)
		metric.Add(b, main, s)
		metric.Add(b, status, stubStatus(s))
	}, info, main, status)
}

// stubStatus returns the connections and requests as stub_status has them.
func stubStatus(s *vts.Status) *stubstatus.Status {
	return &stubstatus.Status{
		Accepted: s.Connections.Accepted, Handled: s.Connections.Handled, Requests: s.Connections.Requests,
		Active: s.Connections.Active, Reading: s.Connections.Reading, Writing: s.Connections.Writing, Waiting: s.Connections.Waiting,
	}
}

// connectionsRow has the connections, and the requests, by status.
func connectionsRow(name, help string) metric.Row[*vts.Status] {
	type doc = *vts.Status
	return gaugeVec(name, help, "status",
		metric.Labelled("accepted", func(s doc) value.Value { return s.Connections.Accepted }),
		metric.Labelled("active", func(s doc) value.Value { return s.Connections.Active }),
		metric.Labelled("handled", func(s doc) value.Value { return s.Connections.Handled }),
		metric.Labelled("reading", func(s doc) value.Value { return s.Connections.Reading }),
		metric.Labelled("requests", func(s doc) value.Value { return s.Connections.Requests }),
		metric.Labelled("waiting", func(s doc) value.Value { return s.Connections.Waiting }),
		metric.Labelled("writing", func(s doc) value.Value { return s.Connections.Writing }))
}

// gaugeVec returns a row with several gauges, distinguished by a label.
func gaugeVec[T any](name, help, label string, values ...metric.LabelledValue[T]) metric.Row[T] {
	return metric.DynamicVec(metric.KindGauge, name, help, label, func(to []metric.Series, object T) []metric.Series {
		for i := range values {
			to = append(to, metric.Series{Label: values[i].Label, Value: values[i].Value(object)})
		}
		return to
	})
}

// millisecondsPerSecond converts the times of the module.
const millisecondsPerSecond = 1000

func seconds(milliseconds value.Value) value.Value {
	return value.Of(milliseconds.Float() / millisecondsPerSecond) // absent stays absent
}
