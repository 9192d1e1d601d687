package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
)

// install adds the sidecar to the manifest, applies it, and installs the chart.
func (s *Scenario) install(ctx context.Context) error {
	if err := s.ensureNamespace(ctx, s.namespace); err != nil {
		return err
	}
	if err := s.applyInjected(ctx); err != nil {
		return err
	}
	if _, err := s.helm(ctx, append([]string{
		"install", s.release, s.chart(), "--namespace", s.namespace,
		"--values", s.file("e2e", "manifests", "shop.values.yaml"),
	}, s.values...)...); err != nil {
		return err
	}
	return s.await(ctx, 2*time.Minute, func(ctx context.Context) error {
		return errors.Join(s.ready(ctx, s.namespace, "web"), s.ready(ctx, s.namespace, s.release+"-nginx-exporter-adapter"))
	})
}

// applyInjected adds the sidecar to the manifest and applies it.
func (s *Scenario) applyInjected(ctx context.Context) error {
	flags := append([]string{"--require", "--status-config", "--report=none"}, s.injectFlags...)
	manifest, err := s.inject(ctx, append(flags, s.file("e2e", "manifests", "web.yaml"))...)
	if err != nil {
		return err
	}
	output, err := s.cluster.Kubectl(ctx, manifest, "apply", "--namespace", s.namespace, "--validate=strict", "-f", "-")
	if err != nil {
		return err
	}
	s.printf("   %s", strings.ReplaceAll(strings.TrimSpace(output), "\n", "\n   "))
	return nil
}

// ready returns an error unless a Deployment has a ready pod.
func (s *Scenario) ready(ctx context.Context, namespace, name string) error {
	var d struct{ Status struct{ ReadyReplicas int } }
	if err := s.cluster.Client.Get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments/"+name, &d); err != nil {
		return err
	}
	if d.Status.ReadyReplicas == 0 {
		return fmt.Errorf("no pod of %s is ready", name)
	}
	return nil
}

// helmTest runs the test of the chart: a pod of nginx with the sidecar.
func (s *Scenario) helmTest(ctx context.Context) error {
	output, err := s.helm(ctx, "test", s.release, "--namespace", s.namespace, "--timeout", "90s")
	if err != nil {
		return errors.Join(err, s.problems(ctx))
	}
	if !strings.Contains(output, "Succeeded") {
		return fmt.Errorf("output of helm test:\n%s", output)
	}
	return nil
}

// uninstall removes the release and checks that none of its objects is left.
func (s *Scenario) uninstall(ctx context.Context) error {
	before, err := s.installed(ctx)
	if err != nil {
		return err
	}
	s.printf("   %d objects", len(before))
	if len(before) == 0 {
		return errors.New("the release has no objects")
	}
	if _, err := s.helm(ctx, "uninstall", s.release, "--namespace", s.namespace, "--wait"); err != nil {
		return err
	}
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		left, err := s.installed(ctx)
		if err == nil && len(left) > 0 {
			err = errors.New("objects left: " + strings.Join(left, " "))
		}
		return err
	})
}

// installed returns the names of all objects with the label of the release.
func (s *Scenario) installed(ctx context.Context) ([]string, error) {
	const kinds = "all,configmaps,serviceaccounts,podmonitors,prometheusrules,horizontalpodautoscalers,apiservices," +
		"clusterroles,clusterrolebindings,rolebindings"
	names, err := s.cluster.Kubectl(ctx, "", "get", kinds, "--all-namespaces", "--ignore-not-found", "-o", "name",
		"--selector", "app.kubernetes.io/instance="+s.release)
	return strings.Fields(names), err
}

// policy checks that the API server adds the sidecar.
func (s *Scenario) policy(ctx context.Context) error {
	const namespace = "policy"
	if err := s.ensureNamespace(ctx, namespace); err != nil {
		return err
	}
	if _, err := s.helm(ctx, "install", "policy", s.chart(), "--namespace", namespace,
		"--values", s.file("e2e", "manifests", "policy.values.yaml")); err != nil {
		return err
	}
	pods := s.file("e2e", "manifests", "policy-web.yaml")
	// A policy takes effect a moment after it is created.
	err := s.await(ctx, time.Minute, func(ctx context.Context) error {
		output, err := s.cluster.Kubectl(ctx, "", "create", "--dry-run=server", "--namespace", namespace, "-o", "json", "-f", pods)
		if err == nil && !strings.Contains(output, `"name": "nginx-exporter"`) {
			err = errors.New("the pod has no sidecar")
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

// compare checks that the policy and inject add the same sidecar.
func (s *Scenario) compare(ctx context.Context, namespace string) error {
	mapped, err := s.cluster.Client.Pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dweb")
	if err != nil {
		return err
	}
	without, err := s.cluster.Client.Pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dwithout")
	if err != nil {
		return err
	}
	injected, err := s.cluster.Client.Pods(ctx, "/api/v1/namespaces/"+shop+"/pods?labelSelector=app%3Dweb")
	if err != nil {
		return err
	}
	if len(mapped) != 1 || len(without) != 1 || len(injected) == 0 {
		return fmt.Errorf("%d pods with the policy, %d opted out, %d with inject", len(mapped), len(without), len(injected))
	}
	if container := sidecar(&without[0]); container != "" {
		return fmt.Errorf("the pod that opted out has %s", container)
	}
	ours, theirs := sidecar(&mapped[0]), sidecar(&injected[0])
	if ours == "" || ours != theirs {
		return fmt.Errorf("the policy and inject add different containers:\n%s\n%s", ours, theirs)
	}
	s.printf("   the policy adds the same container as inject, and none to the pod that opted out")
	err = s.await(ctx, time.Minute, func(ctx context.Context) error {
		now, err := s.cluster.Client.Pods(ctx, "/api/v1/namespaces/"+namespace+"/pods?fieldSelector=metadata.name%3Dweb")
		if err != nil {
			return err
		}
		if len(now) != 1 || !now[0].Ready() {
			return errors.New("the pod is not ready")
		}
		return s.checkUp(ctx, now[0].Status.PodIP)
	})
	if err == nil {
		s.printf("   the pod is ready, and its exporter has nginx_up 1")
	}
	return err
}

// sidecar is the container of the exporter as JSON, without the mounts, since the
// API server adds one to all containers.
func sidecar(p *kube.Pod) string {
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
