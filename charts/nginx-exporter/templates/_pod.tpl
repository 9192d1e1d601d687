{{/* The pod of the modes deployment and daemonset. */}}
{{- define "nginx-exporter.pod" -}}
metadata:
  labels:
    {{- $labels := include "nginx-exporter.selectorLabels" . | fromYaml }}
    {{- toYaml (merge $labels (.Values.pod.labels | default dict) (.Values.commonLabels | default dict)) | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: nginx-exporter
    {{- with merge (dict) (.Values.pod.annotations | default dict) (.Values.commonAnnotations | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "nginx-exporter.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "nginx-exporter.pullSecrets" (list .) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if .Values.pod.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with .Values.pod.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" .Values.pod.hostNetwork) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.pod.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.pod.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.pod.terminationGracePeriodSeconds }}
  {{- with .Values.pod.securityContext }}
  securityContext:
    {{- include "nginx-exporter.securityContext" (list $ .) | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - {{ include "nginx-exporter.container" . | nindent 6 | trim }}
    {{- with .Values.pod.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "nginx-exporter.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.pod.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $selector := dict "labelSelector" (dict "matchLabels" (include "nginx-exporter.selectorLabels" $ | fromYaml)) }}
    - {{ toYaml (merge (deepCopy .) $selector) | nindent 6 | trim }}
    {{- end }}
  {{- end }}
{{- end }}
