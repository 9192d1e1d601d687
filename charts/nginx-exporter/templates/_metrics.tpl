{{/* The metrics to scale on: requests, latency and errors. */}}

{{/*
A YAML list: of each metric its target, its name in HPA (metric), ScaledObject and
AutoscalingMetric (name), and the series and gauge it is computed from.
*/}}
{{- define "nginx-exporter.metrics" -}}
{{- $scaling := .Values.autoscaling -}}
{{- range $scaling.metrics | default (list (dict "type" "requests")) }}
- type: {{ .type }}
  {{- if eq .type "requests" }}
  target: {{ .target | default $scaling.requestsPerSecondPerPod | toJson }}
  metric: {{ $scaling.metricName }}
  name: requests-per-second
  series: {{ include "nginx-exporter.series" $ }}
  gauge: {{ include "nginx-exporter.gauge" $ }}
  {{- else if eq .type "latency" }}
  target: {{ toJson .target }}
  metric: nginx_http_request_duration_p95_seconds
  name: latency-p95
  series: nginx_http_request_duration_seconds_bucket
  gauge: nginx_http_request_duration_p95_seconds
  {{- else }}
  target: {{ toJson .target }}
  metric: nginx_http_error_ratio
  name: error-ratio
  series: nginx_http_server_errors_total
  gauge: nginx_http_error_ratio
  {{- end }}
{{- end }}
{{- end }}

{{/*
Query for latency or errors: a dict of type, by (labels of the result, may be empty),
matchers and window. Both are 0 without requests, not NaN, since an idle workload has to
be scaled down. They are ratios, so that it doesn't matter if all pods are scraped twice.
*/}}
{{- define "nginx-exporter.ratioQuery" -}}
{{- $sum := ternary "sum" (printf "sum by (%s) " .by) (empty .by) -}}
{{- $range := printf "{%s}[%s]" .matchers .window -}}
{{- if eq .type "latency" -}}
histogram_quantile(0.95, sum by ({{ append (compact (list .by)) "le" | join ", " }}) (rate(nginx_http_request_duration_seconds_bucket{{ $range }}))) >= 0 or 0 * {{ $sum }}(rate(nginx_http_request_duration_seconds_count{{ $range }}))
{{- else -}}
{{ $sum }}(rate(nginx_http_server_errors_total{{ $range }})) / {{ $sum }}(rate(nginx_http_responses_total{{ $range }})) >= 0 or 0 * {{ $sum }}(rate(nginx_http_responses_total{{ $range }}))
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateMetrics" -}}
{{- $seen := dict -}}
{{- range .Values.autoscaling.metrics | default (list (dict "type" "requests")) -}}
{{- if and (eq .type "requests") (eq $.Values.exporter.mode "angie") -}}
{{- fail "autoscaling.metrics: requests needs the number of requests, which the status of Angie does not have: scrape its stub_status" -}}
{{- end -}}
{{- end -}}
{{- range .Values.autoscaling.metrics -}}
{{- if hasKey $seen .type -}}
{{- fail (printf "autoscaling.metrics: %s is listed twice" .type) -}}
{{- end -}}
{{- $_ := set $seen .type true -}}
{{- if and (ne .type "requests") (not $.Values.accessLog.enabled) -}}
{{- fail (printf "autoscaling.metrics: %s needs accessLog.enabled" .type) -}}
{{- end -}}
{{- if and (eq .type "latency") (has $.Values.accessLog.format (list "combined" "main")) -}}
{{- fail (printf "autoscaling.metrics: latency needs another accessLog.format: %s has no $request_time" $.Values.accessLog.format) -}}
{{- end -}}
{{- end -}}
{{- end }}
