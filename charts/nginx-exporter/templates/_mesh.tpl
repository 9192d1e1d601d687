{{/* What the values and the cluster show of a service mesh. */}}

{{/*
Istio or Linkerd, if it may add its proxy to pods with the exporter: by their labels and
annotations, or because the cluster has its API; empty if there is none.
*/}}
{{- define "nginx-exporter.mesh" -}}
{{- $metadata := include "nginx-exporter.podMetadata" . | fromYaml -}}
{{- $apis := .Capabilities.APIVersions -}}
{{- $istio := get $metadata "sidecar.istio.io/inject" | default (ternary "api" "" ($apis.Has "security.istio.io/v1")) -}}
{{- $linkerd := get $metadata "linkerd.io/inject" | default (ternary "api" "" ($apis.Has "policy.linkerd.io/v1beta3")) -}}
{{- if and (ne $istio "false") (or $istio (hasKey $metadata "istio.io/rev")) -}}
Istio
{{- else if and $linkerd (ne $linkerd "disabled") -}}
Linkerd
{{- end -}}
{{- end }}

{{/* Labels and annotations of these pods, as far as the values have them. */}}
{{- define "nginx-exporter.podMetadata" -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "nginx-exporter.nginxLabels" . -}}
{{- else -}}
{{- merge (dict) (.Values.pod.annotations | default dict) (.Values.pod.labels | default dict) (.Values.commonAnnotations | default dict) (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}
{{- end }}

{{/* What to do in that mesh. */}}
{{- define "nginx-exporter.meshNotes" -}}
{{- $mesh := include "nginx-exporter.mesh" . -}}
{{- $exclude := ternary "traffic.sidecar.istio.io/excludeInboundPorts" "config.linkerd.io/skip-inbound-ports" (eq $mesh "Istio") -}}
{{- $known := include "nginx-exporter.podMetadata" . | fromYaml -}}
{{- if and (eq $mesh "Istio") (eq .Values.mode "sidecar") .Values.sidecar.native }}

Warning: if Istio adds its proxy to these pods as an ordinary container (before Istio 1.27, or with nodes before Kubernetes 1.33),
   they do not start. Set sidecar.native=false, or annotate the pods with sidecar.istio.io/nativeSidecar: "true".
{{- end }}
{{- if and $mesh (not (hasKey $known $exclude)) (eq (include "nginx-exporter.monitorScheme" .) "http") }}

If {{ $mesh }} accepts only mTLS, a Prometheus outside of the mesh cannot scrape these pods: annotate them with
   {{ $exclude }}: "{{ .Values.exporter.port }}"
   {{- if eq $mesh "Istio" }}, or set monitor.tlsConfig or monitor.scrapeClass{{ end }} (docs/mesh.md in the sources of nginx-exporter).
{{- end }}
{{- end }}
