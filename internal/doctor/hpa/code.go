package hpa

import "nginx-exporter/internal/doctor"

// Codes of what keeps the doctor from looking.
const (
	codeKubectl           doctor.Code = "kubectl-missing"
	codeContext           doctor.Code = "kubectl-no-context"
	codeUnreachable       doctor.Code = "cluster-unreachable"
	codeUnauthorized      doctor.Code = "cluster-unauthorized"
	codeForbidden         doctor.Code = "right-missing"
	codeNoPrometheus      doctor.Code = "prometheus-not-found"
	codeSeveralPrometheus doctor.Code = "prometheus-several"
	codePrometheusLogin   doctor.Code = "prometheus-login"
	codePrometheusAway    doctor.Code = "prometheus-out-of-reach"
	codeManaged           doctor.Code = "platform-unsupported"
	codeUnknown           doctor.Code = "unknown"
)

// Codes of the HPA and what it scales.
const (
	codeHPAMissing    doctor.Code = "hpa-missing"
	codeOtherMetric   doctor.Code = "hpa-other-metric"
	codeTargetKind    doctor.Code = "hpa-target-daemonset"
	codeTargetMissing doctor.Code = "hpa-target-missing"
	codeScaledToZero  doctor.Code = "hpa-target-scaled-to-zero"
	codeTwoHPAs       doctor.Code = "hpa-duplicate"
	codeSharedPods    doctor.Code = "hpa-shared-pods"
	codeReplicasReset doctor.Code = "hpa-replicas-reset"
	codeAtMax         doctor.Code = "hpa-at-max"
	codeHPARights     doctor.Code = "hpa-controller-rights"
)

// Codes of KEDA.
const (
	codeScaledObject  doctor.Code = "keda-scaledobject-not-ready"
	codePaused        doctor.Code = "keda-paused"
	codeFallback      doctor.Code = "keda-fallback"
	codeNoKEDA        doctor.Code = "keda-missing"
	codeExternalDown  doctor.Code = "keda-api-down"
	codeExternalValue doctor.Code = "keda-no-value"
	codeRateWindow    doctor.Code = "keda-rate-window"
	codeRateService   doctor.Code = "keda-rate-service"
	codeValueLocation doctor.Code = "keda-value-location"
	codeTriggerEmpty  doctor.Code = "keda-query-empty"
)

// Codes of the pods, the exporter and nginx.
const (
	codeNoPods         doctor.Code = "pods-none"
	codeNotReady       doctor.Code = "pods-not-ready"
	codePodsCrash      doctor.Code = "pods-crashing"
	codeNoExporter     doctor.Code = "exporter-missing"
	codeExporterCrash  doctor.Code = "exporter-crashing"
	codeNotListening   doctor.Code = "exporter-not-listening"
	codeNotExporter    doctor.Code = "exporter-other-program"
	codeExporterTarget doctor.Code = "exporter-target"
)

// Codes of Prometheus and its scrapes.
const (
	codePrometheusDown    doctor.Code = "prometheus-down"
	codePrometheusStrange doctor.Code = "prometheus-other-program"
	codePrometheusRights  doctor.Code = "prometheus-finds-no-pods"
	codeNoMonitor         doctor.Code = "monitor-missing"
	codeNoJob             doctor.Code = "scrape-job-missing"
	codeMonitorSelector   doctor.Code = "monitor-selector"
	codeMonitorNamespace  doctor.Code = "monitor-namespace"
	codeMonitorPort       doctor.Code = "monitor-port"
	codeMonitorIgnored    doctor.Code = "monitor-ignored"
	codeMonitorNotLoaded  doctor.Code = "monitor-not-loaded"
	codeMonitorRelabels   doctor.Code = "monitor-relabelings"
	codeServiceMissing    doctor.Code = "monitor-service-missing"
	codeServiceSelector   doctor.Code = "monitor-service-selector"
	codeScrapeFails       doctor.Code = "scrape-failing"
	codeSomeUnscraped     doctor.Code = "scrape-partial"
	codeNoSeries          doctor.Code = "series-missing"
	codeSeriesDropped     doctor.Code = "series-dropped"
	codeRelabelled        doctor.Code = "series-relabelled"
	codeScrapedTwice      doctor.Code = "series-twice"
)

// Codes of the metrics API and the adapter behind it.
const (
	codeNoAPI              doctor.Code = "api-missing"
	codeForeignAPI         doctor.Code = "api-owned-by-another"
	codeAdapterService     doctor.Code = "adapter-service-missing"
	codeAdapterPort        doctor.Code = "adapter-service-port"
	codeAdapterSelector    doctor.Code = "adapter-service-selector"
	codeAdapterMissing     doctor.Code = "adapter-missing"
	codeAdapterScaledDown  doctor.Code = "adapter-scaled-to-zero"
	codeAdapterTLS         doctor.Code = "adapter-tls"
	codeAdapterCrash       doctor.Code = "adapter-crashing"
	codeAdapterAuthReader  doctor.Code = "adapter-auth-reader"
	codeAdapterMaxAge      doctor.Code = "adapter-max-age"
	codeAdapterUnreachable doctor.Code = "adapter-unreachable"
	codeAdapterDelegator   doctor.Code = "adapter-auth-delegator"
	codeAdapterPodRights   doctor.Code = "adapter-pod-rights"
	codePrometheusURL      doctor.Code = "adapter-prometheus-url"
	codeAdapterPrometheus  doctor.Code = "adapter-prometheus-down"
)

// Codes of the adapter's rules and their queries.
const (
	codeRuleFile      doctor.Code = "rule-file"
	codeRuleResource  doctor.Code = "rule-resource"
	codeStaleRules    doctor.Code = "rule-stale"
	codeNoRule        doctor.Code = "rule-missing"
	codeRuleSyntax    doctor.Code = "rule-series-query-syntax"
	codeRuleLabels    doctor.Code = "rule-series-query-labels"
	codeRuleOverrides doctor.Code = "rule-overrides"
	codeRuleNamespace doctor.Code = "rule-namespace"
	codeRuleTemplate  doctor.Code = "rule-template"
	codeRuleCollision doctor.Code = "rule-collision"
	codeMetricName    doctor.Code = "metric-name"
	codeQuerySyntax   doctor.Code = "query-syntax"
	codeQueryGroupBy  doctor.Code = "query-group-by"
	codeQueryWindow   doctor.Code = "query-window"
	codeQueryMatchers doctor.Code = "query-matchers"
	codeQueryEmpty    doctor.Code = "query-empty"
	codeCountedTwice  doctor.Code = "query-counts-twice"
)
