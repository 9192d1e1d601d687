package plan

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor/cluster"
)

var update = flag.Bool("update", false, "rewrite golden files")

func clusters(tb testing.TB) (names []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "clusters", "*.yaml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("%d clusters: %v", len(files), err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return names
}

// refOf is the workload of a cluster.
func refOf(name string) cluster.Reference {
	ref := deployment()
	switch name {
	case "rollout", "rollout-workloadref":
		ref.APIVersion, ref.Kind = "argoproj.io/v1alpha1", "Rollout"
	case "statefulset":
		ref.Kind = "StatefulSet"
	}
	return ref
}

func makePlan(tb testing.TB, c *fakeCluster, r Request) *Plan {
	tb.Helper()
	p, err := New(c.observe(r.Ref), r)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func text(tb testing.TB, p *Plan) string {
	tb.Helper()
	var b strings.Builder
	if err := p.WriteText(&b, false, false); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func golden(tb testing.TB, file, got string) {
	tb.Helper()
	file = filepath.Join("testdata", "golden", file)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, []byte(got), 0o600)); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	if string(want) != got {
		tb.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

func TestPlansGolden(t *testing.T) {
	for _, name := range clusters(t) {
		t.Run(name, func(t *testing.T) {
			c := readCluster(t, name)
			p := makePlan(t, c, request(refOf(name)))
			golden(t, name+".txt", "# "+c.about+"\n"+text(t, p))
			var document strings.Builder
			if err := p.WriteJSON(&document); err != nil || !json.Valid([]byte(document.String())) {
				t.Errorf("%v: %s", err, document.String())
			}
			if len(c.writes) > 0 {
				t.Errorf("a plan changed the cluster: %v", c.writes)
			}
		})
	}
}

// What cannot be planned is one line, and changes nothing.
func TestBadInput(t *testing.T) {
	daemonSet, missing := deployment(), deployment()
	daemonSet.Kind, missing.Name = "DaemonSet", "wep"
	for name, tt := range map[string]struct {
		change func(*Request, *fakeCluster)
		want   string
	}{
		"no such workload": {func(r *Request, _ *fakeCluster) { r.Ref = missing }, "there is no Deployment shop/wep; namespace shop has: web"},
		"DaemonSet":        {func(r *Request, _ *fakeCluster) { r.Ref = daemonSet }, "has one pod on each node and cannot be scaled"},
		"no nginx": {func(_ *Request, c *fakeCluster) {
			pods, _ := field(c.objects[pathOf(Object{"apps/v1", "Deployment", "shop", "web"})], "spec", "template", "spec").(map[string]any)
			pods["containers"] = []any{map[string]any{"name": "db", "image": "postgres:18"}}
		}, "no container has an nginx image"},
		"target 0":        {func(r *Request, _ *fakeCluster) { r.RequestsPerSecond = 0 }, "--requests-per-second=0 is not between"},
		"min above max":   {func(r *Request, _ *fakeCluster) { r.Min = 21 }, "--max=20 is less than --min=21"},
		"min 0":           {func(r *Request, _ *fakeCluster) { r.Min = 0 }, "--min=0 is not at least 1"},
		"unknown engine":  {func(r *Request, _ *fakeCluster) { r.Engine = "magic" }, "is not one of auto, adapter"},
		"invalid image":   {func(r *Request, _ *fakeCluster) { r.Inject.Image = "a b" }, "is not a valid image"},
		"port of another": {func(r *Request, _ *fakeCluster) { r.Inject.Port = 80 }, "port 80 is in use by container nginx"},
	} {
		t.Run(name, func(t *testing.T) {
			c := readCluster(t, "adapter")
			r := request(deployment())
			tt.change(&r, c)
			_, err := New(c.observe(r.Ref), r)
			var input *InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; want %q", err, tt.want)
			}
			if len(c.writes) > 0 {
				t.Errorf("it changed %v", c.writes)
			}
		})
	}
}

// A plan must not be made of what may be wrong: without permission, there is none.
func TestUnobservable(t *testing.T) {
	const forbidden = `Error from server (Forbidden): x is forbidden: User "me" cannot list resource "x" in API group "" in the namespace "shop"`
	for _, path := range []string{
		"/apis", "/apis/apps/v1/namespaces/shop/deployments/web", "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
		"/apis/monitoring.coreos.com/v1/prometheuses", "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io",
	} {
		c := readCluster(t, "adapter")
		c.failing[path] = forbidden
		if _, err := New(c.observe(deployment()), request(deployment())); cluster.ReasonOf(err) != cluster.Forbidden {
			t.Errorf("without %s: %v", path, err)
		}
	}
}

// Each engine can be asked for; what it lacks is said.
func TestEngines(t *testing.T) {
	for engine, lacking := range map[string]string{EngineAdapter: "Prometheus", EngineKEDA: "KEDA", EngineDirect: "KEDA", EngineGKE: "autoscaling.gke.io"} {
		r := request(deployment())
		r.Engine = engine
		c := readCluster(t, "bare")
		p := makePlan(t, c, r)
		if got := text(t, p); p.Engine != engine || len(p.Blocked()) != 1 || !strings.Contains(got, "needs "+lacking) && !strings.Contains(got, "needs the API "+lacking) {
			t.Errorf("%s: %s", engine, got)
		}
	}
}

// An adapter forgets series without a sample for --metrics-max-age, by default that of
// --metrics-relist-interval: the exporters are scraped at least twice as often.
func TestScrapeInterval(t *testing.T) {
	for flags, want := range map[string]string{
		"--metrics-relist-interval=1m":                           "15s",
		"--metrics-relist-interval=10s":                          "5s",
		"--metrics-relist-interval=10s\",\"--metrics-max-age=2m": "15s",
		"--metrics-relist-interval=1s":                           "1s",
	} {
		c := readCluster(t, "adapter")
		b, err := json.Marshal(c.objects["/apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter"])
		if err != nil {
			t.Fatal(err)
		}
		var changed map[string]any
		if err := json.Unmarshal([]byte(strings.Replace(string(b), "--metrics-relist-interval=1m", flags, 1)), &changed); err != nil {
			t.Fatal(err)
		}
		c.put(changed)
		if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "scrapes the exporters every "+want) {
			t.Errorf("%s: want %s\n%s", flags, want, got)
		}
	}
}

func TestParseWorkload(t *testing.T) {
	for text, want := range map[string]string{
		"deployment/web": " apps/v1 Deployment web", "shop/deploy/web": "shop apps/v1 Deployment web", "Deployment.apps/web": " apps/v1 Deployment web",
		"sts/db": " apps/v1 StatefulSet db", "a/rollout.argoproj.io/b": "a argoproj.io/v1alpha1 Rollout b", "ds/x": " apps/v1 DaemonSet x",
		"web": "", "pod/web": "", "a/b/c/d": "", "/web": "", "deploy/": "", "deploy/Web": "", "deployment.example.com/web": "",
	} {
		namespace, ref, err := ParseWorkload(text)
		if got := strings.Join([]string{namespace, ref.APIVersion, ref.Kind, ref.Name}, " "); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// Of several Prometheus, one can be chosen, and a later plan keeps it.
func TestChosenPrometheus(t *testing.T) {
	c := readCluster(t, "two-prometheus-keda")
	r := request(deployment())
	r.PrometheusName = "apps-monitoring/apps"
	p := makePlan(t, c, r)
	golden(t, "two-prometheus-chosen.txt", "# "+c.about+", one chosen with --prometheus\n"+text(t, p))
	apply(t, c, p, false)
	r.PrometheusName = ""
	if again := makePlan(t, c, r); again.Count(Add, Change, Remove) > 0 || !strings.Contains(text(t, again), "apps-monitoring/apps, ") {
		t.Errorf("the second plan does not keep the choice:\n%s", text(t, again))
	}
}

// An adapter must query the Prometheus that scrapes the pods.
func TestChosenPrometheusOfAnotherAdapter(t *testing.T) {
	r := request(deployment())
	r.PrometheusName = "apps-monitoring/apps"
	p := makePlan(t, readCluster(t, "two-prometheus"), r)
	golden(t, "two-prometheus-other.txt", text(t, p))
	if len(p.Blocked()) != 1 {
		t.Error(text(t, p))
	}
	r.PrometheusName = "monitoring/k8s"
	if p := makePlan(t, readCluster(t, "two-prometheus"), r); len(p.Blocked()) > 0 {
		t.Error(text(t, p))
	}
	r.PrometheusName = "monitoring/other"
	_, err := New(readCluster(t, "two-prometheus").observe(r.Ref), r)
	if !IsInput(err) || err.Error() != "--prometheus=monitoring/other is not a Prometheus of this cluster, which has: apps-monitoring/apps, monitoring/k8s" {
		t.Error(err)
	}
}

// prometheus-operated leads to all Prometheus of a namespace, so that each needs a Service of
// its own.
func TestPrometheusOfOneNamespace(t *testing.T) {
	c := readCluster(t, "keda")
	c.put(map[string]any{"apiVersion": monitoringAPI, "kind": "Prometheus", "metadata": map[string]any{"name": "apps", "namespace": "monitoring"}, "spec": map[string]any{"podMonitorSelector": map[string]any{}}})
	r := request(deployment())
	r.PrometheusName = "monitoring/apps"
	_, err := New(c.observe(r.Ref), r)
	if !IsInput(err) || !strings.Contains(err.Error(), "no Service leads to Prometheus monitoring/apps alone") {
		t.Errorf("%v", err)
	}
	c.put(map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "prometheus-apps", "namespace": "monitoring"},
		"spec": map[string]any{"selector": map[string]any{"operator.prometheus.io/name": "apps"}},
	})
	if got := text(t, makePlan(t, c, r)); !strings.Contains(got, "KEDA queries http://prometheus-apps.monitoring.svc:9090") {
		t.Error(got)
	}
}

// The pod template of a Rollout may be in a Deployment.
func TestWorkloadRef(t *testing.T) {
	const path = "/apis/apps/v1/namespaces/shop/deployments/shop-web"
	for name, tt := range map[string]struct {
		change func(*fakeCluster, map[string]any)
		want   string
	}{
		"missing": {func(c *fakeCluster, _ map[string]any) { delete(c.objects, path) }, "workloadRef of Rollout shop/web is Deployment shop/shop-web, which does not exist"},
		"another kind": {
			func(_ *fakeCluster, ref map[string]any) { ref["kind"] = "ReplicaSet" },
			"workloadRef of Rollout shop/web is ReplicaSet shop/shop-web: only the pod template of a Deployment can be changed here",
		},
	} {
		c := readCluster(t, "rollout-workloadref")
		ref, _ := field(c.objects["/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"], "spec", "workloadRef").(map[string]any)
		tt.change(c, ref)
		r := request(refOf("rollout-workloadref"))
		if _, err := New(c.observe(r.Ref), r); !IsInput(err) || err.Error() != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := readCluster(t, "rollout-workloadref")
	c.failing[path] = `Error from server (Forbidden): deployments.apps "shop-web" is forbidden`
	r := request(refOf("rollout-workloadref"))
	if _, err := New(c.observe(r.Ref), r); cluster.ReasonOf(err) != cluster.Forbidden {
		t.Errorf("%v", err)
	}
}

// An HPA is disabled at 0 replicas.
func TestScaledToZero(t *testing.T) {
	c := readCluster(t, "adapter")
	spec, _ := c.objects[pathOf(Object{"apps/v1", "Deployment", "shop", "web"})]["spec"].(map[string]any)
	spec["replicas"] = 0
	if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "kubectl -n shop scale deployment/web --replicas=2") {
		t.Error(got)
	}
}
