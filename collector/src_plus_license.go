package collector

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

func plusLicenseSource() []source {
	type doc = *plus.License
	figures := &table[doc]{
		source: "/license",
		prefix: "nginxplus_license_",
		rows: []row[doc]{
			gauge("evaluation", "Whether the license is for a trial (1) or not (0).",
				func(l doc) value.Value { return l.Evaluation }),
			gauge("expiration_timestamp_seconds", "When the license ends, in Unix time.",
				func(l doc) value.Value { return l.ActiveUntil }),
			gauge("reporting_fails_count", "Usage reports that failed since the last one that went well.",
				func(l doc) value.Value { return l.ReportingFails }),
			gauge("reporting_grace_period_seconds", "Time until nginx stops serving for want of a usage report.",
				func(l doc) value.Value { return l.ReportingGrace }),
			gauge("reporting_healthy", "Whether usage reports count as healthy (1) or not (0).",
				func(l doc) value.Value { return l.ReportingHealthy }),
		},
	}
	return []source{plusSource("license", "license", "license and usage reports",
		func(_ asker, bind *binder, l doc) { addTo(bind, figures, l) }, figures)}
}
