package plan

import (
	"strings"
	"testing"

	"nginx-exporter/internal/doctor/cluster"
)

const rulesPath = "/api/v1/namespaces/monitoring/configmaps/adapter-config"

// rulesText is a file of rules with one rule for a series, which makes a metric.
func rulesText(series, metric, query string) string {
	return "rules:\n  - seriesQuery: '" + series + "{namespace!=\"\",pod!=\"\"}'\n    resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}\n" +
		"    name: {as: " + metric + "}\n    metricsQuery: " + query + "\n"
}

func setRules(c *fakeCluster, text string) {
	c.objects[rulesPath]["data"] = map[string]any{"config.yaml": text}
}

// A metric of our name from other series is left alone: ours gets another name.
func TestRuleOfOurNameFromOtherSeries(t *testing.T) {
	c := readCluster(t, "adapter")
	setRules(c, rulesText("other_total", metricName, "sum(rate(other_total[2m])) by (<<.GroupBy>>)"))
	p := makePlan(t, c, request(deployment()))
	if got := text(t, p); !strings.Contains(got, `as: "`+otherName+`"`) {
		t.Error(got)
	}
	apply(t, c, p, false)
	o := c.observe(deployment())
	if h := o.Scaler.Value().HPA; h == nil || h.Spec.Metrics[0].String() != cluster.PodsMetric+" "+otherName {
		t.Errorf("%+v", h)
	}
	if again := makePlan(t, c, request(deployment())); again.Count(Add, Change) > 0 {
		t.Error(text(t, again))
	}
}

// A rule that serves the metric already is used, and Prometheus scrapes four times in its
// window.
func TestRuleThatServes(t *testing.T) {
	for query, interval := range map[string]string{
		"sum(rate(nginx_http_requests_total[20s])) by (<<.GroupBy>>)": "5s",
		"sum(rate(nginx_http_requests_total[10m])) by (<<.GroupBy>>)": "15s",
		"sum(nginx_http_requests_total) by (<<.GroupBy>>)":            "15s",
	} {
		c := readCluster(t, "adapter")
		setRules(c, rulesText(counter, metricName, query))
		got := text(t, makePlan(t, c, request(deployment())))
		if !strings.Contains(got, "= ConfigMap monitoring/adapter-config") || !strings.Contains(got, "scrapes the exporters every "+interval) {
			t.Errorf("%s: want %s\n%s", query, interval, got)
		}
		if !strings.Contains(got, "serves the metric already") {
			t.Errorf("%s\n%s", query, got)
		}
	}
}

// What cannot be changed here is for its owner, with the rule.
func TestRulesOfOthers(t *testing.T) {
	const flux = "kustomize.toolkit.fluxcd.io/"
	for name, tt := range map[string]struct {
		change func(*fakeCluster)
		want   string
	}{
		"Flux": {func(c *fakeCluster) {
			metadata, _ := c.objects[rulesPath]["metadata"].(map[string]any)
			metadata["labels"] = map[string]any{flux + "name": "adapter", flux + "namespace": "flux-system"}
		}, "add this rule in the repository of Flux flux-system/adapter"},
		"in flow style": {func(c *fakeCluster) { setRules(c, "{rules: []}\n") }, "add this rule to the list: "},
	} {
		c := readCluster(t, "adapter")
		tt.change(c)
		p := makePlan(t, c, request(deployment()))
		got := text(t, p)
		if !strings.Contains(got, "! ConfigMap monitoring/adapter-config\n      "+tt.want) || !strings.Contains(got, "        - seriesQuery: 'nginx_http_requests_total") {
			t.Errorf("%s: %s", name, got)
		}
		if len(p.Blocked()) > 0 || p.Count(Manual) != 1 {
			t.Errorf("%s blocks the rest: %s", name, got)
		}
	}
}

// With KEDA beside an adapter that others own, KEDA needs no other team.
func TestAdapterOfOthersAndKEDA(t *testing.T) {
	c := readCluster(t, "keda")
	for path, object := range readCluster(t, "helm").objects {
		if _, found := c.objects[path]; !found {
			c.objects[path] = object
		}
	}
	c.groups = append(c.groups, "custom.metrics.k8s.io")
	p := makePlan(t, c, request(deployment()))
	if p.Engine != EngineKEDA || !strings.Contains(p.Why, "would have to add a rule") {
		t.Errorf("%s: %s", p.Engine, p.Why)
	}
}

// An adapter of ours in another namespace is used from there.
func TestOwnAdapterElsewhere(t *testing.T) {
	c := readCluster(t, "operator")
	apply(t, c, makePlan(t, c, request(deployment())), false)
	second, _ := clone(c.objects["/apis/apps/v1/namespaces/shop/deployments/web"]).(map[string]any)
	strip(second)
	metadata, _ := second["metadata"].(map[string]any)
	metadata["namespace"] = "other"
	c.put(second)
	o := cluster.New(t.Context(), cluster.Options{Namespace: "other", Workload: deployment(), Run: c.run, Write: c.write})
	p, err := New(o, request(deployment()))
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, p); !strings.Contains(got, "= Deployment shop/nginx-exporter-adapter") || strings.Contains(got, "other/nginx-exporter-adapter") {
		t.Error(got)
	}
}

// External metrics of others are named.
func TestExternalMetricsOfOthers(t *testing.T) {
	c := readCluster(t, "adapter")
	c.groups = append(c.groups, "external.metrics.k8s.io")
	c.put(map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": "v1beta1.external.metrics.k8s.io"},
		"spec": map[string]any{"service": map[string]any{"name": "datadog-cluster-agent", "namespace": "datadog"}},
	})
	if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "; external metrics by datadog/datadog-cluster-agent\n") {
		t.Error(got)
	}
}
