package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"

	"nginx-exporter/e2e/load"
	"nginx-exporter/e2e/process"
)

const (
	// plainSpace has a Deployment without exporter, on which nginx-exporter autoscale works.
	plainSpace = "plain"
	// objectsLimit is for changes of objects that controllers make.
	objectsLimit = time.Minute
)

// autoscaled is that Deployment beside the adapter and the HPA of another team.
type autoscaled struct {
	scenario *Scenario
	// adapter has the manifests of the other team's adapter, which kubectl applies.
	adapter string
	// before has all objects before apply, applied those after it.
	before, applied snapshot
}

// autoscale runs nginx-exporter autoscale plan, apply and remove. It works in a cluster that
// another team has already prepared, and leaves it as it was.
func (s *Scenario) autoscale(ctx context.Context) error {
	adapter, err := s.helm(ctx, "template", adapterRelease, s.file("e2e", "manifests", "stack", "adapter"), "--namespace", monitoring,
		"--values", s.file("e2e", "manifests", "stack", "adapter.values.yaml"),
		// The plan's monitor has an interval of 15 s, and the adapter forgets series without a
		// sample for as long as this.
		"--set", "metricsRelistInterval=20s")
	if err != nil {
		return err
	}
	// The timeline follows the HPA of this workload.
	own := *s
	own.namespace, own.release = plainSpace, "web"
	a := &autoscaled{scenario: &own, adapter: adapter}
	err = s.amongOthers(ctx, a.installAdapter, a.create, a.plan, a.apply, a.again, a.scale, a.remove)
	if err != nil {
		return err
	}
	return a.clean(ctx)
}

func (a *autoscaled) installAdapter(ctx context.Context) error {
	_, err := a.scenario.cluster.Kubectl(ctx, a.adapter, "apply", "-f", "-")
	return err
}

// create creates the Deployment and records all objects.
func (a *autoscaled) create(ctx context.Context, other *foreign) error {
	s := a.scenario
	if err := s.labelNamespace(ctx, plainSpace); err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "apply", "--namespace", plainSpace, "-f", s.file("e2e", "manifests", "web.yaml")); err != nil {
		return err
	}
	if err := s.await(ctx, objectsLimit, func(ctx context.Context) error { return s.ready(ctx, plainSpace, "web") }); err != nil {
		return err
	}
	if err := other.scales(ctx, "workload created"); err != nil {
		return err
	}
	var err error
	a.before, err = s.snapshot(ctx)
	return err
}

// plan must change nothing.
func (a *autoscaled) plan(ctx context.Context, _ *foreign) error {
	if _, err := a.run(ctx, "plan", "--requests-per-second=20", "--min=1", "--max=4"); err != nil {
		return err
	}
	return a.same(ctx, "plan", a.before)
}

// apply returns when the HPA is active.
func (a *autoscaled) apply(ctx context.Context, other *foreign) error {
	if _, err := a.run(ctx, "apply", "--yes", "--requests-per-second=20", "--min=1", "--max=4"); err != nil {
		return err
	}
	t := &timeline{scenario: a.scenario}
	if err := t.hpa(ctx); err != nil {
		return err
	}
	if !t.last.active {
		return fmt.Errorf("apply has ended, but the HPA is not active: %s", t.last.why)
	}
	if err := other.scales(ctx, "autoscale apply"); err != nil {
		return err
	}
	var err error
	a.applied, err = a.scenario.snapshot(ctx)
	if err != nil {
		return err
	}
	a.scenario.printf("   %d objects differ now", len(a.before.differences(a.applied)))
	return nil
}

// again applies once more, which must change nothing.
func (a *autoscaled) again(ctx context.Context, _ *foreign) error {
	output, err := a.run(ctx, "apply", "--yes", "--requests-per-second=20", "--min=1", "--max=4")
	if err != nil {
		return err
	}
	if _, summary, found := strings.Cut(output, "\nPlan: "); !found || strings.Contains(summary, "to add") || strings.Contains(summary, "to change") {
		return errors.New("the second apply has something to do")
	}
	return a.same(ctx, "the second apply", a.applied)
}

// scale puts load on nginx.
func (a *autoscaled) scale(ctx context.Context, other *foreign) error {
	s := a.scenario
	t := &timeline{scenario: s, generator: load.New(), seen: map[string]int{}}
	t.head()
	stop := s.startLoad(ctx, t.generator)
	defer stop()
	if err := t.until(ctx, "load", busyPods, hold, upLimit); err != nil {
		return err
	}
	return other.scales(ctx, "under load")
}

// remove must leave all objects as they were.
func (a *autoscaled) remove(ctx context.Context, other *foreign) error {
	if _, err := a.run(ctx, "remove", "--yes"); err != nil {
		return err
	}
	if err := other.scales(ctx, "autoscale remove"); err != nil {
		return err
	}
	if err := a.same(ctx, "remove", a.before); err != nil {
		return err
	}
	a.scenario.printf("   all %d objects are as before", len(a.before))
	return nil
}

// clean deletes what other parts create themselves.
func (a *autoscaled) clean(ctx context.Context) error {
	s := a.scenario
	if _, err := s.cluster.Kubectl(ctx, a.adapter, "delete", "-f", "-"); err != nil {
		return err
	}
	// It has no kubelet.
	if _, err := s.cluster.Kubectl(ctx, "", "delete", "pod", "queue-0", "--namespace", orders, "--force", "--grace-period=0"); err != nil {
		return err
	}
	_, err := s.cluster.Kubectl(ctx, "", "delete", "namespace", orders, plainSpace, "--wait", "--timeout=2m")
	return err
}

// run runs nginx-exporter autoscale and prints its output.
func (a *autoscaled) run(ctx context.Context, command string, args ...string) (string, error) {
	kubectl, err := a.scenario.cluster.Binary("kubectl")
	if err != nil {
		return "", err
	}
	args = append([]string{"autoscale", command, plainSpace + "/deployment/web", "--kubectl=" + kubectl}, args...)
	cmd := exec.CommandContext(ctx, a.scenario.tools.Exporter, args...)
	cmd.Env = a.scenario.cluster.Env()
	began := time.Now()
	output, err := process.Output(cmd)
	a.scenario.printf("   %s", strings.ReplaceAll(strings.TrimSpace(output), "\n", "\n   "))
	a.scenario.printf("   autoscale %s took %.0f s", command, time.Since(began).Seconds())
	return output, err
}

// same waits until all objects are as in the snapshot.
func (a *autoscaled) same(ctx context.Context, after string, want snapshot) error {
	err := a.scenario.await(ctx, objectsLimit, func(ctx context.Context) error {
		now, err := a.scenario.snapshot(ctx)
		if err != nil {
			return err
		}
		if differences := want.differences(now); len(differences) > 0 {
			return errors.New(strings.Join(differences, "\n"))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("objects differ after %s: %w", after, err)
	}
	return nil
}

// snapshot has all objects without owner, by kind and name, as JSON.
type snapshot map[string]string

// snapshot lists all objects of the cluster.
func (s *Scenario) snapshot(ctx context.Context) (snapshot, error) {
	names, err := s.cluster.Kubectl(ctx, "", "api-resources", "--verbs=list", "-o", "name")
	if err != nil {
		return nil, err
	}
	text, err := s.cluster.Kubectl(ctx, "", "get", strings.Join(strings.Fields(names), ","), "--all-namespaces", "--ignore-not-found", "-o", "json")
	if err != nil {
		return nil, err
	}
	var list struct{ Items []object }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	all := snapshot{}
	for _, item := range list.Items {
		if key := stable(item); key != "" {
			text, err := json.Marshal(item)
			if err != nil {
				return nil, err
			}
			all[key] = string(text)
		}
	}
	return all, nil
}

// stable removes what servers write: the status, versions, and the replicas, which are of
// the HPAs. It returns kind, namespace and name, or "" for objects that controllers create.
func stable(item object) string {
	metadata, _ := item["metadata"].(object)
	kind, _ := item["kind"].(string)
	if metadata == nil || metadata["ownerReferences"] != nil ||
		slices.Contains([]string{"Event", "Lease", "Endpoints", "EndpointSlice", "Node", "ComponentStatus"}, kind) {
		return ""
	}
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		delete(metadata, field)
	}
	delete(item, "status")
	if annotations, ok := metadata["annotations"].(object); ok {
		delete(annotations, "deployment.kubernetes.io/revision")
	}
	if spec, ok := item["spec"].(object); ok && kind == "Deployment" {
		delete(spec, "replicas")
	}
	return fmt.Sprint(item["apiVersion"], " ", kind, " ", metadata["namespace"], "/", metadata["name"])
}

// differences has a line for each object that differs.
func (s snapshot) differences(now snapshot) []string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(s)) {
		switch text, found := now[key]; {
		case !found:
			lines = append(lines, "- "+key)
		case text != s[key]:
			lines = append(lines, "~ "+key+"\n     was "+s[key]+"\n     is  "+text)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if _, found := s[key]; !found {
			lines = append(lines, "+ "+key)
		}
	}
	return lines
}
