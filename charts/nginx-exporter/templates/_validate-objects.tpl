{{/* Monitors, and objects about access and policies. */}}

{{- define "nginx-exporter.validateMonitor" -}}
{{- $kind := include "nginx-exporter.monitorKind" . -}}
{{- $tls := .Values.monitor.tlsConfig | default dict -}}
{{- if eq .Values.monitor.scheme "http" -}}
{{- if .Values.web.tls.enabled -}}
{{- fail "monitor.scheme is http, but the exporter serves TLS: unset it, or web.tls.enabled" -}}
{{- else if $tls -}}
{{- fail "monitor.tlsConfig has no effect with monitor.scheme http: unset one of them" -}}
{{- end -}}
{{- end -}}
{{- if and (include "nginx-exporter.operator" .) (hasKey $tls "key") -}}
{{- fail (printf "monitor.tlsConfig: %s has keySecret instead of key" $kind) -}}
{{- else if and (eq $kind "PodMonitoring") (hasKey $tls "keySecret") -}}
{{- fail "monitor.tlsConfig: PodMonitoring has key instead of keySecret" -}}
{{- end -}}
{{- range list "caFile" "certFile" "keyFile" -}}
{{- if and (hasKey $tls .) (or (not (has $kind (list "ServiceMonitor" "none"))) $.Values.monitor.probeTargets) -}}
{{- fail (printf "monitor.tlsConfig.%s needs monitor.kind ServiceMonitor without probeTargets: other monitors read certificates from Secrets and ConfigMaps" .) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $kind "PodMonitoring") (ne (include "nginx-exporter.monitorNamespace" .) (include "nginx-exporter.namespace" .)) -}}
{{- fail "monitor.namespace: PodMonitoring selects only pods of its own namespace" -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateProbes" -}}
{{- if .Values.monitor.probeTargets -}}
{{- if not (or .Values.config.probe.allow .Values.config.existingConfigMap) -}}
{{- fail "monitor.probeTargets needs config.probe.allow: the exporter rejects other targets" -}}
{{- end -}}
{{- if ne .Values.mode "deployment" -}}
{{- fail "monitor.probeTargets needs mode deployment: a sidecar scrapes only its own nginx" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The API server rejects these. */}}
{{- define "nginx-exporter.validateService" -}}
{{- if include "nginx-exporter.service" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "nginx-exporter.fullname" .)) -}}
{{- fail (printf "%s is not a valid Service name: set fullnameOverride to letters, digits and -, with a letter first" (include "nginx-exporter.fullname" .)) -}}
{{- end -}}
{{- end -}}
{{- $type := ternary .Values.service.type "ClusterIP" (eq .Values.mode "deployment") -}}
{{- range list "nodePort" "externalTrafficPolicy" -}}
{{- if and (get $.Values.service .) (eq $type "ClusterIP") -}}
{{- fail (printf "service.%s needs mode deployment and service.type NodePort or LoadBalancer" .) -}}
{{- end -}}
{{- end -}}
{{- range list "loadBalancerClass" "loadBalancerSourceRanges" -}}
{{- if and (get $.Values.service .) (ne $type "LoadBalancer") -}}
{{- fail (printf "service.%s needs mode deployment and service.type LoadBalancer" .) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validateRoutes" -}}
{{- range list "ingress" "httpRoute" -}}
{{- if and (get $.Values .).enabled (ne $.Values.mode "deployment") -}}
{{- fail (printf "%s needs mode deployment: in mode %s each pod has an exporter of its own" . $.Values.mode) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs ingress.hosts" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs" -}}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.validatePolicies" -}}
{{- if and .Values.verticalPodAutoscaler.enabled (eq .Values.mode "sidecar") -}}
{{- fail "verticalPodAutoscaler needs mode deployment or daemonset: in mode sidecar the pods are not those of the chart" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (eq .Values.mode "sidecar") (not .Values.networkPolicy.applicationPorts) -}}
{{- fail "networkPolicy in mode sidecar selects your nginx pods: list their ports in networkPolicy.applicationPorts, or the policy would block them" -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and .enabled (eq $.Values.mode "daemonset") -}}
{{- fail "podDisruptionBudget has no effect in mode daemonset: a drain does not evict pods of a DaemonSet" -}}
{{- end -}}
{{- if and .enabled (include "nginx-exporter.given" .minAvailable) (include "nginx-exporter.given" .maxUnavailable) -}}
{{- fail "podDisruptionBudget: set minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Not empty if a value is set, including 0. */}}
{{- define "nginx-exporter.given" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) }}yes{{ end -}}
{{- end }}
