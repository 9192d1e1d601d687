package plan

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor/cluster"
)

func apply(tb testing.TB, c *fakeCluster, p *Plan, dryRun bool) {
	tb.Helper()
	reported := 0
	if err := p.Apply(c.observe(deployment()), dryRun, func(*Step) { reported++ }); err != nil {
		tb.Fatal(err)
	}
	if want := p.Count(Add, Change, Remove); reported != want {
		tb.Errorf("reported %d of %d steps", reported, want)
	}
}

// In each kind of cluster, a plan is applied, a second one has nothing to do, and removal
// leaves the cluster as it was, object by object.
func TestApplyAndRemove(t *testing.T) {
	for _, name := range clusters(t) {
		t.Run(name, func(t *testing.T) {
			c := readCluster(t, name)
			before := c.snapshot()
			r := request(refOf(name))
			r.Inject.Annotations = pairsOf("example.com/a", "b")
			p := makePlan(t, c, r)
			if apply(t, c, p, true); !reflect.DeepEqual(c.snapshot(), before) {
				t.Error("the dry run changed the cluster")
			}
			apply(t, c, p, false)
			if again := makePlan(t, c, r); again.Count(Add, Change, Remove) > 0 {
				t.Errorf("the second plan has something to do:\n%s", text(t, again))
			}
			foreignUnchanged(t, before, c.snapshot(), p)
			removal, err := NewRemoval(c.observe(r.Ref), r.Ref)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".remove.txt", text(t, removal))
			apply(t, c, removal, false)
			if after := c.snapshot(); !reflect.DeepEqual(after, before) {
				t.Errorf("the cluster is not as it was:\n%s", strings.Join(diff(before, after), "\n"))
			}
			removal, err = NewRemoval(c.observe(r.Ref), r.Ref)
			if err != nil || removal.Count(Add, Change, Remove) > 0 {
				t.Errorf("the second removal has something to do: %v\n%s", err, text(t, removal))
			}
		})
	}
}

// foreignUnchanged requires that objects which are not in a plan are as before.
func foreignUnchanged(t *testing.T, before, after map[string]any, p *Plan) {
	t.Helper()
	for path, object := range before {
		planned := slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Action != Keep && pathOf(s.Object) == path })
		if !planned && !reflect.DeepEqual(object, after[path]) {
			t.Errorf("%s changed", path)
		}
	}
}

// A rule or an adapter that another workload uses stays.
func TestRemoveKeepsWhatOthersUse(t *testing.T) {
	for other, name := range map[Object]string{
		{Namespace: "other", Name: "api"}: "operator", {Namespace: "other", Name: "web-nginx-exporter"}: "adapter", {Namespace: "shop", Name: "api"}: "adapter",
	} {
		c := readCluster(t, name)
		apply(t, c, makePlan(t, c, request(deployment())), false)
		hpa := maps.Clone(c.objects[pathOf(Object{hpaAPI, "HorizontalPodAutoscaler", "shop", "web-nginx-exporter"})])
		hpa["metadata"] = map[string]any{"name": other.Name, "namespace": other.Namespace}
		if other.Namespace == "shop" {
			hpa["spec"], _ = clone(hpa["spec"]).(map[string]any)
			ref, _ := field(hpa, "spec", "scaleTargetRef").(map[string]any)
			ref["name"] = "api"
		}
		c.put(hpa)
		removal, err := NewRemoval(c.observe(deployment()), deployment())
		if err != nil {
			t.Fatal(err)
		}
		apply(t, c, removal, false)
		if got := text(t, removal); !strings.Contains(got, "HPA "+other.Namespace+"/"+other.Name+" uses the metric nginx_http_requests_per_second") {
			t.Error(got)
		}
		o := c.observe(deployment())
		if rules := o.Adapter.Value().Rules; !slices.ContainsFunc(rules, func(r cluster.Rule) bool { return r.MetricOf(counter) == metricName }) {
			t.Errorf("%s: the rule is gone: %v", name, rules)
		}
	}
}

// Two workloads share one adapter, wherever it is.
func TestSecondWorkload(t *testing.T) {
	c := readCluster(t, "operator")
	apply(t, c, makePlan(t, c, request(deployment())), false)
	second := clone(c.objects[pathOf(Object{"apps/v1", "Deployment", "shop", "web"})])
	strip(second.(map[string]any))
	metadata, _ := field(second, "metadata").(map[string]any)
	metadata["name"] = "api"
	c.put(second)
	ref := deployment()
	ref.Name = "api"
	p := makePlan(t, c, request(ref))
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action != Keep && strings.Contains(s.Object.Name, "adapter") {
			t.Errorf("%s %s", s.Action, s.Object)
		}
	}
}

// What changed between plan and apply is not overwritten.
func TestApplyToChangedObject(t *testing.T) {
	c := readCluster(t, "keda-alone")
	p := makePlan(t, c, request(deployment()))
	template, _ := field(c.objects[pathOf(Object{"apps/v1", "Deployment", "shop", "web"})], "spec", "template", "metadata").(map[string]any)
	template["labels"] = map[string]any{"app": "web", "version": "2"}
	if err := p.Apply(c.observe(deployment()), false, func(*Step) {}); err == nil || !strings.Contains(err.Error(), "Deployment shop/web: ") {
		t.Errorf("%v", err)
	}
}

// A new target changes the HPA alone; another engine needs removal first.
func TestChangedRequest(t *testing.T) {
	c := readCluster(t, "adapter")
	r := request(deployment())
	apply(t, c, makePlan(t, c, r), false)
	r.RequestsPerSecond, r.Max = 80, 40
	p := makePlan(t, c, r)
	golden(t, "changed.txt", text(t, p))
	if p.Count(Change) != 1 || p.Count(Add, Remove) != 0 {
		t.Error(text(t, p))
	}
	r.Engine = EngineDirect
	if p := makePlan(t, c, r); len(p.Blocked()) != 1 || !strings.Contains(text(t, p), "autoscale remove shop/deployment/web") {
		t.Error(text(t, p))
	}
}

// An object of another with our name is never replaced.
func TestForeignObjectOfOurName(t *testing.T) {
	c := readCluster(t, "adapter")
	c.put(map[string]any{"apiVersion": monitoringAPI, "kind": "PodMonitor", "metadata": map[string]any{"name": "web-nginx-exporter", "namespace": "shop"}})
	p := makePlan(t, c, request(deployment()))
	if len(p.Blocked()) != 1 || !strings.Contains(text(t, p), "! PodMonitor shop/web-nginx-exporter") {
		t.Error(text(t, p))
	}
	var failure error
	c.failing["/apis/monitoring.coreos.com/v1/namespaces/shop/podmonitors/web-nginx-exporter"] = "Error from server (InternalError): etcd"
	if p, failure = New(c.observe(deployment()), request(deployment())); failure != nil || len(p.Blocked()) != 1 {
		t.Errorf("%v %v", p, errors.Unwrap(failure))
	}
}

func TestInsertRule(t *testing.T) {
	const rule = "- seriesQuery: a\n  metricsQuery: b"
	for _, text := range []string{
		"rules:\n- seriesQuery: x\n", "# c\nrules: # d\n\n    - seriesQuery: x\n      name: {as: y}\n# end", "\"rules\":\n  - seriesQuery: x\nresourceRules: {}\n",
	} {
		changed, err := insertRule(text, rule)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if back, found := cutRule(changed); back != text || !found {
			t.Errorf("%q became %q and then %q", text, changed, back)
		}
	}
	for _, text := range []string{"", "rules: []\n", `{"rules": [{"seriesQuery": "x"}]}`, "rules:\n", "other:\n  - a\n", "rules: [\n"} {
		if changed, err := insertRule(text, rule); err == nil {
			t.Errorf("%q became %q", text, changed)
		}
	}
}

func TestQuantity(t *testing.T) {
	for rate, want := range map[float64]string{50: "50", 0.5: "500m", 1000: "1k", 1500: "1500", 2e6: "2M", 1e9: "1G", 12.3456: "12346m", 100: "100"} {
		if got := quantity(rate); got != want {
			t.Errorf("%v: %s, want %s", rate, got, want)
		}
	}
}

// Removal leaves objects of others that have our names, and reports what cannot be read.
func TestRemoveKeepsObjectsOfOthers(t *testing.T) {
	c := readCluster(t, "adapter")
	foreign := []Object{
		{monitoringAPI, "PodMonitor", "shop", "web-nginx-exporter"},
		{hpaAPI, "HorizontalPodAutoscaler", "shop", "web-nginx-exporter"},
		{"v1", "Service", "shop", "web-nginx-exporter"},
		{"v1", "ConfigMap", "shop", "web-deployment-nginx-exporter-status"},
	}
	for _, o := range foreign {
		c.put(map[string]any{"apiVersion": o.APIVersion, "kind": o.Kind, "metadata": map[string]any{"name": o.Name, "namespace": o.Namespace}})
	}
	removal, err := NewRemoval(c.observe(deployment()), deployment())
	if err != nil || removal.Count(Add, Change, Remove) > 0 {
		t.Errorf("%v: %s", err, text(t, removal))
	}
	for _, o := range foreign {
		c.failing[pathOf(o)] = "Error from server (InternalError): etcd has no leader"
		if _, err := NewRemoval(c.observe(deployment()), deployment()); err == nil {
			t.Errorf("without %s there is a removal", o)
		}
		delete(c.failing, pathOf(o))
	}
}
