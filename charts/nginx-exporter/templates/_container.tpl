{{/*
Container and volumes of the exporter, for all modes, the admission policy, and other
charts that depend on this one:

  initContainers:
    - {{ include "nginx-exporter.container" (index .Subcharts "nginx-exporter") | nindent 6 | trim }}
*/}}

{{- define "nginx-exporter.container" -}}
name: nginx-exporter
image: {{ include "nginx-exporter.image" (dict "root" . "image" .Values.image "tag" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if and (eq .Values.mode "sidecar") .Values.sidecar.native }}
restartPolicy: Always
{{- end }}
args:
  {{- include "nginx-exporter.args" . | trim | nindent 2 }}
{{- with include "nginx-exporter.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.exporter.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: exporter
    containerPort: {{ .Values.exporter.port }}
    protocol: TCP
startupProbe:
  {{- include "nginx-exporter.probe" (list . "/-/healthy") | nindent 2 }}
  {{- toYaml .Values.exporter.startupProbe | nindent 2 }}
livenessProbe:
  {{- include "nginx-exporter.probe" (list . "/-/healthy") | nindent 2 }}
  {{- toYaml .Values.exporter.livenessProbe | nindent 2 }}
{{- if ne .Values.mode "sidecar" }}
readinessProbe:
  {{- include "nginx-exporter.probe" (list . "/-/ready") | nindent 2 }}
  {{- with .Values.exporter.readinessProbe }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .Values.exporter.lifecycle }}
lifecycle:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml (.Values.exporter.resources | default dict) | nindent 2 }}
securityContext:
  {{- include "nginx-exporter.securityContext" (list . .Values.exporter.securityContext) | nindent 2 }}
{{- with include "nginx-exporter.volumeMounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Not empty on OpenShift, which assigns IDs from a range of the namespace. */}}
{{- define "nginx-exporter.openshift" -}}
{{- if or (eq .Values.platform "openshift") (and (eq .Values.platform "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1")) }}yes{{ end -}}
{{- end }}

{{/* A security context of a pod or container for the platform: list ROOT CONTEXT. */}}
{{- define "nginx-exporter.securityContext" -}}
{{- $context := index . 1 | default dict -}}
{{- if include "nginx-exporter.openshift" (index . 0) }}{{ $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}{{ end -}}
{{- toYaml $context -}}
{{- end }}

{{- define "nginx-exporter.args" -}}
{{- $uris := ternary list (include "nginx-exporter.scrapeURIs" . | fromYamlArray) (include "nginx-exporter.accessLogKeys" . | ne "") }}
{{- with $uris }}
- {{ printf "--nginx.scrape-uri=%s" (first .) | quote }}
{{- end }}
- {{ printf "--web.listen-address=:%d" (int .Values.exporter.port) | quote }}
{{- range rest $uris }}
- {{ printf "--nginx.scrape-uri=%s" . | quote }}
{{- end }}
{{- if and .Values.accessLog.enabled $uris }}
- {{ printf "--nginx.access-log=%s" (include "nginx-exporter.accessLogInput" .) | quote }}
{{- if ne .Values.accessLog.format "nginx_exporter" }}
- {{ printf "--nginx.access-log-format=%s" .Values.accessLog.format | quote }}
{{- end }}
{{- end }}
{{- with .Values.exporter }}
{{- if ne .telemetryPath "/metrics" }}
- {{ printf "--web.telemetry-path=%s" .telemetryPath | quote }}
{{- end }}
{{- if .plus }}
- "--nginx.plus"
{{- end }}
{{- with .mode }}
- {{ printf "--nginx.mode=%s" . | quote }}
{{- end }}
{{- with .timeout }}
- {{ printf "--nginx.timeout=%s" . | quote }}
{{- end }}
{{- range $name, $value := .constLabels }}
- {{ printf "--prometheus.const-label=%s=%s" $name (tpl $value $) | quote }}
{{- end }}
{{- end }}
{{- if include "nginx-exporter.configMap" . }}
- "--config.file=/etc/nginx-exporter/config/exporter.yml"
{{- end }}
{{- if include "nginx-exporter.webConfigSecret" . }}
- "--web.config.file=/etc/nginx-exporter/web/web.yml"
{{- end }}
{{- range include "nginx-exporter.rateWindows" . | fromYamlArray }}
- {{ printf "--rate.window=%s" . | quote }}
{{- end }}
{{- with .Values.exporter.logLevel }}
- {{ printf "--log.level=%s" . | quote }}
{{- end }}
{{- with .Values.exporter.logFormat }}
- {{ printf "--log.format=%s" . | quote }}
{{- end }}
{{- range .Values.exporter.extraArgs }}
- {{ tpl . $ | quote }}
{{- end }}
{{- end }}

{{- define "nginx-exporter.env" -}}
{{- if eq .Values.mode "daemonset" }}
- name: NODE_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
{{- end }}
{{- with .Values.exporter.env }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/*
A probe of the exporter: list ROOT PATH. The kubelet has no password or client
certificate, so if they are required, it is a TCP probe.
*/}}
{{- define "nginx-exporter.probe" -}}
{{- $root := index . 0 -}}
{{- if include "nginx-exporter.webAuthenticates" $root -}}
tcpSocket:
  port: {{ $root.Values.exporter.port }}
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: {{ $root.Values.exporter.port }}
  {{- if $root.Values.web.tls.enabled }}
  scheme: HTTPS
  {{- end }}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.volumeMounts" -}}
{{- if include "nginx-exporter.configMap" . }}
- name: nginx-exporter-config
  mountPath: /etc/nginx-exporter/config
  readOnly: true
{{- end }}
{{- if include "nginx-exporter.webConfigSecret" . }}
- name: nginx-exporter-web
  mountPath: /etc/nginx-exporter/web
  readOnly: true
{{- end }}
{{- if .Values.web.tls.enabled }}
- name: nginx-exporter-tls
  mountPath: /etc/nginx-exporter/tls
  readOnly: true
{{- end }}
{{- if include "nginx-exporter.statusSocket" . }}
- name: nginx-status
  mountPath: {{ dir .Values.statusServer.socket }}
  readOnly: true
{{- end }}
{{- if include "nginx-exporter.spools" . }}
{{ include "nginx-exporter.spoolMount" . }}
{{- end }}
{{- with .Values.exporter.extraVolumeMounts }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* Volumes for the container above; empty if it needs none. */}}
{{- define "nginx-exporter.volumes" -}}
{{- with include "nginx-exporter.configMap" . }}
- name: nginx-exporter-config
  configMap:
    name: {{ . }}
{{- end }}
{{- with include "nginx-exporter.webConfigSecret" . }}
- name: nginx-exporter-web
  secret:
    secretName: {{ . }}
{{- end }}
{{- if .Values.web.tls.enabled }}
- name: nginx-exporter-tls
  secret:
    secretName: {{ .Values.web.tls.secretName }}
{{- end }}
{{- if include "nginx-exporter.statusSocket" . }}
- name: nginx-status
  emptyDir: {}
{{- end }}
{{- if include "nginx-exporter.spools" . }}
{{ include "nginx-exporter.spoolVolume" . }}
{{- end }}
{{- with .Values.pod.extraVolumes }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* Name of the ConfigMap with the exporter's configuration file; empty if there is none. */}}
{{- define "nginx-exporter.configMap" -}}
{{- with .Values.config -}}
{{- if .existingConfigMap -}}
{{- .existingConfigMap -}}
{{- else if or .targets .accessLogs .modules .probe.allow .web (include "nginx-exporter.accessLogKeys" $) -}}
{{- include "nginx-exporter.suffixed" (list $ "config") -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Name of the Secret with web.yml; empty if the endpoint is open. */}}
{{- define "nginx-exporter.webConfigSecret" -}}
{{- with .Values.web -}}
{{- if .existingSecret -}}
{{- .existingSecret -}}
{{- else if or .tls.enabled .basicAuth.enabled -}}
{{- include "nginx-exporter.suffixed" (list $ "web") -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Not empty if clients have to authenticate. */}}
{{- define "nginx-exporter.webAuthenticates" -}}
{{- with .Values.web -}}
{{- if or .basicAuth.enabled (and .tls.enabled .tls.clientAuth) }}yes{{ end -}}
{{- end -}}
{{- end }}
