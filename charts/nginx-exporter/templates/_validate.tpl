{{/* What a schema cannot say: combinations that would install and then not work. */}}

{{- define "nginx-exporter.validate" -}}
{{- include "nginx-exporter.validateWeb" . -}}
{{- include "nginx-exporter.validatePlaces" . -}}
{{- include "nginx-exporter.validateWindows" . -}}
{{- if ne .Values.autoscaling.engine "none" -}}
{{- include "nginx-exporter.validateTarget" . -}}
{{- include "nginx-exporter.validateEngine" . -}}
{{- end -}}
{{- end }}

{{/* Not empty if a value is given, be it 0. */}}
{{- define "nginx-exporter.given" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) }}yes{{ end -}}
{{- end }}

{{- define "nginx-exporter.validateWeb" -}}
{{- if and .Values.web.basicAuth.enabled (eq (include "nginx-exporter.monitorKind" .) "PodMonitoring") -}}
{{- fail "web.basicAuth.enabled: the PodMonitoring made here cannot sign in; choose another monitor.kind, or web.tls.clientAuth" -}}
{{- end -}}
{{- with .Values.web -}}
{{- if and .tls.enabled (not .tls.secretName) -}}
{{- fail "web.tls.enabled needs web.tls.secretName: a Secret of type kubernetes.io/tls" -}}
{{- end -}}
{{- if and .tls.clientAuth (not .tls.enabled) -}}
{{- fail "web.tls.clientAuth needs web.tls.enabled: there are no client certificates without TLS" -}}
{{- end -}}
{{- if and .basicAuth.enabled (not .basicAuth.secretName) -}}
{{- fail "web.basicAuth.enabled needs web.basicAuth.secretName: the monitor must know the password too" -}}
{{- end -}}
{{- if and .basicAuth.enabled (not .basicAuth.users) (not .existingSecret) -}}
{{- fail "web.basicAuth.enabled needs web.basicAuth.users: a user without a hash could not sign in" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The exporter would refuse these at its start. */}}
{{- define "nginx-exporter.validateWindows" -}}
{{- $windows := include "nginx-exporter.rateWindows" . | fromYamlArray -}}
{{- if gt (len $windows) 8 -}}
{{- fail "exporter.rateWindows: there are more than 8 windows" -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $window := $windows -}}
{{- $seconds := include "nginx-exporter.seconds" $window | float64 -}}
{{- if or (lt $seconds 1.0) (gt $seconds 600.0) (ne $seconds (floor $seconds)) -}}
{{- fail (printf "exporter.rateWindows: %s is no whole number of seconds from 1s to 10m" $window) -}}
{{- end -}}
{{- with get $seen (toString $seconds) -}}
{{- fail (printf "exporter.rateWindows: %s and %s are the same window" . $window) -}}
{{- end -}}
{{- $_ := set $seen (toString $seconds) $window -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validatePlaces" -}}
{{- $values := .Values -}}
{{- with regexFind "^/(-|probe|rate)(/|$)" .Values.exporter.telemetryPath -}}
{{- fail (printf "exporter.telemetryPath: the exporter has something else at %s" $values.exporter.telemetryPath) -}}
{{- end -}}
{{- if include "nginx-exporter.service" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "nginx-exporter.fullname" .)) -}}
{{- fail (printf "%s is no name for a Service: set fullnameOverride to one of letters, digits and -, a letter first" (include "nginx-exporter.fullname" .)) -}}
{{- end -}}
{{- end -}}
{{- range list "namespace" "pod" "container" "job" "instance" "service" "endpoint" -}}
{{- if hasKey ($values.exporter.constLabels | default dict) . -}}
{{- fail (printf "exporter.constLabels: %s is a label of Prometheus; a second one would become exported_%s, or with honorLabels hide the pod" . .) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "deployment" -}}
{{- if not (or .Values.exporter.scrapeURIs (include "nginx-exporter.configMap" .)) -}}
{{- fail "mode deployment has nothing to ask: set exporter.scrapeURIs, config.targets or config.probe.allow" -}}
{{- end -}}
{{- end -}}
{{- if .Values.monitor.probeTargets -}}
{{- if not (or .Values.config.probe.allow .Values.config.existingConfigMap) -}}
{{- fail "monitor.probeTargets needs config.probe.allow: the exporter would refuse them all" -}}
{{- end -}}
{{- if ne .Values.mode "deployment" -}}
{{- fail "monitor.probeTargets needs mode deployment: a sidecar asks its own nginx only" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (eq .Values.mode "sidecar") (not .Values.networkPolicy.applicationPorts) -}}
{{- fail "networkPolicy in mode sidecar selects your nginx pods: list the ports that they serve in networkPolicy.applicationPorts, or the policy would cut them off" -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and .enabled (eq $values.mode "daemonset") -}}
{{- fail "podDisruptionBudget has no use in mode daemonset: a drain leaves the pods of a DaemonSet alone" -}}
{{- end -}}
{{- if and .enabled (include "nginx-exporter.given" .minAvailable) (include "nginx-exporter.given" .maxUnavailable) -}}
{{- fail "podDisruptionBudget takes minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "nginx-exporter.validateSidecar" . -}}
{{- end -}}
{{- if and .Values.mutatingAdmissionPolicy.enabled (ne .Values.mode "sidecar") -}}
{{- fail "mutatingAdmissionPolicy adds sidecars: it needs mode sidecar" -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateSidecar" -}}
{{- $status := .Values.statusServer -}}
{{- if and $status.create (not $status.socket) (eq (int $status.port) (int .Values.exporter.port)) -}}
{{- fail (printf "exporter.port and statusServer.port are both %d: a pod has each port once" (int $status.port)) -}}
{{- end -}}
{{- $own := true -}}
{{- range $key, $value := include "nginx-exporter.nginxLabels" . | fromYaml -}}
{{- if ne (get ($.Values.commonLabels | default dict) $key | default "") $value }}{{ $own = false }}{{ end -}}
{{- end -}}
{{- if $own -}}
{{- fail "commonLabels has all labels of podSelector.matchLabels: pods of the chart's own, such as that of helm test, would pass for nginx" -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateTarget" -}}
{{- with .Values.autoscaling -}}
{{- if ne $.Values.mode "sidecar" -}}
{{- fail (printf "autoscaling.engine %s needs mode sidecar: in mode %s the series belong to the exporter's pod, not to the pods of nginx" .engine $.Values.mode) -}}
{{- end -}}
{{- if eq (lower .target.kind) "daemonset" -}}
{{- fail "autoscaling.target.kind: a DaemonSet has one pod per node and no scale subresource, so nothing can scale it; use the alerts and the dashboard per node, or make it a Deployment" -}}
{{- end -}}
{{- if not .target.name -}}
{{- fail "autoscaling.target.name: say which workload is to be scaled" -}}
{{- end -}}
{{- if and (not .target.apiVersion) (not (has .target.kind (list "Deployment" "StatefulSet" "ReplicaSet"))) -}}
{{- fail (printf "autoscaling.target.kind %s is not of apps/v1: set autoscaling.target.apiVersion" .target.kind) -}}
{{- end -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateEngine" -}}
{{- $scaling := .Values.autoscaling -}}
{{- $interval := include "nginx-exporter.seconds" .Values.monitor.interval | float64 -}}
{{- $window := include "nginx-exporter.seconds" (include "nginx-exporter.window" .) | float64 -}}
{{- if not (include "nginx-exporter.readsGauge" .) -}}
{{- if gt (mulf 4 $interval) $window -}}
{{- fail (printf "autoscaling.window %s is shorter than four scrapes of %s: the rate would be empty now and then" $scaling.window .Values.monitor.interval) -}}
{{- end -}}
{{- if eq (include "nginx-exporter.monitorKind" .) "PodMonitoring" -}}
{{- fail (printf "autoscaling.engine %s reads Prometheus, and PodMonitoring does not write there" $scaling.engine) -}}
{{- end -}}
{{- end -}}
{{- if eq $scaling.engine "adapter" -}}
{{- $relist := include "nginx-exporter.seconds" $scaling.adapter.relistInterval | float64 -}}
{{- if gt $relist (include "nginx-exporter.seconds" $scaling.adapter.maxAge | float64) -}}
{{- fail "autoscaling.adapter.maxAge is less than relistInterval: the adapter would not start" -}}
{{- end -}}
{{- end -}}
{{- if and (eq $scaling.engine "keda-direct") .Values.web.tls.clientAuth -}}
{{- fail "autoscaling.engine keda-direct has no client certificate to show: unset web.tls.clientAuth or use keda-prometheus" -}}
{{- end -}}
{{- if eq $scaling.engine "gke" -}}
{{- include "nginx-exporter.validateGKE" . -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateGKE" -}}
{{- if or .Values.web.tls.enabled .Values.web.basicAuth.enabled .Values.web.existingSecret -}}
{{- fail "autoscaling.engine gke reads plain HTTP without credentials: unset web.tls and web.basicAuth" -}}
{{- end -}}
{{- if gt (len (include "nginx-exporter.rateWindows" . | fromYamlArray)) 1 -}}
{{- fail "autoscaling.engine gke needs a gauge with one window: unset exporter.rateWindows" -}}
{{- end -}}
{{- range $key, $value := include "nginx-exporter.nginxLabels" . | fromYaml -}}
{{- if not (regexMatch "^[A-Za-z0-9_-]+$" $key) -}}
{{- fail (printf "autoscaling.engine gke: label %s in podSelector.matchLabels has characters that an AutoscalingMetric does not take; use letters, digits, - and _" $key) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* One APIService per cluster: whoever applies last takes it from the other. */}}
{{- define "nginx-exporter.validateOwner" -}}
{{- $found := lookup "apiregistration.k8s.io/v1" "APIService" "" "v1beta1.custom.metrics.k8s.io" -}}
{{- if and $found (not .Values.autoscaling.adapter.install.takeOwnership) -}}
{{- $service := (($found).spec).service | default dict -}}
{{- if not (and (eq ($service.name | default "") (include "nginx-exporter.adapter" .)) (eq ($service.namespace | default "") .Release.Namespace)) -}}
{{- fail (printf "custom.metrics.k8s.io already belongs to %s/%s: add the rule to that adapter and unset autoscaling.adapter.install.enabled, or set takeOwnership" ($service.namespace | default "?") ($service.name | default "?")) -}}
{{- end -}}
{{- end -}}
{{- end }}
