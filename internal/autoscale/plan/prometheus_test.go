package plan

import (
	"strings"
	"testing"
)

// A Prometheus without prometheus-operator is found by its Service, and scrapes pods by their
// annotations.
func TestPrometheusWithoutOperator(t *testing.T) {
	c := readCluster(t, "keda-alone")
	c.put(map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "prometheus-server", "namespace": "metrics", "labels": map[string]any{"app.kubernetes.io/name": "prometheus"}},
		"spec":     map[string]any{"ports": []any{map[string]any{"port": 80}}},
	})
	p := makePlan(t, c, request(deployment()))
	got := text(t, p)
	for _, want := range []string{
		"  Prometheus   metrics/prometheus-server, without prometheus-operator\n", "KEDA queries http://prometheus-server.metrics.svc:80",
		"! Service metrics/prometheus-server\n      Prometheus needs a scrape job for annotated pods", `prometheus.io/scrape: "true"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	r := request(deployment())
	r.PrometheusName = "metrics/prometheus-server"
	if chosen := text(t, makePlan(t, c, r)); chosen != got {
		t.Errorf("chosen with --prometheus: %s", chosen)
	}
}

// The address of a Prometheus has its scheme and prefix.
func TestPrometheusAddress(t *testing.T) {
	c := readCluster(t, "keda")
	spec, _ := c.objects["/apis/monitoring.coreos.com/v1/namespaces/monitoring/prometheuses/k8s"]["spec"].(map[string]any)
	spec["web"] = map[string]any{"tlsConfig": map[string]any{"cert": map[string]any{}}}
	spec["routePrefix"] = "/prometheus/"
	if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "KEDA queries https://prometheus-operated.monitoring.svc:9090/prometheus and") {
		t.Error(got)
	}
}

// Without an adapter that queries one, the Prometheus is the first by name that selects
// PodMonitors of the namespace.
func TestPrometheusOfNamespace(t *testing.T) {
	for name, spec := range map[string]map[string]any{
		"no PodMonitors":            {"podMonitorNamespaceSelector": map[string]any{}},
		"its own namespace":         {"podMonitorSelector": map[string]any{}},
		"namespaces of other teams": {"podMonitorSelector": map[string]any{}, "podMonitorNamespaceSelector": map[string]any{"matchLabels": map[string]any{"team": "search"}}},
	} {
		c := readCluster(t, "keda")
		c.put(map[string]any{"apiVersion": monitoringAPI, "kind": "Prometheus", "metadata": map[string]any{"name": "a", "namespace": "a"}, "spec": spec})
		if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "monitoring/k8s, ") || !strings.Contains(got, "that selects monitors of namespace shop") {
			t.Errorf("with one that selects %s: %s", name, got)
		}
	}
}
