{{/* The status server and its address. */}}

{{- define "nginx-exporter.statusConfigMap" -}}
{{- include "nginx-exporter.suffixed" (list . "status") -}}
{{- end }}

{{- define "nginx-exporter.statusPath" -}}
{{- $usual := ternary "/api" (ternary "/status" "/stub_status" (eq .Values.exporter.mode "angie")) .Values.exporter.plus -}}
{{- .Values.statusServer.path | default $usual -}}
{{- end }}

{{/* Not empty if the status server listens on a shared Unix socket. */}}
{{- define "nginx-exporter.statusSocket" -}}
{{- if and (eq .Values.mode "sidecar") .Values.statusServer.socket }}yes{{ end -}}
{{- end }}

{{/* Scrape URIs, as a YAML list. */}}
{{- define "nginx-exporter.scrapeURIs" -}}
{{- $status := .Values.statusServer -}}
{{- $path := printf "%s%s" (include "nginx-exporter.statusPath" .) (ternary "/" "" (eq .Values.exporter.mode "angie")) -}}
{{- if .Values.exporter.scrapeURIs -}}
{{- include "nginx-exporter.rendered" (list . .Values.exporter.scrapeURIs) -}}
{{- else if or .Values.config.targets .Values.config.existingConfigMap (eq .Values.mode "deployment") -}}
[]
{{- else if include "nginx-exporter.statusSocket" . -}}
- {{ printf "unix:%s:%s" $status.socket $path | quote }}
{{- else if and (eq .Values.mode "daemonset") (not .Values.pod.hostNetwork) -}}
- {{ printf "http://$(NODE_IP):%d%s" (int $status.port) $path | quote }}
{{- else -}}
- {{ printf "http://127.0.0.1:%d%s" (int $status.port) $path | quote }}
{{- end -}}
{{- end }}

{{/* Not empty if the exporter has no targets but those of /probe. */}}
{{- define "nginx-exporter.onlyProbes" -}}
{{- if and (eq .Values.mode "deployment") (not (or .Values.exporter.scrapeURIs .Values.config.targets .Values.config.existingConfigMap)) }}yes{{ end -}}
{{- end }}

{{/* Mounts for the nginx container: status server and access log. */}}
{{- define "nginx-exporter.nginxVolumeMounts" -}}
- name: nginx-exporter-status
  mountPath: {{ .Values.statusServer.mountPath }}
  subPath: nginx-exporter-status.conf
  readOnly: true
{{- if include "nginx-exporter.statusSocket" . }}
- name: nginx-status
  mountPath: {{ dir .Values.statusServer.socket }}
{{- end }}
{{- include "nginx-exporter.accessLogMounts" . }}
{{- end }}

{{/* The volume for the first of these mounts. */}}
{{- define "nginx-exporter.nginxVolumes" -}}
- name: nginx-exporter-status
  configMap:
    name: {{ include "nginx-exporter.statusConfigMap" . }}
{{- end }}

{{/* nginx configuration of the status server. */}}
{{- define "nginx-exporter.statusServer" -}}
server {
    {{- if .Values.statusServer.socket }}
    listen unix:{{ .Values.statusServer.socket }};
    {{- else }}
    listen 127.0.0.1:{{ .Values.statusServer.port }};
    {{- end }}
    access_log off;
    server_tokens on;

    {{- if .Values.exporter.plus }}
    location {{ include "nginx-exporter.statusPath" . }}/ {
        api write=off;
    {{- else if eq .Values.exporter.mode "angie" }}
    location {{ include "nginx-exporter.statusPath" . }}/ {
        api /status/;
    {{- else }}
    location = {{ include "nginx-exporter.statusPath" . }} {
        stub_status;
    {{- end }}
        allow 127.0.0.1;
        allow ::1;
        allow unix:;
        deny all;
    }
    location / {
        return 404;
    }
}
{{- end }}
