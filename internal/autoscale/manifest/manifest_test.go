package manifest_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"nginx-exporter/internal/autoscale/manifest"
)

const pods = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1500m}}}
  behavior:
    scaleUp:
      selectPolicy: Min
      tolerance: "0.05"
      policies: [{type: Pods, value: 4, periodSeconds: 60}, {type: Percent, value: 10, periodSeconds: 30}]
    scaleDown: {stabilizationWindowSeconds: 0}
`

const scaled = `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop}
spec:
  maxReplicaCount: 30
  pollingInterval: 10
  triggers:
    - {type: cpu, metricType: Utilization, metadata: {value: "60"}}
    - {type: prometheus, metadata: {threshold: "40", activationThreshold: "2.5"}}
`

// TestRead reads valid manifests and compares them as JSON.
func TestRead(t *testing.T) {
	for name, c := range map[string]struct{ text, metric, want string }{
		"HPA": {pods, "", `{"Name":"shop","Kind":"HorizontalPodAutoscaler","Spec":{"Min":2,"Max":20,"Metrics":[{"Source":"Pods","Name":"rps","Kind":"","Average":true,"Target":1500}],` +
			`"Behavior":{"Up":{"Window":null,"Select":"Min","Policies":[{"Percent":false,"Value":4,"Period":60000000000},{"Percent":true,"Value":10,"Period":30000000000}],"Tolerance":0.05},` +
			`"Down":{"Window":0,"Select":"","Policies":null,"Tolerance":null}}},"KEDA":null,"Ignored":null}`},
		"ScaledObject": {scaled, "", `{"Name":"shop","Kind":"ScaledObject","Spec":{"Min":0,"Max":30,"Metrics":[{"Source":"External","Name":"s1-prometheus","Kind":"","Average":true,"Target":40000}],` +
			`"Behavior":null},"KEDA":{"Polling":10000000000,"Cooldown":300000000000,"Activation":2.5},"Ignored":["the trigger cpu"]}`},
		"among other objects": {"kind: Service\nspec: {metrics: text}\n---\n" + pods + "\n---\nkind: List\nitems: []\n", "rps", `{"Name":"shop"`},
		"in a list":           {"kind: List\nitems:\n- {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 3, metrics: [{type: Object, object: {describedObject: {kind: Ingress}, metric: {name: x}, target: {type: Value, value: 2k}}}]}}\n", "", `{"Name":"a","Kind":"HorizontalPodAutoscaler","Spec":{"Min":1,"Max":3,"Metrics":[{"Source":"Object","Name":"x","Kind":"Ingress","Average":false,"Target":2000000}],"Behavior":null}`},
	} {
		h, err := manifest.Read(strings.NewReader(c.text), c.metric)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := json.Marshal(h)
		if err != nil || !strings.HasPrefix(string(got), c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestReadFails checks the error of manifests that cannot be simulated.
func TestReadFails(t *testing.T) {
	two := strings.Replace(pods, "  behavior:", "    - {type: External, external: {metric: {name: queue}, target: {type: Value, value: 3}}}\n  behavior:", 1)
	for name, c := range map[string]struct{ text, metric, want string }{
		"empty":            {"", "", "it has no HorizontalPodAutoscaler of autoscaling/v2 and no ScaledObject"},
		"another object":   {"kind: Deployment\n", "", "it has no HorizontalPodAutoscaler"},
		"no YAML":          {"a: [\n", "", "it is not valid YAML: line 1: did not find expected node content"},
		"wrong type":       {strings.Replace(pods, "maxReplicas: 20", "maxReplicas: many", 1), "", "it is not a valid manifest: yaml: unmarshal errors: line 7: cannot unmarshal"},
		"old version":      {strings.Replace(pods, "autoscaling/v2", "autoscaling/v1", 1), "", `the HorizontalPodAutoscaler is of "autoscaling/v1": only autoscaling/v2 is read`},
		"two objects":      {pods + "---" + pods, "", "it has 2 HPAs: keep the one to simulate"},
		"two metrics":      {two, "", "it has several metrics (rps, queue): select the one that follows the load with --metric-name"},
		"no such metric":   {two, "cpu", `it has no metric "cpu"`},
		"only CPU":         {strings.Replace(pods, "type: Pods, pods", "type: Resource, resource", 1), "", "it has no metric of type Pods, External or Object"},
		"no target":        {strings.Replace(pods, "averageValue: 1500m", "value: 3", 1), "", "the metric rps of type Pods has no averageValue"},
		"broken target":    {strings.Replace(pods, "1500m", "fifty", 1), "", `the target of the metric rps is "fifty": it is not a quantity`},
		"broken tolerance": {strings.Replace(pods, `"0.05"`, "x", 1), "", `the tolerance of scaleUp is "x": it is not a quantity`},
		"broken policy":    {strings.Replace(pods, "type: Percent", "type: Percentage", 1), "", `a policy of scaleUp has the type "Percentage": it must be Pods or Percent`},
		"broken threshold": {strings.Replace(scaled, `"40"`, `"x"`, 1), "", `the threshold of the trigger prometheus is "x": it is not a quantity`},
		"broken trigger":   {strings.Replace(scaled, `"2.5"`, `"x"`, 1), "", `the activationThreshold is "x", not a number`},
		"too large":        {strings.Repeat("#", 2<<20), "", "the manifest is larger than 1 MiB"},
	} {
		if _, err := manifest.Read(strings.NewReader(c.text), c.metric); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// TestMilli checks quantities as Kubernetes parses them.
func TestMilli(t *testing.T) {
	for text, want := range map[string]int64{
		"50": 50_000, "1500m": 1500, "0.5": 500, ".5": 500, "1.0001": 1001, "1u": 1, "1k": 1_000_000, "1Ki": 1_024_000, "2M": 2e9, "1e3": 1e6, "-1": -1000, "+3": 3000,
		"": math.MinInt64, "m": math.MinInt64, "1 m": math.MinInt64, "1K": math.MinInt64, "1e99": math.MinInt64, "0x10": math.MinInt64, "1/2": math.MinInt64, "9E": math.MinInt64,
	} {
		got, err := manifest.Milli(text)
		if err != nil {
			got = math.MinInt64
		}
		if got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// FuzzRead checks that no manifest ends the program.
func FuzzRead(f *testing.F) {
	f.Add(pods, "")
	f.Add(scaled, "s1-prometheus")
	f.Fuzz(func(t *testing.T, text, metric string) {
		h, err := manifest.Read(strings.NewReader(text), metric)
		if err == nil && len(h.Spec.Metrics) != 1 {
			t.Errorf("%d metrics", len(h.Spec.Metrics))
		}
	})
}
