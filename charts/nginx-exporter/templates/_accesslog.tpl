{{/* The access log that nginx writes and the exporter reads. */}}

{{/* Not empty if it is a file in a volume that both mount. */}}
{{- define "nginx-exporter.spools" -}}
{{- if and .Values.accessLog.enabled (eq .Values.accessLog.transport "spool") }}yes{{ end -}}
{{- end }}

{{/* Where the exporter reads it. */}}
{{- define "nginx-exporter.accessLogInput" -}}
{{- ternary "spool:/var/spool/nginx-exporter/access.log" (printf "udp://127.0.0.1:%d" (int .Values.accessLog.port)) (eq .Values.accessLog.transport "spool") -}}
{{- end }}

{{/* Its settings that have no flag, with the keys of the configuration file; empty if there are none. */}}
{{- define "nginx-exporter.accessLogKeys" -}}
{{- with .Values.accessLog -}}
{{- $keys := dict -}}
{{- range $key, $value := dict "routes" .routes "exclude" .exclude "buckets" .buckets "max_series" .maxSeries -}}
{{- if and $.Values.accessLog.enabled $value }}{{ $_ := set $keys $key $value }}{{ end -}}
{{- end -}}
{{- if $keys }}{{ toYaml $keys }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Its target in the configuration file. */}}
{{- define "nginx-exporter.accessLogTarget" -}}
- uri: {{ include "nginx-exporter.scrapeURIs" . | fromYamlArray | first | quote }}
  access_logs:
    - input: {{ include "nginx-exporter.accessLogInput" . }}
      format: {{ .Values.accessLog.format }}
      {{- include "nginx-exporter.accessLogKeys" . | nindent 6 }}
{{- end }}

{{/* What it needs in nginx, as nginx-exporter snippet access-log prints it. */}}
{{- define "nginx-exporter.accessLogConf" -}}
{{- $text := .Files.Get (printf "files/access-log-%s.conf" .Values.accessLog.transport) | replace "127.0.0.1:9514" (printf "127.0.0.1:%d" (int .Values.accessLog.port)) -}}
{{- if ne .Values.accessLog.format "nginx_exporter" -}}
{{- $text = regexFind "(?m)^access_log .*$" $text | replace " nginx_exporter" (printf " %s" .Values.accessLog.format) -}}
{{- end -}}
{{- trim $text -}}
{{- end }}

{{- define "nginx-exporter.spoolMount" -}}
- name: nginx-exporter-log
  mountPath: /var/spool/nginx-exporter
{{- end }}

{{- define "nginx-exporter.spoolVolume" -}}
- name: nginx-exporter-log
  {{- toYaml (.Values.accessLog.volume | default (dict "emptyDir" dict)) | nindent 2 }}
{{- end }}

{{/* Mounts for nginx: its configuration, which is read before that of servers with this log, and the volume. */}}
{{- define "nginx-exporter.accessLogMounts" -}}
{{- if .Values.accessLog.enabled }}
- name: nginx-exporter-status
  mountPath: {{ dir .Values.statusServer.mountPath }}/00-nginx-exporter-log.conf
  subPath: 00-nginx-exporter-log.conf
  readOnly: true
{{- end }}
{{- if include "nginx-exporter.spools" . }}
{{ include "nginx-exporter.spoolMount" . }}
{{- end }}
{{- end }}

{{/* What to add to nginx, for the notes. */}}
{{- define "nginx-exporter.accessLogNotes" -}}
{{- $injected := and (include "nginx-exporter.injectCommand" .) (not .Values.mutatingAdmissionPolicy.enabled) -}}
{{- if and $injected (include "nginx-exporter.injectLog" .) }}

Access log: this command adds its configuration to nginx, and its volume.
{{- else if .Values.accessLog.enabled }}

Access log: nginx needs {{ if .Values.statusServer.create }}its configuration, which is in the same ConfigMap{{ else }}the output of this command within http{{ end }}
{{- if include "nginx-exporter.spools" . }}, and the volume nginx-exporter-log.{{ else }}.{{ end }}
{{- if not .Values.statusServer.create }}

     nginx-exporter snippet access-log{{ if ne .Values.accessLog.transport "spool" }} --syslog=127.0.0.1:{{ .Values.accessLog.port }}{{ end }}
{{- end }}
{{- $volumes := "" }}
{{- if .Values.statusServer.create }}{{ $volumes = include "nginx-exporter.nginxVolumes" . }}{{ end }}
{{- if include "nginx-exporter.spools" . }}{{ $volumes = printf "%s\n%s" $volumes (include "nginx-exporter.spoolVolume" .) }}{{ end }}
{{- with $volumes | trim }}

   In the template of your pods, with all mounts of nginx:

     containers:
       - name: nginx
         volumeMounts:
           {{- ternary (include "nginx-exporter.nginxVolumeMounts" $) (include "nginx-exporter.spoolMount" $) $.Values.statusServer.create | nindent 11 }}
     volumes:
       {{- . | nindent 7 }}
{{- end }}

   A server or location with an access_log of its own ignores this one: repeat the line there. Check in a pod, as root: nginx-exporter doctor
{{- end }}
{{- end }}

{{- define "nginx-exporter.validateAccessLog" -}}
{{- with .Values.accessLog -}}
{{- if .enabled -}}
{{- if ne $.Values.mode "sidecar" -}}
{{- fail (printf "accessLog.enabled needs mode sidecar: in mode %s nginx and the exporter share neither a volume nor loopback. See docs/access-logs.md for access_logs in config.targets" $.Values.mode) -}}
{{- end -}}
{{- if ne (len (include "nginx-exporter.scrapeURIs" $ | fromYamlArray)) 1 -}}
{{- fail "accessLog.enabled needs one target, of statusServer or exporter.scrapeURIs: with several, or with config.targets, set access_logs of the right one in config.targets" -}}
{{- end -}}
{{- if and (ne .transport "spool") (has (int .port) (list (int $.Values.exporter.port) (int $.Values.statusServer.port))) -}}
{{- fail (printf "accessLog.port %d is in use by exporter.port or statusServer.port" (int .port)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
