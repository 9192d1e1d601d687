{{/* The command of nginx-exporter inject for the container of these values. */}}

{{/* Keys of values that inject does not support: it always adds what is in files/sidecar.yaml. */}}
{{- define "nginx-exporter.injectGaps" -}}
{{- $gaps := list -}}
{{- $exporter := .Values.exporter -}}
{{- range list "env" "envFrom" "extraVolumeMounts" "lifecycle" -}}
{{- if get $exporter . }}{{ $gaps = append $gaps (printf "exporter.%s" .) }}{{ end -}}
{{- end -}}
{{- $injected := .Files.Get "files/sidecar.yaml" | fromYaml -}}
{{- range list "startupProbe" "livenessProbe" -}}
{{- if ne (get $exporter . | toJson) (omit (get $injected .) "httpGet" | toJson) }}{{ $gaps = append $gaps (printf "exporter.%s" .) }}{{ end -}}
{{- end -}}
{{- if ne (include "nginx-exporter.securityContext" (list . $exporter.securityContext)) (include "nginx-exporter.securityContext" (list . $injected.securityContext)) -}}
{{- $gaps = append $gaps "exporter.securityContext" -}}
{{- end -}}
{{- $secrets := (include "nginx-exporter.pullSecrets" (list .) | fromYaml).imagePullSecrets | default list -}}
{{- if gt (len $secrets) 1 }}{{ $gaps = append $gaps "several pull secrets" }}{{ end -}}
{{- range $amounts := values ($exporter.resources | default dict) -}}
{{- if omit $amounts "cpu" "memory" }}{{ $gaps = append $gaps "exporter.resources" }}{{ end -}}
{{- end -}}
{{- $volumes := include "nginx-exporter.volumes" . | trim -}}
{{- if and $volumes (not (and (include "nginx-exporter.injectLog" .) (eq $volumes (include "nginx-exporter.spoolVolume" .)))) }}{{ $gaps = append $gaps "volumes" }}{{ end -}}
{{- uniq $gaps | join ", " -}}
{{- end }}

{{/* Not empty if inject can add the status server: only stub_status, and only at the default address. */}}
{{- define "nginx-exporter.injectStatus" -}}
{{- if not (or .Values.exporter.plus (eq .Values.exporter.mode "angie") .Values.exporter.scrapeURIs) }}yes{{ end -}}
{{- end }}

{{/* Not empty if inject can add the access log: with the status server, and with the default settings. */}}
{{- define "nginx-exporter.injectLog" -}}
{{- $settings := or .Values.accessLog.volume (include "nginx-exporter.accessLogKeys" .) (ne .Values.accessLog.format "nginx_exporter") -}}
{{- if and (include "nginx-exporter.spools" .) (not .Values.statusServer.create) (include "nginx-exporter.injectStatus" .) (not $settings) }}yes{{ end -}}
{{- end }}

{{/* The inject command for this container; empty if inject does not support it. */}}
{{- define "nginx-exporter.injectCommand" -}}
{{- if not (include "nginx-exporter.injectGaps" .) -}}
{{- $flags := list -}}
{{- if and (not .Values.statusServer.create) (include "nginx-exporter.injectStatus" .) }}{{ $flags = append $flags "--status-config" }}{{ end -}}
{{- $skipped := list -}}
{{- if include "nginx-exporter.injectLog" . -}}
{{- $flags = append $flags "--access-log" -}}
{{- $skipped = list (printf "--nginx.access-log=%s" (include "nginx-exporter.accessLogInput" .)) -}}
{{- end -}}
{{- $injected := .Files.Get "files/sidecar.yaml" | fromYaml -}}
{{- $image := include "nginx-exporter.image" (dict "root" . "image" .Values.image "tag" .Chart.AppVersion) -}}
{{- if ne $image $injected.image }}{{ $flags = append $flags (printf "--image=%s" $image) }}{{ end -}}
{{- if ne .Values.image.pullPolicy $injected.imagePullPolicy }}{{ $flags = append $flags (printf "--image-pull-policy=%s" .Values.image.pullPolicy) }}{{ end -}}
{{- $uri := include "nginx-exporter.scrapeURIs" . | fromYamlArray | first | default "" -}}
{{- if ne (printf "--nginx.scrape-uri=%s" $uri) (first $injected.args) }}{{ $flags = append $flags (printf "--scrape-uri=%s" $uri) }}{{ end -}}
{{- if ne (int .Values.exporter.port) (int (first $injected.ports).containerPort) }}{{ $flags = append $flags (printf "--port=%d" (int .Values.exporter.port)) }}{{ end -}}
{{- range include "nginx-exporter.args" . | fromYamlArray -}}
{{- if not (or (has . $skipped) (hasPrefix "--web.listen-address=" .) (eq (printf "--nginx.scrape-uri=%s" $uri) .)) -}}
{{- $flags = append $flags (printf "--arg=%s" .) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.sidecar.native }}{{ $flags = append $flags "--native=never" }}{{ end -}}
{{- if include "nginx-exporter.openshift" . }}{{ $flags = append $flags "--openshift" }}{{ end -}}
{{- range (include "nginx-exporter.pullSecrets" (list .) | fromYaml).imagePullSecrets }}{{ $flags = append $flags (printf "--image-pull-secret=%s" .name) }}{{ end -}}
{{- $resources := .Values.exporter.resources | default dict -}}
{{- range $flag := list "cpu-limit" "cpu-request" "memory-limit" "memory-request" -}}
{{- $words := splitList "-" $flag -}}
{{- $kind := printf "%ss" (last $words) -}}
{{- $amount := get (get $resources $kind | default dict) (first $words) | default "" | toString -}}
{{- if ne $amount (get (get $injected.resources $kind) (first $words)) }}{{ $flags = append $flags (printf "--%s=%s" $flag $amount) }}{{ end -}}
{{- end -}}
nginx-exporter inject
{{- range $flags }} {{ regexMatch "^[A-Za-z0-9@%+=:,./_-]+$" . | ternary . (replace "'" "'\\''" . | squote) }}{{ end -}}
{{- end -}}
{{- end }}
