{{/* Autoscaling. */}}

{{- define "nginx-exporter.validateTarget" -}}
{{- with .Values.autoscaling -}}
{{- if ne $.Values.mode "sidecar" -}}
{{- fail (printf "autoscaling.engine %s needs mode sidecar: in mode %s the series belong to the exporter's pod, not to the pods of nginx" .engine $.Values.mode) -}}
{{- end -}}
{{- if eq (lower .target.kind) "daemonset" -}}
{{- fail "autoscaling.target.kind: a DaemonSet has no scale subresource; use alerts and dashboards per node, or a Deployment" -}}
{{- end -}}
{{- if not .target.name -}}
{{- fail "autoscaling.target.name: set the name of the workload to scale" -}}
{{- end -}}
{{- if and (not .target.apiVersion) (not (has .target.kind (list "Deployment" "StatefulSet" "ReplicaSet"))) -}}
{{- fail (printf "autoscaling.target.kind %s is not in apps/v1: set autoscaling.target.apiVersion" .target.kind) -}}
{{- end -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateEngine" -}}
{{- $scaling := .Values.autoscaling -}}
{{- $interval := include "nginx-exporter.seconds" .Values.monitor.interval | float64 -}}
{{- $window := include "nginx-exporter.seconds" (include "nginx-exporter.window" .) | float64 -}}
{{- if not (include "nginx-exporter.readsGauge" .) -}}
{{- if gt (mulf 4 $interval) $window -}}
{{- fail (printf "autoscaling.window %s is shorter than four scrape intervals of %s: the rate would be missing at times" $scaling.window .Values.monitor.interval) -}}
{{- end -}}
{{- if eq (include "nginx-exporter.monitorKind" .) "PodMonitoring" -}}
{{- fail (printf "autoscaling.engine %s needs Prometheus, which PodMonitoring does not use" $scaling.engine) -}}
{{- end -}}
{{- end -}}
{{- if eq $scaling.engine "adapter" -}}
{{- $relist := include "nginx-exporter.seconds" $scaling.adapter.relistInterval | float64 -}}
{{- if gt $relist (include "nginx-exporter.seconds" $scaling.adapter.maxAge | float64) -}}
{{- fail "autoscaling.adapter.maxAge is less than relistInterval, which the adapter rejects" -}}
{{- end -}}
{{- include "nginx-exporter.validateRules" . -}}
{{- end -}}
{{- if and (eq $scaling.engine "keda-direct") .Values.web.tls.clientAuth -}}
{{- fail "autoscaling.engine keda-direct does not support client certificates: unset web.tls.clientAuth or use keda-prometheus" -}}
{{- end -}}
{{- if eq $scaling.engine "gke" -}}
{{- include "nginx-exporter.validateGKE" . -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateRules" -}}
{{- $metrics := include "nginx-exporter.metrics" . | fromYamlArray -}}
{{- with .Values.autoscaling -}}
{{- if and .adapter.extraRules (not .adapter.install.enabled) -}}
{{- fail "autoscaling.adapter.extraRules needs autoscaling.adapter.install.enabled: the chart does not configure other adapters" -}}
{{- end -}}
{{- range .adapter.extraRules -}}
{{- $name := (.name).as | default "" -}}
{{- range $metrics -}}
{{- if eq .metric $name -}}
{{- fail (printf "autoscaling.adapter.extraRules: %s is the metric of the chart's rule; one of the two rules would be ignored" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateGKE" -}}
{{- if or .Values.web.tls.enabled .Values.web.basicAuth.enabled .Values.web.existingSecret -}}
{{- fail "autoscaling.engine gke supports only plain HTTP without credentials: unset web.tls and web.basicAuth" -}}
{{- end -}}
{{- if gt (len (include "nginx-exporter.rateWindows" . | fromYamlArray)) 1 -}}
{{- fail "autoscaling.engine gke needs a gauge with one window: unset exporter.rateWindows" -}}
{{- end -}}
{{- range $key, $value := include "nginx-exporter.nginxLabels" . | fromYaml -}}
{{- if not (regexMatch "^[A-Za-z0-9_-]+$" $key) -}}
{{- fail (printf "autoscaling.engine gke: label %s in podSelector.matchLabels has characters that AutoscalingMetric does not support; use letters, digits, - and _" $key) -}}
{{- end -}}
{{- end -}}
{{- end }}
