package scenario

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"nginx-exporter/e2e/load"
)

const (
	// stackLabel is the label by which kube-prometheus-stack selects monitors and rules.
	stackLabel = "kube-prometheus-stack"
	// adapterRelease is the adapter of the other team, in the namespace monitoring.
	adapterRelease = "prometheus-adapter"
	adapterConfig  = "/api/v1/namespaces/" + monitoring + "/configmaps/" + adapterRelease
	// communityChart is the name of its chart in documentation.
	communityChart = "prometheus-community/prometheus-adapter"
)

// besideOthers tests a cluster that has a Prometheus with selectors, an adapter with rules of
// another team, and an HPA of that team, which must keep scaling.
func (s *Scenario) besideOthers(ctx context.Context) error {
	return s.amongOthers(ctx, s.stackAdapter,
		s.stackInstall, s.stackLabels, s.stackAppendByHelm, s.stackScale, s.stackRemove, s.stackAppendByHand)
}

// stackAdapter installs the adapter of the other team with Helm.
func (s *Scenario) stackAdapter(ctx context.Context) error {
	_, err := s.helm(ctx, "install", adapterRelease, s.file("e2e", "manifests", "stack", "adapter"), "--namespace", monitoring,
		"--values", s.file("e2e", "manifests", "stack", "adapter.values.yaml"))
	return err
}

// amongOthers installs the adapter of the other team and its workload, and runs the steps
// while it watches that team's metric.
func (s *Scenario) amongOthers(ctx context.Context, installAdapter func(context.Context) error,
	steps ...func(context.Context, *foreign) error,
) error {
	if err := s.selectLikeStack(ctx); err != nil {
		return err
	}
	if err := installAdapter(ctx); err != nil {
		return err
	}
	other, stop, err := s.startForeign(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := other.scales(ctx, "before"); err != nil {
		return err
	}
	watchCtx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { other.watch(watchCtx) })
	defer watching.Wait()
	defer cancel()
	for _, step := range steps {
		if err := step(ctx, other); err != nil {
			return err
		}
	}
	other.summary()
	return other.check()
}

// selectLikeStack makes the Prometheus object select by labels of monitors, rules and
// namespaces.
func (s *Scenario) selectLikeStack(ctx context.Context) error {
	release := object{"matchLabels": object{"release": stackLabel}}
	return s.cluster.Client.Merge(ctx, "/apis/monitoring.coreos.com/v1/namespaces/"+monitoring+"/prometheuses/e2e", object{"spec": object{
		"podMonitorSelector": release, "serviceMonitorSelector": release, "ruleSelector": release,
		"podMonitorNamespaceSelector": object{"matchLabels": object{"monitoring": "enabled"}},
	}})
}

// labelNamespace creates a namespace with the label that the Prometheus object selects.
func (s *Scenario) labelNamespace(ctx context.Context, namespace string) error {
	if err := s.ensureNamespace(ctx, namespace); err != nil {
		return err
	}
	return s.cluster.Client.Merge(ctx, "/api/v1/namespaces/"+namespace, object{"metadata": object{"labels": object{"monitoring": "enabled"}}})
}

// stackValues are the arguments for the release, with or without the label.
func (s *Scenario) stackValues(labelled bool) []string {
	values := []string{"--namespace", shop, "--values", s.file("e2e", "manifests", "stack", "shop.values.yaml")}
	if labelled {
		values = append(values, "--set", "monitor.labels.release="+stackLabel, "--set", "prometheusRule.labels.release="+stackLabel)
	}
	return values
}

// stackInstall installs the sidecar and the chart. A second adapter must be refused.
// The pods are new ones, since Prometheus keeps series of a removed job for five minutes.
func (s *Scenario) stackInstall(ctx context.Context, other *foreign) error {
	if _, err := s.cluster.Kubectl(ctx, "", "delete", "deployment", "web", "--namespace", shop, "--ignore-not-found", "--wait"); err != nil {
		return err
	}
	if err := s.applyInjected(ctx); err != nil {
		return err
	}
	arguments := append([]string{"install", release, s.chart(), "--set", "autoscaling.adapter.install.enabled=true"}, s.stackValues(false)...)
	_, err := s.helm(ctx, arguments...)
	if err == nil || !strings.Contains(err.Error(), monitoring+"/"+adapterRelease) {
		return fmt.Errorf("a second adapter is not refused with the name of the first: %w", err)
	}
	if _, err := s.helm(ctx, append([]string{"install", release, s.chart()}, s.stackValues(false)...)...); err != nil {
		return err
	}
	return other.scales(ctx, "chart installed")
}

// stackLabels follows doctor: the labels of the monitor, then that of the namespace.
func (s *Scenario) stackLabels(ctx context.Context, other *foreign) error {
	if err := s.awaitCode(ctx, "monitor-ignored"); err != nil {
		return fmt.Errorf("monitor without the label of the stack: %w", err)
	}
	if _, err := s.helm(ctx, append([]string{"upgrade", release, s.chart()}, s.stackValues(true)...)...); err != nil {
		return err
	}
	if err := s.awaitCode(ctx, "monitor-ignored"); err != nil {
		return fmt.Errorf("namespace without a label: %w", err)
	}
	if err := s.labelNamespace(ctx, shop); err != nil {
		return err
	}
	err := s.await(ctx, time.Minute, func(ctx context.Context) error {
		up, err := s.query(ctx, `sum(nginx_up{namespace="shop"})`)
		if err == nil && up != 1 {
			err = fmt.Errorf("nginx_up is %v", up)
		}
		return err
	})
	if err != nil {
		return err
	}
	return other.scales(ctx, "labels added")
}

// stackAppendByHelm runs the commands of the notes of the chart.
func (s *Scenario) stackAppendByHelm(ctx context.Context, other *foreign) error {
	notes, err := s.helm(ctx, "get", "notes", release, "--namespace", shop)
	if err != nil {
		return err
	}
	commands, err := paragraph(notes, "helm -n monitoring get values")
	if err != nil {
		return err
	}
	if err := s.shell(ctx, strings.ReplaceAll(commands, communityChart, s.file("e2e", "manifests", "stack", "adapter"))); err != nil {
		return err
	}
	return s.appended(ctx, other, "rule appended with Helm")
}

// appended waits until the HPA has its metric and doctor finds nothing.
func (s *Scenario) appended(ctx context.Context, other *foreign, when string) error {
	if err := s.awaitCode(ctx, ""); err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	return other.scales(ctx, when)
}

// stackScale puts load on nginx while the other team scales.
func (s *Scenario) stackScale(ctx context.Context, other *foreign) error {
	t := &timeline{scenario: s, generator: load.New(), seen: map[string]int{}}
	t.head()
	stop := s.startLoad(ctx, t.generator)
	err := t.until(ctx, "load", busyPods, hold, upLimit)
	if err == nil {
		err = other.scales(ctx, "under load")
	}
	stop()
	if err != nil {
		return err
	}
	if err := t.until(ctx, "quiet", idlePods, 0, downLimit); err != nil {
		return err
	}
	return other.scales(ctx, "without load")
}

// stackRemove uninstalls the release, and the rule with its values.
func (s *Scenario) stackRemove(ctx context.Context, other *foreign) error {
	if err := s.uninstall(ctx); err != nil {
		return err
	}
	if err := other.scales(ctx, "chart uninstalled"); err != nil {
		return err
	}
	if _, err := s.helm(ctx, "rollback", adapterRelease, "1", "--namespace", monitoring); err != nil {
		return err
	}
	return other.scales(ctx, "rule removed")
}

// stackAppendByHand runs the commands of the example for an adapter without Helm, and
// removes the rule by writing the old ConfigMap.
func (s *Scenario) stackAppendByHand(ctx context.Context, other *foreign) error {
	var before struct{ Data map[string]string }
	if err := s.cluster.Client.Get(ctx, adapterConfig, &before); err != nil {
		return err
	}
	if _, err := s.helm(ctx, append([]string{"install", release, s.chart()}, s.stackValues(true)...)...); err != nil {
		return err
	}
	readme, err := os.ReadFile(s.file("examples", "kubernetes", "hpa-adapter", "README.md"))
	if err != nil {
		return err
	}
	commands, err := fence(string(readme), "before.yaml")
	if err != nil {
		return err
	}
	commands = strings.NewReplacer("web-nginx-exporter", release+"-nginx-exporter",
		"diff before.yaml config.yaml", "diff before.yaml config.yaml || test $? = 1").Replace(commands)
	if err := s.shell(ctx, commands); err != nil {
		return err
	}
	if err := s.appended(ctx, other, "rule appended to the ConfigMap"); err != nil {
		return err
	}
	if err := s.cluster.Client.Merge(ctx, adapterConfig, object{"data": before.Data}); err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "rollout", "restart", "deployment/"+adapterRelease, "--namespace", monitoring); err != nil {
		return err
	}
	return other.scales(ctx, "ConfigMap restored")
}
