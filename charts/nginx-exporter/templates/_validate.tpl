{{/* Combinations of values that a schema cannot reject. */}}

{{- define "nginx-exporter.validate" -}}
{{- include "nginx-exporter.validateWeb" . -}}
{{- include "nginx-exporter.validateMonitor" . -}}
{{- include "nginx-exporter.validatePlaces" . -}}
{{- include "nginx-exporter.validateWindows" . -}}
{{- if ne .Values.autoscaling.engine "none" -}}
{{- include "nginx-exporter.validateTarget" . -}}
{{- include "nginx-exporter.validateEngine" . -}}
{{- end -}}
{{- end }}

{{/* Not empty if a value is set, including 0. */}}
{{- define "nginx-exporter.given" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) }}yes{{ end -}}
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

{{- define "nginx-exporter.validateMonitor" -}}
{{- $kind := include "nginx-exporter.monitorKind" . -}}
{{- $tls := .Values.monitor.tlsConfig | default dict -}}
{{- if eq .Values.monitor.scheme "http" -}}
{{- if .Values.web.tls.enabled -}}
{{- fail "monitor.scheme is http, but the exporter serves TLS: unset it, or web.tls.enabled" -}}
{{- else if $tls -}}
{{- fail "monitor.scheme http has no use for monitor.tlsConfig: unset one of them" -}}
{{- end -}}
{{- end -}}
{{- if and (include "nginx-exporter.operator" .) (hasKey $tls "key") -}}
{{- fail (printf "monitor.tlsConfig: %s has keySecret instead of key" $kind) -}}
{{- else if and (eq $kind "PodMonitoring") (hasKey $tls "keySecret") -}}
{{- fail "monitor.tlsConfig: PodMonitoring has key instead of keySecret" -}}
{{- end -}}
{{- range list "caFile" "certFile" "keyFile" -}}
{{- if and (hasKey $tls .) (or (ne $kind "ServiceMonitor") $.Values.monitor.probeTargets) -}}
{{- fail (printf "monitor.tlsConfig.%s needs monitor.kind ServiceMonitor without probeTargets: other monitors read certificates from Secrets and ConfigMaps" .) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $kind "PodMonitoring") (ne (include "nginx-exporter.monitorNamespace" .) (include "nginx-exporter.namespace" .)) -}}
{{- fail "monitor.namespace: PodMonitoring selects only pods of its own namespace" -}}
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

{{- define "nginx-exporter.validatePlaces" -}}
{{- $values := .Values -}}
{{- with regexFind "^/(-|probe|rate)(/|$)" .Values.exporter.telemetryPath -}}
{{- fail (printf "exporter.telemetryPath: %s is reserved by the exporter" $values.exporter.telemetryPath) -}}
{{- end -}}
{{- if include "nginx-exporter.service" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "nginx-exporter.fullname" .)) -}}
{{- fail (printf "%s is not a valid Service name: set fullnameOverride to letters, digits and -, with a letter first" (include "nginx-exporter.fullname" .)) -}}
{{- end -}}
{{- end -}}
{{- range list "namespace" "pod" "container" "job" "instance" "service" "endpoint" -}}
{{- if hasKey ($values.exporter.constLabels | default dict) . -}}
{{- fail (printf "exporter.constLabels: %s is set by Prometheus; it would become exported_%s, or with honorLabels replace the label of the pod" . .) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "deployment" -}}
{{- if not (or .Values.exporter.scrapeURIs (include "nginx-exporter.configMap" .)) -}}
{{- fail "mode deployment has no targets: set exporter.scrapeURIs, config.targets or config.probe.allow" -}}
{{- end -}}
{{- end -}}
{{- if .Values.monitor.probeTargets -}}
{{- if not (or .Values.config.probe.allow .Values.config.existingConfigMap) -}}
{{- fail "monitor.probeTargets needs config.probe.allow: the exporter rejects other targets" -}}
{{- end -}}
{{- if ne .Values.mode "deployment" -}}
{{- fail "monitor.probeTargets needs mode deployment: a sidecar scrapes only its own nginx" -}}
{{- end -}}
{{- end -}}
{{- range list "ingress" "httpRoute" -}}
{{- if and (get $values .).enabled (ne $values.mode "deployment") -}}
{{- fail (printf "%s needs mode deployment: in mode %s each pod has an exporter of its own" . $values.mode) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs" -}}
{{- end -}}
{{- include "nginx-exporter.validateService" .Values -}}
{{- if and .Values.verticalPodAutoscaler.enabled (eq .Values.mode "sidecar") -}}
{{- fail "verticalPodAutoscaler needs mode deployment or daemonset: in mode sidecar the pods are not those of the chart" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (eq .Values.mode "sidecar") (not .Values.networkPolicy.applicationPorts) -}}
{{- fail "networkPolicy in mode sidecar selects your nginx pods: list their ports in networkPolicy.applicationPorts, or the policy would block them" -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and .enabled (eq $values.mode "daemonset") -}}
{{- fail "podDisruptionBudget has no effect in mode daemonset: a drain does not evict pods of a DaemonSet" -}}
{{- end -}}
{{- if and .enabled (include "nginx-exporter.given" .minAvailable) (include "nginx-exporter.given" .maxUnavailable) -}}
{{- fail "podDisruptionBudget: set minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "nginx-exporter.validateSidecar" . -}}
{{- end -}}
{{- if and .Values.mutatingAdmissionPolicy.enabled (ne .Values.mode "sidecar") -}}
{{- fail "mutatingAdmissionPolicy needs mode sidecar" -}}
{{- end -}}
{{- end }}

{{/* The API server rejects these. */}}
{{- define "nginx-exporter.validateService" -}}
{{- $type := ternary .service.type "ClusterIP" (eq .mode "deployment") -}}
{{- range list "nodePort" "externalTrafficPolicy" -}}
{{- if and (get $.service .) (eq $type "ClusterIP") -}}
{{- fail (printf "service.%s needs mode deployment and service.type NodePort or LoadBalancer" .) -}}
{{- end -}}
{{- end -}}
{{- range list "loadBalancerClass" "loadBalancerSourceRanges" -}}
{{- if and (get $.service .) (ne $type "LoadBalancer") -}}
{{- fail (printf "service.%s needs mode deployment and service.type LoadBalancer" .) -}}
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

{{- define "nginx-exporter.validateTarget" -}}
{{- with .Values.autoscaling -}}
{{- if ne $.Values.mode "sidecar" -}}
{{- fail (printf "autoscaling.engine %s needs mode sidecar: in mode %s the series belong to the exporter's pod, not to the pods of nginx" .engine $.Values.mode) -}}
{{- end -}}
{{- if eq (lower .target.kind) "daemonset" -}}
{{- fail "autoscaling.target.kind: a DaemonSet has no scale subresource; use alerts and dashboards per node, or a Deployment" -}}
{{- end -}}
{{- if not .target.name -}}
{{- fail "autoscaling.target.name: set the name of the workload to scale" -}}
{{- end -}}
{{- if and (not .target.apiVersion) (not (has .target.kind (list "Deployment" "StatefulSet" "ReplicaSet"))) -}}
{{- fail (printf "autoscaling.target.kind %s is not in apps/v1: set autoscaling.target.apiVersion" .target.kind) -}}
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
{{- fail (printf "autoscaling.window %s is shorter than four scrape intervals of %s: the rate would be missing at times" $scaling.window .Values.monitor.interval) -}}
{{- end -}}
{{- if eq (include "nginx-exporter.monitorKind" .) "PodMonitoring" -}}
{{- fail (printf "autoscaling.engine %s needs Prometheus, which PodMonitoring does not use" $scaling.engine) -}}
{{- end -}}
{{- end -}}
{{- if eq $scaling.engine "adapter" -}}
{{- $relist := include "nginx-exporter.seconds" $scaling.adapter.relistInterval | float64 -}}
{{- if gt $relist (include "nginx-exporter.seconds" $scaling.adapter.maxAge | float64) -}}
{{- fail "autoscaling.adapter.maxAge is less than relistInterval, which the adapter rejects" -}}
{{- end -}}
{{- include "nginx-exporter.validateRules" $scaling -}}
{{- end -}}
{{- if and (eq $scaling.engine "keda-direct") .Values.web.tls.clientAuth -}}
{{- fail "autoscaling.engine keda-direct does not support client certificates: unset web.tls.clientAuth or use keda-prometheus" -}}
{{- end -}}
{{- if eq $scaling.engine "gke" -}}
{{- include "nginx-exporter.validateGKE" . -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateRules" -}}
{{- $scaling := . -}}
{{- if and .adapter.extraRules (not .adapter.install.enabled) -}}
{{- fail "autoscaling.adapter.extraRules needs autoscaling.adapter.install.enabled: the chart does not configure other adapters" -}}
{{- end -}}
{{- range .adapter.extraRules -}}
{{- if eq ((.name).as | default "") $scaling.metricName -}}
{{- fail (printf "autoscaling.adapter.extraRules: %s is the metric of the chart's rule; one of the two rules would be ignored" $scaling.metricName) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateGKE" -}}
{{- if or .Values.web.tls.enabled .Values.web.basicAuth.enabled .Values.web.existingSecret -}}
{{- fail "autoscaling.engine gke supports only plain HTTP without credentials: unset web.tls and web.basicAuth" -}}
{{- end -}}
{{- if gt (len (include "nginx-exporter.rateWindows" . | fromYamlArray)) 1 -}}
{{- fail "autoscaling.engine gke needs a gauge with one window: unset exporter.rateWindows" -}}
{{- end -}}
{{- range $key, $value := include "nginx-exporter.nginxLabels" . | fromYaml -}}
{{- if not (regexMatch "^[A-Za-z0-9_-]+$" $key) -}}
{{- fail (printf "autoscaling.engine gke: label %s in podSelector.matchLabels has characters that AutoscalingMetric does not support; use letters, digits, - and _" $key) -}}
{{- end -}}
{{- end -}}
{{- end }}
