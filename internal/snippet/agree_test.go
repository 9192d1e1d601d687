package snippet

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/client/accesslog"
)

const repository = "../.."

// chart has the templates of the chart for what snippets contain, too. It implements the functions of Helm that these
// templates need; the others fail.
type chart struct{ templates *template.Template }

func readChart(t *testing.T) chart {
	t.Helper()
	c := chart{template.New("")}
	functions := template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := c.templates.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"ternary": func(yes, no any, which bool) any {
			if which {
				return yes
			}
			return no
		},
		"default": func(standard, given any) any {
			if given == nil || reflect.ValueOf(given).IsZero() {
				return standard
			}
			return given
		},
		"empty":   func(given string) bool { return given == "" },
		"tpl":     func(text string, _ any) string { return text }, // no templates in these values
		"quote":   strconv.Quote,
		"squote":  func(text string) string { return "'" + text + "'" },
		"replace": func(from, to, in string) string { return strings.ReplaceAll(in, from, to) },
		"has": func(what any, in []any) bool {
			for _, one := range in {
				if one == what {
					return true
				}
			}
			return false
		},
		"list": func(all ...any) []any { return all },
		"dict": func(pairs ...any) map[any]any {
			m := map[any]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				m[pairs[i]] = pairs[i+1]
			}
			return m
		},
		"get":          func(m map[any]any, key any) any { return m[key] },
		"regexFind":    func(pattern, in string) string { return regexp.MustCompile(pattern).FindString(in) },
		"regexFindAll": func(pattern, in string, n int) []string { return regexp.MustCompile(pattern).FindAllString(in, n) },
		"float64":      float,
		"int64":        func(n any) (int64, error) { f, err := float(n); return int64(f), err },
		"int":          func(n any) (int, error) { f, err := float(n); return int(f), err },
		"addf":         func(a, b any) (float64, error) { return both(a, b, func(a, b float64) float64 { return a + b }) },
		"mulf":         func(a, b any) (float64, error) { return both(a, b, func(a, b float64) float64 { return a * b }) },
		"ceil":         func(n any) (float64, error) { f, err := float(n); return math.Ceil(f), err },
	}
	for _, name := range []string{
		"append", "concat", "contains", "dir", "first", "floor", "fromYaml", "fromYamlArray", "fail", "join", "kindIs", "lookup", "merge", "nindent", "prepend", "rest", "round",
		"set", "sub", "toString", "toYaml", "trim", "trimSuffix", "trunc", "uniq",
	} {
		functions[name] = func(...any) (any, error) { return nil, errors.New("not implemented in this test") }
	}
	c.templates.Funcs(functions)
	for _, file := range []string{"_names.tpl", "_nginx.tpl", "_autoscaling.tpl", "_adapter.tpl"} {
		if _, err := c.templates.ParseFiles(filepath.Join(repository, "charts/nginx-exporter/templates", file)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.templates.Parse(onRequests); err != nil {
		t.Fatal(err)
	}
	return c
}

// onRequests has the rule and the query for the request rate, one of the chart's metrics.
const onRequests = `
{{- define "nginx-exporter.ruleOnRequests" -}}
{{- $metric := dict "type" "requests" "metric" .Values.autoscaling.metricName "series" (include "nginx-exporter.series" .) -}}
{{- include "nginx-exporter.adapterRule" (dict "root" . "metric" $metric) -}}
{{- end -}}
{{- define "nginx-exporter.queryOnRequests" }}{{ include "nginx-exporter.totalQuery" (list . "requests") }}{{ end -}}
`

func float(of any) (float64, error) { return strconv.ParseFloat(fmt.Sprint(of), 64) }

func both(a, b any, of func(a, b float64) float64) (float64, error) {
	x, err := float(a)
	if err != nil {
		return 0, err
	}
	y, err := float(b)
	return of(x, y), err
}

// render runs a template of the chart on its values and additional ones, as YAML.
func (c chart) render(t *testing.T, name, more string) string {
	t.Helper()
	values := map[string]any{}
	decode(t, read(t, filepath.Join(repository, "charts/nginx-exporter/values.yaml")), &values)
	given := map[string]any{}
	decode(t, more, &given)
	merge(values, given)
	var b strings.Builder
	data := map[string]any{"Values": values, "Release": map[string]any{"Namespace": "shop"}}
	if err := c.templates.ExecuteTemplate(&b, "nginx-exporter."+name, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func merge(into, from map[string]any) {
	for key, value := range from {
		inner, isMap := value.(map[string]any)
		if present, found := into[key].(map[string]any); isMap && found {
			merge(present, inner)
		} else {
			into[key] = value
		}
	}
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// TestServerOfChart compares the status server with that of the chart, byte for byte.
func TestServerOfChart(t *testing.T) {
	c := readChart(t)
	for values, made := range map[string]string{
		"{}":                                         text(t, "nginx", "listen=127.0.0.1:18080"),
		"statusServer: {port: 81, path: /s}":         text(t, "nginx-docker", "listen=127.0.0.1:81", "path=/s"),
		"statusServer: {socket: /run/s.sock}":        text(t, "nginx-unix", "listen=unix:/run/s.sock"),
		"exporter: {plus: true}":                     text(t, "nginx-plus", "listen=127.0.0.1:18080"),
		"exporter: {mode: angie}":                    text(t, "angie", "listen=127.0.0.1:18080"),
		"{exporter: {plus: true}, statusServer: {}}": configMapServer(t, "plus=true"),
		"statusServer: {path: /status}":              configMapServer(t, "path=/status"),
	} {
		want := c.render(t, "statusServer", values)
		if have := made[strings.Index(made, "server {"):]; have != want+"\n" {
			t.Errorf("%s: the chart has\n%s\nthe snippet\n%s", values, want, have)
		}
	}
}

// configMapServer returns the configuration of nginx in the ConfigMap.
func configMapServer(t *testing.T, o ...string) string {
	t.Helper()
	var object struct{ Data map[string]string }
	decode(t, text(t, "kubernetes", o...), &object)
	if len(object.Data) != 1 {
		t.Errorf("the ConfigMap has %d files", len(object.Data))
	}
	return object.Data["nginx-exporter-status.conf"]
}

// TestQueriesOfChart compares the rule of prometheus-adapter and the query of KEDA with those of the chart, for several
// intervals and workloads.
func TestQueriesOfChart(t *testing.T) {
	c := readChart(t)
	for _, interval := range []string{"1s", "1s500ms", "5s", "15s", "1m", "1m30s", "2m7s"} {
		for plus, flags := range map[string]options{"false": nil, "true": {"plus=true"}} {
			o := append(options{"scrape-interval=" + interval}, flags...)
			values := fmt.Sprintf("{monitor: {interval: %s}, exporter: {plus: %s}, autoscaling: {engine: adapter}}", interval, plus)
			var have struct{ Rules []any }
			var want any
			decode(t, text(t, "adapter-rule", o...), &have)
			decode(t, c.render(t, "ruleOnRequests", values), &want)
			if !reflect.DeepEqual(have.Rules, []any{want}) {
				t.Errorf("%s: the chart has %v, the snippet %v", values, want, have.Rules)
			}
			for _, kind := range []string{deployment, statefulSet, replicaSet} {
				values := fmt.Sprintf("{monitor: {interval: %s}, exporter: {plus: %s}, autoscaling: {engine: keda-prometheus, target: {kind: %s, name: a.web}}}", interval, plus, kind)
				have := trigger(t, append(o, "namespace=shop", "workload="+strings.ToLower(kind)+"/a.web")...)
				if want := c.render(t, "queryOnRequests", values); have["query"] != want {
					t.Errorf("%s: the chart has\n%s\nthe snippet\n%s", values, want, have["query"])
				}
			}
		}
	}
}

// trigger returns the metadata of the trigger in the ScaledObject.
func trigger(t *testing.T, o ...string) map[string]string {
	t.Helper()
	var object struct {
		Spec struct {
			Triggers []struct{ Metadata map[string]string }
		}
	}
	decode(t, text(t, "keda", o...), &object)
	if len(object.Spec.Triggers) != 1 {
		t.Fatalf("there are %d triggers", len(object.Spec.Triggers))
	}
	return object.Spec.Triggers[0].Metadata
}

// TestRenderedChart compares the rule of prometheus-adapter and the spec of the ScaledObject with those that Helm has
// rendered in examples/kubernetes.
func TestRenderedChart(t *testing.T) {
	config := find(t, "examples/kubernetes/hpa-adapter/adapter.yaml", "ConfigMap")
	data, _ := config["data"].(map[string]any)
	file, _ := data["config.yaml"].(string)
	var want, have any
	decode(t, file, &want)
	decode(t, text(t, "adapter-rule", "scrape-interval=5s"), &have)
	if want == nil || !reflect.DeepEqual(have, want) {
		t.Errorf("the chart has\n%v\nthe snippet\n%v", want, have)
	}

	spec, _ := find(t, "examples/kubernetes/keda/rendered.yaml", "ScaledObject")["spec"].(map[string]any)
	delete(spec, "advanced") // a value of the example
	var object map[string]any
	decode(t, text(t, "keda", "scrape-interval=5s", "namespace=shop", "requests-per-second=40"), &object)
	if spec == nil || !reflect.DeepEqual(object["spec"], any(spec)) {
		t.Errorf("the chart has\n%v\nthe snippet\n%v", spec, object["spec"])
	}
}

// TestMountOfInject compares the mount of the ConfigMap with that of inject.
func TestMountOfInject(t *testing.T) {
	var want, have map[string]any
	pod := podOf(t, find(t, "examples/kubernetes/web.injected.yaml", "Deployment"))
	decode(t, mount(t, text(t, "kubernetes")), &have)
	want = map[string]any{
		"containers": []any{map[string]any{"name": "nginx", "volumeMounts": container(t, pod, "nginx")["volumeMounts"]}},
		"volumes":    pod["volumes"],
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("inject has\n%v\nthe snippet\n%v", want, have)
	}
}

// find returns the first object of a kind in a file of the repository.
func find(t *testing.T, path, kind string) map[string]any {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, filepath.Join(repository, path))))
	for {
		var object map[string]any
		if err := decoder.Decode(&object); err != nil {
			t.Fatalf("no %s in %s: %v", kind, path, err)
		}
		if object["kind"] == kind {
			return object
		}
	}
}

// podOf returns the pod spec of a workload.
func podOf(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	spec, _ := object["spec"].(map[string]any)
	pods, _ := spec["template"].(map[string]any)
	pod, found := pods["spec"].(map[string]any)
	if !found {
		t.Fatalf("%v has no pod spec", object)
	}
	return pod
}

func container(t *testing.T, pod map[string]any, name string) map[string]any {
	t.Helper()
	containers, _ := pod["containers"].([]any)
	for _, one := range containers {
		if c, _ := one.(map[string]any); c["name"] == name {
			return c
		}
	}
	t.Fatalf("%v has no container %s", pod, name)
	return nil
}

// mount returns what the comment of the snippet adds to pods.
func mount(t *testing.T, made string) string {
	t.Helper()
	_, rest, found := strings.Cut(made, ":\n#\n#   ")
	comment, _, ended := strings.Cut(rest, "\n#\n")
	if !found || !ended {
		t.Fatalf("there is no mount in\n%s", made)
	}
	return strings.ReplaceAll(comment, "\n#   ", "\n")
}

// TestAccessLogFormat compares the log_format with the one that the exporter knows
// by name.
func TestAccessLogFormat(t *testing.T) {
	printed := ""
	for _, part := range regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(text(t, "access-log"), -1) {
		printed += part[1] //nolint:perfsprint // two parts
	}
	for _, p := range accesslog.Presets() {
		if p.Name == accesslog.Own && p.Format != printed {
			t.Errorf("the log_format is %s, the exporter knows %s", printed, p.Format)
		}
	}
}
