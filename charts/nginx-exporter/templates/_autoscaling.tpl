{{/* Window, query and target of every autoscaling engine. */}}

{{/* Seconds of a duration such as 1m30s. */}}
{{- define "nginx-exporter.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0 -}}
{{- $seconds := 0.0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" . -1 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $seconds = addf $seconds (mulf (regexFind "[0-9]+" . | float64) (get $units $unit)) -}}
{{- end -}}
{{- $seconds -}}
{{- end }}

{{/* A number without exponent, for Kubernetes and KEDA. */}}
{{- define "nginx-exporter.number" -}}
{{- if eq (floor .) (float64 .) }}{{ int64 . }}{{ else }}{{ printf "%.3f" (float64 .) | trimSuffix "0" | trimSuffix "0" }}{{ end -}}
{{- end }}

{{/* A Kubernetes quantity: 0.5 is 500m. */}}
{{- define "nginx-exporter.quantity" -}}
{{- if eq (floor .) (float64 .) }}{{ int64 . }}{{ else }}{{ printf "%dm" (round (mulf . 1000) 0 | int64) }}{{ end -}}
{{- end }}

{{/* Engines that read a gauge, so that the exporter has to compute the rate. */}}
{{- define "nginx-exporter.readsGauge" -}}
{{- if has .Values.autoscaling.engine (list "keda-direct" "gke") }}yes{{ end -}}
{{- end }}

{{- define "nginx-exporter.window" -}}
{{- if .Values.autoscaling.window -}}
{{- .Values.autoscaling.window -}}
{{- else if include "nginx-exporter.readsGauge" . -}}
15s
{{- else -}}
{{- printf "%ds" (mulf 4 (include "nginx-exporter.seconds" .Values.monitor.interval) | ceil | int64) -}}
{{- end -}}
{{- end }}

{{/* Windows of the exporter's gauge, as a YAML list. */}}
{{- define "nginx-exporter.rateWindows" -}}
{{- $windows := .Values.exporter.rateWindows | default list -}}
{{- if include "nginx-exporter.readsGauge" . -}}
{{- $windows = append $windows (include "nginx-exporter.window" .) -}}
{{- end -}}
{{- uniq $windows | toYaml -}}
{{- end }}

{{- define "nginx-exporter.series" -}}
{{- ternary "nginxplus_http_requests_total" "nginx_http_requests_total" .Values.exporter.plus -}}
{{- end }}

{{- define "nginx-exporter.gauge" -}}
{{- ternary "nginxplus_http_requests_per_second" "nginx_http_requests_per_second" .Values.exporter.plus -}}
{{- end }}

{{- define "nginx-exporter.targetAPI" -}}
{{- .Values.autoscaling.target.apiVersion | default "apps/v1" -}}
{{- end }}

{{- define "nginx-exporter.targetName" -}}
{{- tpl .Values.autoscaling.target.name . -}}
{{- end }}

{{- define "nginx-exporter.scaleTargetRef" -}}
apiVersion: {{ include "nginx-exporter.targetAPI" . }}
kind: {{ .Values.autoscaling.target.kind }}
name: {{ include "nginx-exporter.targetName" . }}
{{- end }}

{{/*
Pattern of the target's pod names. Kubernetes' suffixes have no vowels and no 0, 1, 3, so
web does not match the pods of web-api.
*/}}
{{- define "nginx-exporter.podNames" -}}
{{- $target := include "nginx-exporter.targetName" . -}}
{{- $name := $target | replace "." "[.]" -}}
{{- $suffix := "[bcdfghjklmnpqrstvwxz2456789]" -}}
{{- if eq .Values.autoscaling.target.kind "StatefulSet" -}}
{{- printf "%s-[0-9]+" $name -}}
{{- else if eq .Values.autoscaling.target.kind "ReplicaSet" -}}
{{- printf "%s-%s{5}" $name $suffix -}}
{{- else -}}
{{- printf "%s-%s{1,10}%s%s{5}" $name $suffix (ternary "-?" "-" (gt (len $target) 46)) $suffix -}}
{{- end -}}
{{- end }}

{{/* Query for a metric of all pods of the target: list ROOT TYPE. */}}
{{- define "nginx-exporter.totalQuery" -}}
{{- $type := index . 1 -}}
{{- with index . 0 -}}
{{- $matchers := printf "namespace=%q,pod=~%q" (include "nginx-exporter.namespace" .) (include "nginx-exporter.podNames" .) -}}
{{- with .Values.autoscaling.matchers }}{{ $matchers = printf "%s,%s" $matchers . }}{{ end -}}
{{- $window := include "nginx-exporter.window" . -}}
{{- if eq $type "requests" -}}
{{- printf "sum(max by (pod, addr) (rate(%s{%s}[%s])))" (include "nginx-exporter.series" .) $matchers $window -}}
{{- else -}}
{{- include "nginx-exporter.ratioQuery" (dict "type" $type "by" "" "matchers" $matchers "window" $window) -}}
{{- end -}}
{{- end -}}
{{- end }}
