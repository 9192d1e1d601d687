{{/* prometheus-adapter: its rule, and what is needed to install it. */}}

{{/*
The rule of prometheus-adapter for a metric: a dict of root and metric. A pod may be
scraped by two jobs: `max` by pod and addr counts each series once, then `sum` adds up the
targets of one exporter.
*/}}
{{- define "nginx-exporter.adapterRule" -}}
{{- $metric := .metric -}}
{{- with .root -}}
{{- $more := ternary "" (printf ",%s" .Values.autoscaling.matchers) (empty .Values.autoscaling.matchers) -}}
seriesQuery: {{ printf "%s{namespace!=\"\",pod!=\"\"%s}" $metric.series $more | replace "'" "''" | squote }}
resources:
  overrides:
    namespace:
      resource: namespace
    pod:
      resource: pod
name:
  matches: {{ printf "^%s$" $metric.series | quote }}
  as: {{ $metric.metric | quote }}
{{- $query := printf "sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(<<.Series>>{<<.LabelMatchers>>%s}[%s])))" $more (include "nginx-exporter.window" .) }}
{{- if ne $metric.type "requests" }}
{{- $query = include "nginx-exporter.ratioQuery" (dict "type" $metric.type "by" "<<.GroupBy>>" "matchers" (printf "<<.LabelMatchers>>%s" $more) "window" (include "nginx-exporter.window" .)) }}
{{- end }}
metricsQuery: {{ $query | replace "'" "''" | squote }}
{{- end -}}
{{- end }}

{{/* All rules, as items of a list. */}}
{{- define "nginx-exporter.adapterRules" -}}
{{- range include "nginx-exporter.metrics" . | fromYamlArray }}
- {{ include "nginx-exporter.adapterRule" (dict "root" $ "metric" .) | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* Configuration file of the chart's adapter. */}}
{{- define "nginx-exporter.adapterConfig" -}}
rules:
  {{- include "nginx-exporter.adapterRules" . | trim | nindent 2 }}
  {{- with .Values.autoscaling.adapter.extraRules }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "nginx-exporter.adapter" -}}
{{- include "nginx-exporter.suffixed" (list . "adapter") -}}
{{- end }}

{{- define "nginx-exporter.adapterSelector" -}}
app.kubernetes.io/name: {{ include "nginx-exporter.partName" (list . "adapter") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nginx-exporter.installsAdapter" -}}
{{- if and (eq .Values.autoscaling.engine "adapter") .Values.autoscaling.adapter.install.enabled }}yes{{ end -}}
{{- end }}

{{/* Not empty if the rule is for an adapter that the chart does not install. */}}
{{- define "nginx-exporter.needsAdapter" -}}
{{- if and (eq .Values.autoscaling.engine "adapter") (not .Values.autoscaling.adapter.install.enabled) }}yes{{ end -}}
{{- end }}

{{- define "nginx-exporter.adapterRuleConfigMap" -}}
{{- include "nginx-exporter.suffixed" (list . "adapter-rule") -}}
{{- end }}

{{/* A cluster has one APIService: the last one applied replaces it. */}}
{{- define "nginx-exporter.validateOwner" -}}
{{- if not .Values.autoscaling.adapter.install.takeOver -}}
{{- $found := lookup "apiregistration.k8s.io/v1" "APIService" "" "v1beta1.custom.metrics.k8s.io" -}}
{{- with ($found.spec).service -}}
{{- if not (and (eq .name (include "nginx-exporter.adapter" $)) (eq .namespace (include "nginx-exporter.namespace" $))) -}}
{{- fail (printf "custom.metrics.k8s.io already belongs to %s/%s: add the rule to that adapter and unset autoscaling.adapter.install.enabled, or set autoscaling.adapter.install.takeOver to replace it" .namespace .name) -}}
{{- end -}}
{{- else -}}
{{- if not (lookup "apiregistration.k8s.io/v1" "APIService" "" "v1.apps") -}}
{{- fail "autoscaling.adapter.install.enabled: without a connection to the cluster (helm template, helm lint, --dry-run=client, Argo CD), Helm cannot check whether custom.metrics.k8s.io belongs to another adapter, which this one would replace. Set autoscaling.adapter.install.takeOver if there is no other adapter, or if it should be replaced; with helm install, --dry-run=server checks" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
