{{/* Window, query, name and target of every autoscaling engine. */}}

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

{{- define "nginx-exporter.scaleTargetRef" -}}
apiVersion: {{ include "nginx-exporter.targetAPI" . }}
kind: {{ .Values.autoscaling.target.kind }}
name: {{ .Values.autoscaling.target.name }}
{{- end }}

{{/*
The rule of prometheus-adapter. A pod may be scraped by two jobs: `max` by pod and addr
counts each series once, then `sum` adds up the targets of one exporter.
*/}}
{{- define "nginx-exporter.adapterRule" -}}
{{- $more := ternary "" (printf ",%s" .Values.autoscaling.matchers) (empty .Values.autoscaling.matchers) -}}
seriesQuery: {{ printf "%s{namespace!=\"\",pod!=\"\"%s}" (include "nginx-exporter.series" .) $more | replace "'" "''" | squote }}
resources:
  overrides:
    namespace:
      resource: namespace
    pod:
      resource: pod
name:
  matches: {{ printf "^%s$" (include "nginx-exporter.series" .) | quote }}
  as: {{ .Values.autoscaling.metricName | quote }}
metricsQuery: {{ printf "sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(<<.Series>>{<<.LabelMatchers>>%s}[%s])))" $more (include "nginx-exporter.window" .) | replace "'" "''" | squote }}
{{- end }}

{{/* Configuration file of the adapter. */}}
{{- define "nginx-exporter.adapterConfig" -}}
rules:
  - {{ include "nginx-exporter.adapterRule" . | nindent 4 | trim }}
{{- end }}

{{/* The same as values for the chart of prometheus-adapter. */}}
{{- define "nginx-exporter.adapterValues" -}}
{{- $url := urlParse .Values.autoscaling.prometheusUrl -}}
{{- $port := ternary 443 80 (eq $url.scheme "https") -}}
{{- with regexFind ":[0-9]+$" $url.host }}{{ $port = trimPrefix ":" . | int }}{{ end -}}
prometheus:
  url: {{ printf "%s://%s" $url.scheme (regexReplaceAll ":[0-9]+$" $url.host "") }}
  port: {{ $port }}
  path: {{ $url.path | quote }}
metricsRelistInterval: {{ .Values.autoscaling.adapter.relistInterval }}
extraArguments:
  - --metrics-max-age={{ .Values.autoscaling.adapter.maxAge }}
rules:
  default: false
  custom:
    - {{ include "nginx-exporter.adapterRule" . | nindent 6 | trim }}
{{- end }}

{{/*
Pattern of the target's pod names. Kubernetes' suffixes have no vowels and no 0, 1, 3, so
web does not match the pods of web-api.
*/}}
{{- define "nginx-exporter.podNames" -}}
{{- $name := .Values.autoscaling.target.name | replace "." "[.]" -}}
{{- $suffix := "[bcdfghjklmnpqrstvwxz2456789]" -}}
{{- if eq .Values.autoscaling.target.kind "StatefulSet" -}}
{{- printf "%s-[0-9]+" $name -}}
{{- else if eq .Values.autoscaling.target.kind "ReplicaSet" -}}
{{- printf "%s-%s{5}" $name $suffix -}}
{{- else -}}
{{- printf "%s-%s{1,10}%s%s{5}" $name $suffix (ternary "-?" "-" (gt (len .Values.autoscaling.target.name) 46)) $suffix -}}
{{- end -}}
{{- end }}

{{/* Query for the total requests per second of the target. */}}
{{- define "nginx-exporter.totalQuery" -}}
{{- $matchers := printf "namespace=%q,pod=~%q" .Release.Namespace (include "nginx-exporter.podNames" .) -}}
{{- with .Values.autoscaling.matchers }}{{ $matchers = printf "%s,%s" $matchers . }}{{ end -}}
{{- printf "sum(max by (pod, addr) (rate(%s{%s}[%s])))" (include "nginx-exporter.series" .) $matchers (include "nginx-exporter.window" .) -}}
{{- end }}

{{- define "nginx-exporter.adapter" -}}
{{- include "nginx-exporter.suffixed" (list . "adapter") -}}
{{- end }}

{{- define "nginx-exporter.adapterSelector" -}}
app.kubernetes.io/name: {{ include "nginx-exporter.partName" (list . "adapter") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nginx-exporter.installsAdapter" -}}
{{- if and (eq .Values.autoscaling.engine "adapter") .Values.autoscaling.adapter.install.enabled }}yes{{ end -}}
{{- end }}
