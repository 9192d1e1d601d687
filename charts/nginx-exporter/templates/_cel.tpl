{{/*
A Kubernetes object as CEL: a dict of type (Object.spec...) and value. Lists of objects
take the type of their field; quantities are plain maps.
*/}}
{{- define "nginx-exporter.cel" -}}
{{- $type := .type -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
{{- $plain := regexMatch "[.](requests|limits|matchLabels|annotations|labels|volumeAttributes)$" $type -}}
{{- $fields := list -}}
{{- range $key := keys $value | sortAlpha -}}
{{- $field := include "nginx-exporter.cel" (dict "type" (printf "%s.%s" $type $key) "value" (ternary (toString (get $value $key)) (get $value $key) $plain)) -}}
{{- $fields = append $fields (printf "%s: %s" (ternary (toJson $key) $key $plain) $field) -}}
{{- end -}}
{{- printf "%s{%s}" (ternary "" $type $plain) (join ", " $fields) -}}
{{- else if kindIs "slice" $value -}}
{{- $items := list -}}
{{- range $value }}{{ $items = append $items (include "nginx-exporter.cel" (dict "type" $type "value" .)) }}{{ end -}}
{{- printf "[%s]" (join ", " $items) -}}
{{- else if kindIs "bool" $value -}}
{{- $value -}}
{{- else if kindIs "string" $value -}}
{{- toRawJson $value -}}
{{- else -}}
{{- int64 $value -}}
{{- end -}}
{{- end }}
