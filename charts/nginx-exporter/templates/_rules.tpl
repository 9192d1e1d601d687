{{/* What the chart replaces in rules/*.yaml, which are valid rules by themselves. */}}

{{/* Matchers of the series that the chart's monitors scrape: other exporters have metrics of the same names.
Jobs and namespaces that relabelings set are not known here. */}}
{{- define "nginx-exporter.ruleSelector" -}}
{{- $values := .Values.monitor -}}
{{- $relabelled := list -}}
{{- range concat ($values.relabelings | default list) ($values.metricRelabelings | default list) -}}
{{- $relabelled = append $relabelled (.targetLabel | default "") -}}
{{- end -}}
{{- $matchers := list -}}
{{- if not (has "namespace" $relabelled) -}}
{{- $namespaces := list (include "nginx-exporter.namespace" .) -}}
{{- if $values.probeTargets }}{{ $namespaces = append $namespaces (include "nginx-exporter.monitorNamespace" .) }}{{ end -}}
{{- $matchers = append $matchers (include "nginx-exporter.matcher" (list "namespace" $namespaces)) -}}
{{- end -}}
{{- if not (or $values.jobLabel (has "job" $relabelled)) -}}
{{- $name := include "nginx-exporter.fullname" . -}}
{{- $jobs := dict "PodMonitor" (printf "%s/%s" (include "nginx-exporter.monitorNamespace" .) $name) "ServiceMonitor" $name
    "ScrapeConfig" (printf "%s/%s" (include "nginx-exporter.namespace" .) $name) -}}
{{- $wanted := list (get $jobs (include "nginx-exporter.monitorKind" .)) -}}
{{- if $values.probeTargets }}{{ $wanted = append $wanted (get $jobs "ScrapeConfig") }}{{ end -}}
{{- $matchers = append $matchers (include "nginx-exporter.matcher" (list "job" $wanted)) -}}
{{- end -}}
{{- .Values.prometheusRule.selector | default (join "," $matchers) | default "job!=\"\"" -}}
{{- end }}

{{/* A matcher for one of several values: list LABEL VALUES. */}}
{{- define "nginx-exporter.matcher" -}}
{{- $values := index . 1 | uniq -}}
{{- if eq (len $values) 1 -}}
{{- printf "%s=%q" (index . 0) (first $values) -}}
{{- else -}}
{{- printf "%s=~%q" (index . 0) (join "|" $values) -}}
{{- end -}}
{{- end }}

{{/* What the expressions of rules get, made once since templates are slow: YAML for ruleExpr. */}}
{{- define "nginx-exporter.ruleContext" -}}
{{- $slo := .Values.prometheusRule.slo | default dict -}}
{{- $seconds := toString ($slo.latencySeconds | default 0.5) -}}
selector: {{ include "nginx-exporter.ruleSelector" . | quote }}
namespace: {{ printf "namespace=%q" (include "nginx-exporter.namespace" .) | quote }}
availability: {{ printf "* %s" (include "nginx-exporter.errorBudget" ($slo.availability | default 99.9)) | quote }}
latency: {{ printf "* %s" (include "nginx-exporter.errorBudget" ($slo.latency | default 99)) | quote }}
# Prometheus 3 stores the bucket 1 as 1.0.
bucket: {{ contains "." $seconds | ternary (printf "le=%q" $seconds) (printf "le=~\"%s|%s.0\"" $seconds $seconds) | quote }}
# Shortest window in seconds.
window: {{ mulf 4 (include "nginx-exporter.seconds" .Values.monitor.interval) | ceil | int64 }}
{{- end }}

{{/* The expression of a rule for this release: dict "context" RULECONTEXT "rule" RULE. */}}
{{- define "nginx-exporter.ruleExpr" -}}
{{- $context := .context -}}
{{- $expr := .rule.expr -}}
{{- if and (eq ($.rule.alert | default "") "NginxExporterDown") (ne $context.selector "job!=\"\"") -}}
{{- $expr = "up{job!=\"\"} == 0" -}}
{{- end -}}
{{- if contains "slow_requests" (printf "%s %s" .rule.record $expr) -}}
{{- $expr = $expr | replace "* 0.01" $context.latency | replace "le=\"0.5\"" $context.bucket -}}
{{- else -}}
{{- $expr = replace "* 0.001" $context.availability $expr -}}
{{- end -}}
{{- /* No window is below five minutes. */ -}}
{{- if gt (int $context.window) 300 -}}
{{- range regexFindAll "\\[[0-9]+[smhd]\\]" $expr -1 | uniq -}}
{{- if lt (include "nginx-exporter.seconds" . | float64 | int) (int $context.window) -}}
{{- $expr = replace . (printf "[%ds]" (int $context.window)) $expr -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $expr | replace "job!=\"\"" $context.selector | replace "namespace!=\"\"" $context.namespace -}}
{{- end }}

{{/* The share of requests that an objective in percent leaves. */}}
{{- define "nginx-exporter.errorBudget" -}}
{{- round (divf (subf 100 .) 100) 6 -}}
{{- end }}

{{/* Annotations of an alert, as YAML: list ROOT RULE GROUP. */}}
{{- define "nginx-exporter.ruleAnnotations" -}}
{{- $values := (index . 0).Values.prometheusRule -}}
{{- $annotations := deepCopy (index . 1).annotations -}}
{{- with $values.runbookURL -}}
{{- $_ := set $annotations "runbook_url" (replace "docs/alerts.md" . $annotations.runbook_url) -}}
{{- end -}}
{{- with $values.dashboardURL -}}
{{- $dashboards := dict "nginx" "single" "nginx-plus" "plus" "nginx-plus-slo" "plus" "nginx-access-log" "red" "nginx-access-log-slo" "red"
    "nginx-latency-slo" "red" "nginx-exporter" "exporter" "nginx-scaling" "scaling" -}}
{{- $query := "?" -}}
{{- range list "namespace" "job" "instance" -}}
{{- $query = printf "%s{{ with $labels.%s }}&var-%s={{ . | urlquery }}{{ end }}" $query . . -}}
{{- end -}}
{{- $_ := set $annotations "dashboard_url" (printf "%s/d/nginx-%s%s" (trimSuffix "/" .) (get $dashboards (index $ 2) | default "fleet") $query) -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end }}
