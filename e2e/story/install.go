package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// install is what a user does: the sidecar into the manifest, the manifest and
// the chart into the cluster.
func (s *Story) install(ctx context.Context) error {
	if err := s.ensure(ctx, shop); err != nil {
		return err
	}
	manifest, err := s.inject(ctx, "--require", "--status-config", "--report=none", s.file("e2e", "manifests", "web.yaml"))
	if err != nil {
		return err
	}
	said, err := s.cluster.Kubectl(ctx, manifest, "apply", "--namespace", shop, "--validate=strict", "-f", "-")
	if err != nil {
		return err
	}
	s.say("   %s", strings.ReplaceAll(strings.TrimSpace(said), "\n", "\n   "))
	if _, err := s.helm(ctx, "install", release, s.chart(), "--namespace", shop,
		"--values", s.file("e2e", "manifests", "shop.values.yaml")); err != nil {
		return err
	}
	return s.await(ctx, 2*time.Minute, func(ctx context.Context) error {
		return errors.Join(s.ready(ctx, shop, "web"), s.ready(ctx, shop, release+"-nginx-exporter-adapter"))
	})
}

// ready is an error unless a Deployment has a pod that is ready.
func (s *Story) ready(ctx context.Context, namespace, name string) error {
	var d struct{ Status struct{ ReadyReplicas int } }
	if err := s.cluster.Client.Get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+name, &d); err != nil {
		return err
	}
	if d.Status.ReadyReplicas == 0 {
		return fmt.Errorf("no pod of %s is ready", name)
	}
	return nil
}

// helmTest runs the chart's own test: an nginx with the sidecar, in a pod.
func (s *Story) helmTest(ctx context.Context) error {
	said, err := s.helm(ctx, "test", release, "--namespace", shop, "--timeout", "90s")
	if err != nil {
		return errors.Join(err, s.node.Complaints())
	}
	if !strings.Contains(said, "Succeeded") {
		return fmt.Errorf("helm said:\n%s", said)
	}
	return nil
}

// uninstall removes the release; nothing of it may stay.
func (s *Story) uninstall(ctx context.Context) error {
	before, err := s.installed(ctx)
	if err != nil {
		return err
	}
	s.say("   %d objects before", len(before))
	if len(before) == 0 {
		return errors.New("there is nothing to remove")
	}
	if _, err := s.helm(ctx, "uninstall", release, "--namespace", shop, "--wait"); err != nil {
		return err
	}
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		left, err := s.installed(ctx)
		if err == nil && len(left) > 0 {
			err = errors.New("still there: " + strings.Join(left, " "))
		}
		return err
	})
}

// installed is the names of all objects that have the label of the release.
func (s *Story) installed(ctx context.Context) ([]string, error) {
	const kinds = "all,configmaps,serviceaccounts,podmonitors,prometheusrules,horizontalpodautoscalers,apiservices," +
		"clusterroles,clusterrolebindings,rolebindings"
	names, err := s.cluster.Kubectl(ctx, "", "get", kinds, "--all-namespaces", "--ignore-not-found", "-o", "name",
		"--selector", "app.kubernetes.io/instance="+release)
	return strings.Fields(names), err
}

// policy has the API server add the sidecar.
func (s *Story) policy(ctx context.Context) error {
	const namespace = "policy"
	if err := s.ensure(ctx, namespace); err != nil {
		return err
	}
	if _, err := s.helm(ctx, "install", "policy", s.chart(), "--namespace", namespace,
		"--values", s.file("e2e", "manifests", "policy.values.yaml")); err != nil {
		return err
	}
	pods := s.file("e2e", "manifests", "policy-web.yaml")
	// A policy holds a moment after it was created.
	err := s.await(ctx, time.Minute, func(ctx context.Context) error {
		said, err := s.cluster.Kubectl(ctx, "", "create", "--dry-run=server", "--namespace", namespace, "-o", "json", "-f", pods)
		if err == nil && !strings.Contains(said, `"name": "nginx-exporter"`) {
			err = errors.New("the pod got no sidecar")
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "create", "--namespace", namespace, "--validate=strict", "-f", pods); err != nil {
		return err
	}
	return s.compare(ctx, namespace)
}

// compare holds the pods of the policy against those of inject.
func (s *Story) compare(ctx context.Context, namespace string) error {
	mapped, err := s.pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dweb")
	if err != nil {
		return err
	}
	without, err := s.pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dwithout")
	if err != nil {
		return err
	}
	injected, err := s.pods(ctx, "/api/v1/namespaces/"+shop+"/pods?labelSelector=app%3Dweb")
	if err != nil {
		return err
	}
	if len(mapped) != 1 || len(without) != 1 || len(injected) == 0 {
		return fmt.Errorf("%d pods of the policy, %d opted out, %d of inject", len(mapped), len(without), len(injected))
	}
	if sidecar := without[0].sidecar(); sidecar != "" {
		return fmt.Errorf("the pod that opted out has %s", sidecar)
	}
	ours, theirs := mapped[0].sidecar(), injected[0].sidecar()
	if ours == "" || ours != theirs {
		return fmt.Errorf("the policy and inject make different containers:\n%s\n%s", ours, theirs)
	}
	s.say("   the policy's container is the same as that of inject; the pod that opted out has none")
	err = s.await(ctx, time.Minute, func(ctx context.Context) error {
		now, err := s.pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dweb")
		if err != nil {
			return err
		}
		if len(now) != 1 || !now[0].ready() {
			return errors.New("the pod is not ready")
		}
		return s.up(ctx, now[0].Status.PodIP)
	})
	if err == nil {
		s.say("   its pod is ready, and its exporter says nginx_up 1")
	}
	return err
}

// somePod is what the story reads of a pod.
type somePod struct {
	Metadata struct{ Name string }
	Spec     struct{ InitContainers []map[string]any }
	Status   struct {
		PodIP      string
		Conditions []struct{ Type, Status string }
	}
}

func (p *somePod) ready() bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True"
		}
	}
	return false
}

// sidecar is the exporter's container as JSON, without the mount that the API
// server adds to all containers of a pod.
func (p *somePod) sidecar() string {
	for _, c := range p.Spec.InitContainers {
		if c["name"] != "nginx-exporter" {
			continue
		}
		delete(c, "volumeMounts")
		text, err := json.Marshal(c)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	return ""
}

func (s *Story) pods(ctx context.Context, path string) ([]somePod, error) {
	var list struct{ Items []somePod }
	err := s.cluster.Client.Get(ctx, path, &list)
	return list.Items, err
}
