{{/* Names, labels and images. */}}

{{- define "nginx-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of a part (also a label, so at most 63 characters): list ROOT PART. */}}
{{- define "nginx-exporter.partName" -}}
{{- $part := index . 1 -}}
{{- printf "%s-%s" (include "nginx-exporter.name" (index . 0) | trunc (sub 62 (len $part) | int) | trimSuffix "-") $part -}}
{{- end }}

{{- define "nginx-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Name with a suffix, at most 63 characters: list ROOT SUFFIX. */}}
{{- define "nginx-exporter.suffixed" -}}
{{- $suffix := index . 1 -}}
{{- $room := sub 62 (len $suffix) | int -}}
{{- printf "%s-%s" (include "nginx-exporter.fullname" (index . 0) | trunc $room | trimSuffix "-") $suffix -}}
{{- end }}

{{/* Namespace of the nginx pods and of all objects that have none of their own. */}}
{{- define "nginx-exporter.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end }}

{{/* Selectors are immutable: only labels that never change. */}}
{{- define "nginx-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "nginx-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of an object: list ROOT LABELS... They take precedence over commonLabels. */}}
{{- define "nginx-exporter.labels" -}}
{{- $root := index . 0 -}}
{{- $labels := dict "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" ($root.Chart.AppVersion | toString) -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $labels = merge $labels (include "nginx-exporter.selectorLabels" $root | fromYaml) -}}
{{- range rest . }}{{ $labels = merge $labels . }}{{ end -}}
{{- merge $labels ($root.Values.commonLabels | default dict) | toYaml -}}
{{- end }}

{{/* Annotations of an object: list ROOT ANNOTATIONS... */}}
{{- define "nginx-exporter.annotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := dict -}}
{{- range rest . }}{{ $annotations = merge $annotations . }}{{ end -}}
{{- $annotations = merge $annotations ($root.Values.commonAnnotations | default dict) -}}
{{- if $annotations }}{{ toYaml $annotations }}{{ end -}}
{{- end }}

{{/*
Metadata of an object: a dict of root and name, optionally namespace, labels and
annotations. A part (adapter, test) has a name of its own, so that selectors of the
exporter do not match it.
*/}}
{{- define "nginx-exporter.metadata" -}}
name: {{ .name }}
{{- if ne .namespace "" }}
namespace: {{ .namespace | default (include "nginx-exporter.namespace" .root) }}
{{- end }}
labels:
  {{- $labels := include "nginx-exporter.labels" (list .root (.labels | default dict)) | fromYaml }}
  {{- with .part }}
  {{- $_ := set $labels "app.kubernetes.io/name" (include "nginx-exporter.partName" (list $.root .)) }}
  {{- end }}
  {{- toYaml $labels | nindent 2 }}
{{- with include "nginx-exporter.annotations" (list .root (.annotations | default dict)) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
A value as YAML: list ROOT VALUE. Templates in it are rendered, so that values can have
names of the release, which a chart that depends on this one does not know.
*/}}
{{- define "nginx-exporter.rendered" -}}
{{- tpl (index . 1 | toYaml) (index . 0) -}}
{{- end }}

{{/* An image: a dict of root, image, and tag as the default. */}}
{{- define "nginx-exporter.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .image.registry -}}
{{- $name := .image.repository -}}
{{- if $registry }}{{ $name = printf "%s/%s" (trimSuffix "/" $registry) $name }}{{ end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default .tag | toString) -}}
{{- end -}}
{{- end }}

{{/* Pull secrets of a pod, global ones first: list ROOT IMAGE..., with images in addition to the exporter's. */}}
{{- define "nginx-exporter.pullSecrets" -}}
{{- $root := first . -}}
{{- $names := $root.Values.global.imagePullSecrets | default list -}}
{{- range prepend (rest .) $root.Values.image -}}
{{- $names = concat $names (.pullSecrets | default list) -}}
{{- end -}}
{{- $secrets := list -}}
{{- range $names -}}
{{- $secrets = append $secrets (kindIs "map" . | ternary . (dict "name" .)) -}}
{{- end -}}
{{- with $secrets | uniq -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{- define "nginx-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "nginx-exporter.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* Labels of the nginx pods. A default in values.yaml would be merged with the user's. */}}
{{- define "nginx-exporter.nginxLabels" -}}
{{- $labels := (.Values.podSelector).matchLabels | default (dict "app.kubernetes.io/name" "nginx") -}}
{{- include "nginx-exporter.rendered" (list . $labels) -}}
{{- end }}

{{/* Labels of the pods with an exporter: nginx pods or exporter pods. */}}
{{- define "nginx-exporter.podLabels" -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "nginx-exporter.nginxLabels" . -}}
{{- else -}}
{{- include "nginx-exporter.selectorLabels" . -}}
{{- end -}}
{{- end }}

{{/* The same as a label selector, such as for kubectl. */}}
{{- define "nginx-exporter.podSelector" -}}
{{- $labels := list -}}
{{- range $key, $value := include "nginx-exporter.podLabels" . | fromYaml }}{{ $labels = append $labels (printf "%s=%s" $key $value) }}{{ end -}}
{{- join "," $labels -}}
{{- end }}
