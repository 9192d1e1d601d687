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
{{- .Values.web.tls.serverName | default (printf "%s.%s.svc" (include "nginx-exporter.fullname" .) .Release.Namespace) -}}
{{- end }}

{{/* Scheme and credentials, for prometheus-operator. */}}
{{- define "nginx-exporter.scrapeSecurity" -}}
{{- if .Values.web.tls.enabled }}
scheme: https
tlsConfig:
  {{- if .Values.monitor.tlsConfig }}
  {{- toYaml .Values.monitor.tlsConfig | nindent 2 }}
  {{- else }}
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
{{- if .Values.monitor.honorLabels }}
honorLabels: true
{{- end }}
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
