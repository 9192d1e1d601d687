package plus

import (
	"strconv"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// nginxInfo is the document /nginx, and the version of the API that it was
// read with.
type nginxInfo struct {
	*plus.Nginx
	apiVersion int
}

func nginxDocument() *document {
	type doc = *nginxInfo
	const detail, origin = "nginx_process", "/nginx"
	config := metric.NewTable(origin, "nginxplus_config_", []metric.Row[doc]{
		metric.Gauge("last_load_timestamp_seconds", "Time of the last configuration load, in Unix time.",
			func(n doc) value.Value { return n.LoadTimestamp }),
		metric.Counter("reloads_total", "Configuration loads, including the first one.",
			func(n doc) value.Value { return n.Generation }),
	})
	build := metric.NewTable(origin, "nginxplus_", []metric.Row[doc]{
		metric.Info[doc]("build_info", "Version and build of NGINX Plus, and the version of its API in use."),
	},
		metric.LabelFrom("api_version", func(n doc) string { return strconv.Itoa(n.apiVersion) }),
		metric.LabelFrom("build", func(n doc) string { return n.Build }),
		metric.LabelFrom("version", func(n doc) string { return n.Version }))
	process := metric.NewTable(origin, "nginxplus_", []metric.Row[doc]{
		metric.Gauge("master_process_id", "Process ID of the master process; it changes with a restart.",
			func(n doc) value.Value { return n.MasterPID }),
		metric.Gauge("server_time_seconds", "Current time of the server, in Unix time.",
			func(n doc) value.Value { return n.Timestamp }),
	})
	return newDocument(single("nginx", "nginx version and configuration reloads"), nginxPath,
		func(r *request, b *metric.Batch, nginx *plus.Nginx) {
			r.reader.noteGeneration(nginx)
			if nginx.Generation.Float() == 1 && nginx.LoadTimestamp.IsSet() {
				b.Start = nginx.LoadTimestamp.Float()
			}
			info := &nginxInfo{nginx, r.index.Version}
			metric.Add(b, config, info)
			if info.Version != "" || info.Build != "" {
				metric.Add(b, build, info)
			}
			if r.selection.Enabled(detail) {
				metric.Add(b, process, info)
			}
		}, config, build, process).withDetail(detail, "server time and master process ID")
}
