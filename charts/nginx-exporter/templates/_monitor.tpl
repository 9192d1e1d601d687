{{/* Monitors and Service. */}}

{{- define "nginx-exporter.monitorKind" -}}
{{- if ne .Values.monitor.kind "auto" -}}
{{- .Values.monitor.kind -}}
{{- else if eq .Values.mode "deployment" -}}
ServiceMonitor
{{- else if eq .Values.autoscaling.engine "gke" -}}
PodMonitoring
{{- else -}}
PodMonitor
{{- end -}}
{{- end }}

{{/* Not empty if prometheus-operator's objects are wanted. */}}
{{- define "nginx-exporter.operator" -}}
{{- if has (include "nginx-exporter.monitorKind" .) (list "PodMonitor" "ServiceMonitor" "ScrapeConfig") }}yes{{ end -}}
{{- end }}

{{/* Not empty if a Service is needed. */}}
{{- define "nginx-exporter.service" -}}
{{- if or .Values.service.enabled (eq .Values.mode "deployment") (eq .Values.autoscaling.engine "keda-direct")
    (eq (include "nginx-exporter.monitorKind" .) "ServiceMonitor") }}yes{{ end -}}
{{- end }}

{{- define "nginx-exporter.servicePort" -}}
{{- .Values.service.port | default .Values.exporter.port -}}
{{- end }}

{{- define "nginx-exporter.scheme" -}}
{{- ternary "https" "http" .Values.web.tls.enabled -}}
{{- end }}

{{- define "nginx-exporter.serverName" -}}
{{- .Values.web.tls.serverName | default (printf "%s.%s.svc" (include "nginx-exporter.fullname" .) (include "nginx-exporter.namespace" .)) -}}
{{- end }}

{{/* Scheme of the scrape. A proxy of a service mesh may serve TLS for an exporter that does not. */}}
{{- define "nginx-exporter.monitorScheme" -}}
{{- .Values.monitor.scheme | default (ternary "https" "http" (or .Values.web.tls.enabled (not (empty .Values.monitor.tlsConfig)))) -}}
{{- end }}

{{- define "nginx-exporter.monitorNamespace" -}}
{{- .Values.monitor.namespace | default (include "nginx-exporter.namespace" .) -}}
{{- end }}

{{/* Metadata of a monitor: list ROOT NAME. */}}
{{- define "nginx-exporter.monitorMetadata" -}}
{{- $root := index . 0 -}}
{{- include "nginx-exporter.metadata" (dict "root" $root "name" (index . 1) "namespace" (include "nginx-exporter.monitorNamespace" $root)
    "labels" $root.Values.monitor.labels "annotations" $root.Values.monitor.annotations) -}}
{{- end }}

{{/* Limits and protocols, with the same keys in the spec of all monitors of prometheus-operator. */}}
{{- define "nginx-exporter.scrapeOptions" -}}
{{- $options := dict -}}
{{- range list "scrapeClass" "scrapeProtocols" "fallbackScrapeProtocol" "sampleLimit" "targetLimit" "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit" -}}
{{- $value := get $.Values.monitor . -}}
{{- if $value }}{{ $_ := set $options . (hasSuffix "Limit" . | ternary (int64 $value) $value) }}{{ end -}}
{{- end -}}
{{- with $options }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* The same for PodMonitor and ServiceMonitor, with what they have in common. */}}
{{- define "nginx-exporter.monitorSpec" -}}
{{- if ne (include "nginx-exporter.monitorNamespace" .) (include "nginx-exporter.namespace" .) }}
namespaceSelector:
  matchNames:
    - {{ include "nginx-exporter.namespace" . }}
{{- end }}
{{- with .Values.monitor.jobLabel }}
jobLabel: {{ . }}
{{- end }}
{{- with .Values.monitor.podTargetLabels }}
podTargetLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.attachMetadata }}
attachMetadata:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "nginx-exporter.scrapeOptions" . }}
{{ . }}
{{- end }}
{{- end }}

{{/* Scheme and credentials, for prometheus-operator. */}}
{{- define "nginx-exporter.scrapeSecurity" -}}
{{- if eq (include "nginx-exporter.monitorScheme" .) "https" }}
scheme: https
{{- if .Values.monitor.tlsConfig }}
tlsConfig:
  {{- toYaml .Values.monitor.tlsConfig | nindent 2 }}
{{- else if .Values.web.tls.enabled }}
tlsConfig:
  serverName: {{ include "nginx-exporter.serverName" . }}
  ca:
    secret:
      name: {{ .Values.web.tls.secretName }}
      key: ca.crt
  {{- if .Values.web.tls.clientAuth }}
  cert:
    secret:
      name: {{ .Values.web.tls.secretName }}
      key: tls.crt
  keySecret:
    name: {{ .Values.web.tls.secretName }}
    key: tls.key
  {{- end }}
{{- end }}
{{- end }}
{{- if .Values.web.basicAuth.enabled }}
basicAuth:
  {{- with .Values.web.basicAuth }}
  username:
    name: {{ .secretName }}
    key: {{ .usernameKey }}
  password:
    name: {{ .secretName }}
    key: {{ .passwordKey }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Keys shared by endpoints of PodMonitor and ServiceMonitor. */}}
{{- define "nginx-exporter.endpoint" -}}
path: {{ .Values.exporter.telemetryPath }}
interval: {{ .Values.monitor.interval }}
{{- with .Values.monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- include "nginx-exporter.honor" . }}
{{- include "nginx-exporter.scrapeSecurity" . }}
{{- with .Values.monitor.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What differs from the defaults of Prometheus. */}}
{{- define "nginx-exporter.honor" -}}
{{- if .Values.monitor.honorLabels }}
honorLabels: true
{{- end }}
{{- if not .Values.monitor.honorTimestamps }}
honorTimestamps: false
{{- end }}
{{- end }}
