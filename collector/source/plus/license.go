package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

func licenseDocument() *document {
	type doc = *plus.License
	table := metric.NewTable("/license", "nginxplus_license_", []metric.Row[doc]{
		metric.Gauge("evaluation", "Whether the license is for evaluation (1) or not (0).",
			func(l doc) value.Value { return l.Evaluation }),
		metric.Gauge("expiration_timestamp_seconds", "Expiration time of the license, in Unix time.",
			func(l doc) value.Value { return l.ActiveUntil }),
		metric.Gauge("reporting_fails_count", "Failed usage reports since the last successful one.",
			func(l doc) value.Value { return l.ReportingFails }),
		metric.Gauge("reporting_grace_period_seconds", "Seconds until nginx stops processing traffic for lack of a usage report.",
			func(l doc) value.Value { return l.ReportingGrace }),
		metric.Gauge("reporting_healthy", "Whether the state of usage reporting is healthy (1) or not (0).",
			func(l doc) value.Value { return l.ReportingHealthy }),
	})
	return newDocument(single("license", "license and usage reporting status"), "license",
		func(_ *request, b *metric.Batch, l doc) { metric.Add(b, table, l) }, table)
}
