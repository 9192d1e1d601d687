package plan

import (
	"encoding/json"
	"strings"
	"testing"
)

// A choice of the engine for clusters that differ in one thing from those of the golden files.
func TestDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		cluster string
		change  func(*fakeCluster)
		engine  string
		why     string
	}{
		"ScaledObject of others":              {"keda", scaledByOthers, EngineKEDA, "ScaledObject shop-web of KEDA scales the workload"},
		"ScaledObject of others on OpenShift": {"openshift-keda", scaledByOthers, EngineDirect, "without a token"},
		"GKE's API elsewhere":                 {"bare", func(c *fakeCluster) { c.groups = append(c.groups, "autoscaling.gke.io") }, "", "nothing here reads metrics"},
		"Google's API without its autoscaler": {"bare", func(c *fakeCluster) { c.groups = append(c.groups, "monitoring.googleapis.com") }, "", "nothing here reads metrics"},
	} {
		c := readCluster(t, tt.cluster)
		tt.change(c)
		if p := makePlan(t, c, request(deployment())); p.Engine != tt.engine || !strings.Contains(p.Why, tt.why) {
			t.Errorf("%s: %s, %s", name, p.Engine, p.Why)
		}
	}
}

func scaledByOthers(c *fakeCluster) {
	c.put(map[string]any{
		"apiVersion": scaledObjectAPI, "kind": "ScaledObject", "metadata": map[string]any{"name": "shop-web", "namespace": "shop"},
		"spec": map[string]any{"scaleTargetRef": map[string]any{"name": "web"}, "triggers": []any{map[string]any{"type": "cron"}}},
	})
}

// A ScaledObject of others stays; the trigger is for its owner.
func TestScaledObjectOfOthers(t *testing.T) {
	c := readCluster(t, "keda")
	scaledByOthers(c)
	p := makePlan(t, c, request(deployment()))
	if got := text(t, p); !strings.Contains(got, "! ScaledObject shop/shop-web") || !strings.Contains(got, "snippet keda") || strings.Contains(got, "+ ScaledObject") {
		t.Error(got)
	}
}

// What an engine lacks is one step, which blocks the others.
func TestEnginesLack(t *testing.T) {
	for engine, tt := range map[string]struct{ cluster, want string }{
		EngineKEDA:    {"keda-alone", "engine keda needs Prometheus, which is not in this cluster"},
		EngineAdapter: {"datadog", "datadog/datadog-cluster-agent-metrics-api owns the custom metrics API: use KEDA"},
	} {
		r := request(deployment())
		r.Engine = engine
		p := makePlan(t, readCluster(t, tt.cluster), r)
		if got := text(t, p); len(p.Blocked()) != 1 || p.Count(Manual) != 1 || !strings.Contains(got, tt.want) || strings.Contains(got, "Scaler shop/") {
			t.Errorf("%s: %s", engine, got)
		}
	}
}

// KEDA without Prometheus and GKE read a gauge, for which an exporter that is there needs an
// argument.
func TestWindowOfPresentExporter(t *testing.T) {
	for args, blocked := range map[string]int{`["--rate.window=15s"]`: 0, `["--rate.window=1m"]`: 1, `[]`: 1} {
		c := readCluster(t, "exporter")
		c.groups = append(c.groups, "keda.sh")
		pods, _ := field(c.objects["/apis/apps/v1/namespaces/shop/deployments/web"], "spec", "template", "spec").(map[string]any)
		containers, _ := pods["containers"].([]any)
		exporter, _ := containers[1].(map[string]any)
		var list []any
		if err := json.Unmarshal([]byte(args), &list); err != nil {
			t.Fatal(err)
		}
		exporter["args"] = list
		r := request(deployment())
		r.Engine = EngineDirect
		p := makePlan(t, c, r)
		if got := text(t, p); len(p.Blocked()) != blocked || strings.Contains(got, "container exporter needs the argument --rate.window=15s") != (blocked > 0) {
			t.Errorf("%s: %s", args, got)
		}
	}
}

// What cannot be read is said, and nothing can be applied.
func TestUnreadableObjects(t *testing.T) {
	for _, path := range []string{
		"/api/v1/namespaces/shop/configmaps/web-deployment-nginx-exporter-status",
		"/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web-nginx-exporter",
	} {
		c := readCluster(t, "adapter")
		c.failing[path] = "Error from server (InternalError): etcd has no leader"
		p := makePlan(t, c, request(deployment()))
		if got := text(t, p); len(p.Blocked()) != 1 || !strings.Contains(got, "etcd has no leader") {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// A choice that the adapter does not share can be met by KEDA; an adapter that queries
// something else, such as Thanos, may know all of them.
func TestAdapterOfAnotherPrometheus(t *testing.T) {
	r := request(deployment())
	r.PrometheusName, r.Engine = "apps-monitoring/apps", EngineAdapter
	c := readCluster(t, "two-prometheus")
	c.groups = append(c.groups, "keda.sh")
	if p := makePlan(t, c, r); len(p.Blocked()) != 1 || !strings.Contains(text(t, p), "or KEDA with --engine=keda") {
		t.Error(text(t, p))
	}
	adapter := c.objects["/apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter"]
	b, err := json.Marshal(adapter)
	if err != nil {
		t.Fatal(err)
	}
	var changed map[string]any
	if err := json.Unmarshal([]byte(strings.Replace(string(b), "prometheus-operated.monitoring.svc:9090", "thanos.thanos.svc:9090", 1)), &changed); err != nil {
		t.Fatal(err)
	}
	c.put(changed)
	if p := makePlan(t, c, r); len(p.Blocked()) > 0 {
		t.Error(text(t, p))
	}
}
