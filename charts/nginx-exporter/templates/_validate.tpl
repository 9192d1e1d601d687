{{/* Combinations of values that a schema cannot reject. */}}

{{- define "nginx-exporter.validate" -}}
{{- include "nginx-exporter.validateExporter" . -}}
{{- include "nginx-exporter.validateWindows" . -}}
{{- include "nginx-exporter.validateAccessLog" . -}}
{{- include "nginx-exporter.validateWeb" . -}}
{{- include "nginx-exporter.validateMonitor" . -}}
{{- include "nginx-exporter.validateProbes" . -}}
{{- include "nginx-exporter.validateService" . -}}
{{- include "nginx-exporter.validateRoutes" . -}}
{{- include "nginx-exporter.validatePolicies" . -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "nginx-exporter.validateSidecar" . -}}
{{- else if .Values.mutatingAdmissionPolicy.enabled -}}
{{- fail "mutatingAdmissionPolicy needs mode sidecar" -}}
{{- end -}}
{{- if ne .Values.autoscaling.engine "none" -}}
{{- include "nginx-exporter.validateTarget" . -}}
{{- include "nginx-exporter.validateEngine" . -}}
{{- include "nginx-exporter.validateMetrics" . -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateExporter" -}}
{{- with regexFind "^/(-|probe|rate)(/|$)" .Values.exporter.telemetryPath -}}
{{- fail (printf "exporter.telemetryPath: %s is reserved by the exporter" $.Values.exporter.telemetryPath) -}}
{{- end -}}
{{- range list "namespace" "pod" "container" "job" "instance" "service" "endpoint" -}}
{{- if hasKey ($.Values.exporter.constLabels | default dict) . -}}
{{- fail (printf "exporter.constLabels: %s is set by Prometheus; it would become exported_%s, or with honorLabels replace the label of the pod" . .) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "deployment" -}}
{{- if not (or .Values.exporter.scrapeURIs .Values.config.targets .Values.config.accessLogs .Values.config.probe.allow .Values.config.existingConfigMap) -}}
{{- fail "mode deployment has no targets: set exporter.scrapeURIs, config.targets or config.probe.allow" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The exporter rejects these at start. */}}
{{- define "nginx-exporter.validateWindows" -}}
{{- $windows := include "nginx-exporter.rateWindows" . | fromYamlArray -}}
{{- if gt (len $windows) 8 -}}
{{- fail "exporter.rateWindows: more than 8 windows" -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $window := $windows -}}
{{- $seconds := include "nginx-exporter.seconds" $window | float64 -}}
{{- if or (lt $seconds 1.0) (gt $seconds 600.0) (ne $seconds (floor $seconds)) -}}
{{- fail (printf "exporter.rateWindows: %s is not a whole number of seconds from 1s to 10m" $window) -}}
{{- end -}}
{{- with get $seen (toString $seconds) -}}
{{- fail (printf "exporter.rateWindows: %s and %s are the same window" . $window) -}}
{{- end -}}
{{- $_ := set $seen (toString $seconds) $window -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateWeb" -}}
{{- if and .Values.web.basicAuth.enabled (eq (include "nginx-exporter.monitorKind" .) "PodMonitoring") -}}
{{- fail "web.basicAuth.enabled: PodMonitoring does not support basic authentication here; use another monitor.kind, or web.tls.clientAuth" -}}
{{- end -}}
{{- with .Values.web -}}
{{- if and .tls.enabled (not .tls.secretName) -}}
{{- fail "web.tls.enabled needs web.tls.secretName: a Secret of type kubernetes.io/tls" -}}
{{- end -}}
{{- if and .tls.clientAuth (not .tls.enabled) -}}
{{- fail "web.tls.clientAuth needs web.tls.enabled" -}}
{{- end -}}
{{- if and .basicAuth.enabled (not .basicAuth.secretName) -}}
{{- fail "web.basicAuth.enabled needs web.basicAuth.secretName, for the monitor" -}}
{{- end -}}
{{- if and .basicAuth.enabled (not .basicAuth.users) (not .existingSecret) -}}
{{- fail "web.basicAuth.enabled needs web.basicAuth.users" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateSidecar" -}}
{{- $status := .Values.statusServer -}}
{{- if and $status.create (not $status.socket) (eq (int $status.port) (int .Values.exporter.port)) -}}
{{- fail (printf "exporter.port and statusServer.port are both %d: containers of a pod share ports" (int $status.port)) -}}
{{- end -}}
{{- $own := true -}}
{{- range $key, $value := include "nginx-exporter.nginxLabels" . | fromYaml -}}
{{- if ne (get ($.Values.commonLabels | default dict) $key | default "") $value }}{{ $own = false }}{{ end -}}
{{- end -}}
{{- if $own -}}
{{- fail "commonLabels has all labels of podSelector.matchLabels, so that other pods of the chart, such as that of helm test, would be selected as nginx" -}}
{{- end -}}
{{- end }}
