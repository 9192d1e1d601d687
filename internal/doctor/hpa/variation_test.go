package hpa

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

type object = map[string]any

// variation changes the cluster in a way that does not change what is broken.
type variation struct {
	name   string
	path   string // pattern of the requests whose responses change
	edit   func(object)
	unless string        // pattern of codes whose conversations it would change
	hides  bool          // it hides causes
	also   []doctor.Code // which may be found instead
}

// each edits the items of a list, or the object itself.
func each(edit func(object)) func(object) {
	return func(o object) {
		all, isList := o["items"].([]any)
		if !isList {
			edit(o)
			return
		}
		for _, item := range all {
			edit(item.(object))
		}
	}
}

// at is the object at a path of keys; a new one if there is none.
func at(o object, keys ...string) object {
	for _, key := range keys {
		next, found := o[key].(object)
		if !found {
			next = object{}
			o[key] = next
		}
		o = next
	}
	return o
}

func parse(text string) (value object) {
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

// add appends to a list of an object.
func add(o object, key string, values ...any) {
	list, _ := o[key].([]any)
	o[key] = append(list, values...)
}

// extend adds fields that no version has yet. Objects of only texts may be labels, which are
// not fields.
func extend(value any) {
	switch v := value.(type) {
	case object:
		fields := false
		for _, field := range v {
			_, isText := field.(string)
			fields = fields || !isText
			extend(field)
		}
		if fields {
			v["futureField"] = object{"enabled": true}
		}
	case []any:
		for _, item := range v {
			extend(item)
		}
	}
}

// conditions edits the conditions of an object.
func conditions(edit func(condition object)) func(object) {
	return each(func(o object) {
		all, _ := at(o, "status")["conditions"].([]any)
		for _, c := range all {
			edit(c.(object))
		}
	})
}

// withMetric adds a metric to the HPAs, first or last, with a value.
func withMetric(spec, status string, first bool) func(object) {
	return each(func(h object) {
		current, read := at(h, "status")["currentMetrics"].([]any)
		all, _ := at(h, "spec")["metrics"].([]any)
		more, value := []any{parse(spec)}, []any{parse(status)}
		if first {
			at(h, "spec")["metrics"], current = append(more, all...), append(value, current...)
		} else {
			at(h, "spec")["metrics"], current = append(all, more...), append(current, value...)
		}
		if read {
			at(h, "status")["currentMetrics"] = current
		}
	})
}

// Requests for objects of Kubernetes, and for HPAs.
const (
	objects = `^/apis/|^/api/v1/namespaces/[^/]+/[a-z]+(\?|/[^/]+$)`
	hpas    = `/horizontalpodautoscalers$`
)

func harmless() []variation {
	const (
		cpu       = `{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}`
		cpuValue  = `{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 4, "averageValue": "4m"}}}`
		part      = `{"type": "ContainerResource", "containerResource": {"name": "memory", "container": "nginx", "target": {"type": "AverageValue", "averageValue": "200Mi"}}}`
		partValue = `{"type": "ContainerResource", "containerResource": {"name": "memory", "container": "nginx", "current": {"averageValue": "9437184"}}}`
		queue     = `{"type": "External", "external": {"metric": {"name": "queue_length"}, "target": {"type": "AverageValue", "averageValue": "30"}}}`
		qValue    = `{"type": "External", "external": {"metric": {"name": "queue_length"}, "current": {"averageValue": "0"}}}`
		foreign   = `{"metadata": {"name": "api", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api", "apiVersion": "apps/v1"}, "maxReplicas": 9, "metrics": []}, "status": {"currentMetrics": null}}`
		mesh      = `{"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.27.1", "args": ["proxy", "sidecar"], "ports": [{"containerPort": 15090, "name": "http-envoy-prom"}]}`
		stranger  = `{"metadata": {"name": "kafka", "namespace": "queue", "labels": {"release": "other"}}, "spec": {"selector": {"matchLabels": {"app": "kafka"}}, "podMetricsEndpoints": [{"port": "metrics"}], "endpoints": [{"port": "metrics"}]}}`
		pods      = `/pods\?labelSelector=app%3Dweb`
	)
	others := `hpa-metric-failing|hpa-resource-requests|metrics-server|hpa-metric-holds|hpa-other-metric`
	return []variation{
		{name: "fields of later versions", path: objects, edit: func(o object) { extend(o) }},
		{name: "no managed fields", path: objects, edit: each(func(o object) { delete(at(o, "metadata"), "managedFields") }), unless: "hpa-replicas-reset|rule-stale"},
		{name: "CPU besides", path: hpas, edit: withMetric(cpu, cpuValue, false), unless: others},
		{name: "CPU before", path: hpas, edit: withMetric(cpu, cpuValue, true), unless: others},
		{name: "memory of a container", path: hpas, edit: withMetric(part, partValue, true), unless: others},
		{name: "another external metric", path: hpas, edit: withMetric(queue, qValue, false), unless: others},
		{name: "another HPA", path: hpas, edit: func(o object) { add(o, "items", parse(foreign)) }, unless: "hpa-missing"},
		{name: "conditions in another order", path: objects, edit: each(func(o object) {
			if all, found := at(o, "status")["conditions"].([]any); found {
				slices.Reverse(all)
			}
		})},
		{name: "messages of another version", path: hpas, edit: conditions(func(c object) {
			c["message"] = strings.NewReplacer("the HPA was unable", "the HPA controller could not", "was able to successfully calculate", "has", "controlled by more than one HPA (e.g.", "controlled by multiple HPAs: (").Replace(c["message"].(string))
		})},
		{name: "a service mesh", path: pods, edit: each(func(p object) { add(at(p, "spec"), "containers", parse(mesh)) }), unless: "exporter-missing|metrics-server"},
		{name: "pods without owner", path: pods, edit: each(func(p object) { delete(at(p, "metadata"), "ownerReferences") }), unless: "pods-of-others"},
		{name: "a second owner", path: pods, edit: each(func(p object) {
			add(at(p, "metadata"), "ownerReferences", parse(`{"apiVersion": "example.com/v1", "kind": "Batch", "name": "night", "uid": "7"}`))
		})},
		{name: "labels and annotations of Argo CD", path: hpas + "|/deployments/web$", edit: each(func(o object) {
			at(o, "metadata", "labels")["app.kubernetes.io/instance"] = "shop"
			at(o, "metadata", "annotations")["argocd.argoproj.io/tracking-id"] = "shop:apps/Deployment:shop/web"
		})},
		{name: "monitors of others", path: `/(pod|service)monitors$`, edit: func(o object) { add(o, "items", parse(stranger)) }},
		{name: "targets of others", path: `^/api/v1/targets\?state=active`, edit: func(o object) {
			add(at(o, "data"), "activeTargets", parse(`{"scrapeUrl": "http://10.9.9.9:9113/metrics", "health": "down", "scrapePool": "kafka", "scrapeInterval": "15s", "labels": {"namespace": "queue", "pod": "kafka-0"}, "discoveredLabels": {}}`))
		}},
		{name: "metrics of others", path: `custom.metrics.k8s.io/v1beta1$`, edit: func(o object) { add(o, "resources", parse(`{"name": "pods/kafka_lag"}`)) }},
		{name: "rules of others", path: `/configmaps/shop-nginx-exporter-adapter$`, edit: func(o object) {
			data := at(o, "data")
			data["config.yaml"] = strings.Replace(data["config.yaml"].(string), "rules:\n", "externalRules: []\nrules:\n", 1)
		}, unless: "rule-file"},
	}
}

// hiding are variations that may hide a cause. It must not become another one.
func hiding() []variation {
	const available = `/apiservices/`
	unreachable := []doctor.Code{"adapter-unreachable"}
	return []variation{
		{hides: true, name: "no status of APIServices", path: available, edit: each(func(o object) { delete(o, "status") }), also: unreachable},
		{hides: true, name: "a status of APIServices that lags", path: available, edit: conditions(func(c object) { c["status"], c["reason"], c["message"] = "True", "Passed", "all checks passed" }), also: unreachable},
		{hides: true, name: "a status of APIServices that was worse", path: available, edit: conditions(func(c object) {
			c["status"], c["reason"], c["message"] = "False", "FailedDiscoveryCheck", "failing or missing response from https://10.96.1.2:443/apis: Get: context deadline exceeded"
		}), also: unreachable},
		{hides: true, name: "no status of the HPA", path: hpas, edit: each(func(o object) { delete(o, "status") })},
		{hides: true, name: "a status of the HPA from before", path: hpas, edit: conditions(func(c object) {
			if c["type"] == "ScalingActive" {
				c["status"], c["reason"], c["message"] = "False", "FailedGetPodsMetric", "the HPA was unable to compute the replica count: no metrics returned from custom metrics API"
			}
		})},
		{hides: true, name: "a status of the HPA that is too good", path: hpas, edit: conditions(func(c object) { c["status"], c["reason"], c["message"] = "True", "ValidMetricFound", "" }), also: []doctor.Code{"platform-unsupported"}},
		{hides: true, name: "conditions with other names", path: hpas, edit: conditions(func(c object) { c["type"] = "Observed" + c["type"].(string) })},
		{hides: true, name: "no logs", path: `/log\?`, edit: func(object) {}},
	}
}

// vary applies a variation to the responses of a conversation; nil if it changes none.
func vary(c *conversation, v *variation) map[string]record {
	pattern, changed := regexp.MustCompile(v.path), map[string]record{}
	apply := func(path, text string) (string, bool) {
		var o object
		if !pattern.MatchString(path) || json.Unmarshal([]byte(text), &o) != nil {
			return "", false
		}
		v.edit(o)
		out, err := json.Marshal(o)
		return string(out), err == nil
	}
	for key, r := range c.kubectl {
		if text, done := apply(strings.TrimPrefix(key, "get --raw "), r.Stdout); done {
			changed[key] = record{kubectlResponse: kubectlResponse{Stdout: text}}
		}
	}
	for path, r := range c.proms {
		if text, done := apply(path, r.Body); done {
			changed[path] = record{promResponse: promResponse{r.Status, text}}
		}
	}
	return changed
}

// What does not matter changes neither verdicts nor codes; in particular, an installation
// that works stays in order. What hides a cause must not make it another one.
func TestVariations(t *testing.T) {
	all := slices.Concat(harmless(), hiding())
	count, some := 0, newSample()
	for _, file := range conversations(t) {
		c := load(t, file)
		whole, _ := replayWith(t, c, nil)
		for _, v := range all {
			changed := vary(c, &v)
			skipped := v.unless != "" && regexp.MustCompile(v.unless).MatchString(string(c.Want))
			if len(changed) == 0 || skipped || whole.Verdict() != doctor.Healthy && !some.has(c.Fault, v.name) {
				continue
			}
			count++
			report, _ := replayWith(t, c, changed)
			v.check(t, c, whole, report)
		}
	}
	t.Logf("%d variations", count)
}

func (v *variation) check(t *testing.T, c *conversation, whole, report *doctor.Report) {
	t.Helper()
	codes := slices.Concat(whole.Codes(), v.also, notObserved())
	for _, code := range report.Codes() {
		if !slices.Contains(codes, code) {
			t.Errorf("%s: %s: %s, which is not one of %v", c.Fault, v.name, code, codes)
		}
	}
	if same := slices.Equal(report.Codes(), whole.Codes()) && report.Verdict() == whole.Verdict(); !same && !v.hides {
		t.Errorf("%s: %s: %v, %s; want %v, %s\n%s", c.Fault, v.name, report.Codes(), report.Verdict(), whole.Codes(), whole.Verdict(), reportText(report))
	}
}
