package scenario

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	"nginx-exporter/e2e/load"
	"nginx-exporter/e2e/process"
)

// scaleByKEDA checks the ScaledObjects of the chart and of the snippet: under the same
// load each must reach the same number of pods, and doctor must find nothing.
func (s *Scenario) scaleByKEDA(ctx context.Context) error {
	defer s.startLoad(ctx, load.New())()
	if err := s.keda(ctx); err != nil {
		return err
	}
	for _, engine := range []string{"keda-prometheus", "keda-direct"} {
		if err := s.scaleByEngine(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	// There must be no other HPA for the same pods.
	if err := s.upgrade(ctx, "none"); err != nil {
		return err
	}
	text, err := process.Output(exec.CommandContext(ctx, s.tools.Exporter, "snippet", "keda",
		"--namespace="+shop, "--scrape-interval=5s", "--requests-per-second=20"))
	if err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, text, "create", "--validate=strict", "-f", "-"); err != nil {
		return err
	}
	return s.awaitScaled(ctx, "snippet keda", "web")
}

// scaleByEngine installs the chart with an engine of KEDA.
func (s *Scenario) scaleByEngine(ctx context.Context, engine string) error {
	var more []string
	if engine == "keda-direct" {
		const window = `[{"op": "add", "path": "/spec/template/spec/initContainers/0/args/-", "value": "--rate.window=15s"}]`
		if _, err := s.cluster.Kubectl(ctx, "", "patch", "deployment", "web", "--namespace", shop, "--type=json", "--patch="+window); err != nil {
			return err
		}
		more = []string{"--set", "autoscaling.window=15s"} // a window of the sidecar
	}
	if err := s.upgrade(ctx, engine, more...); err != nil {
		return err
	}
	return s.awaitScaled(ctx, engine, monitorName)
}

// upgrade sets the engine of the chart.
func (s *Scenario) upgrade(ctx context.Context, engine string, more ...string) error {
	_, err := s.helm(ctx, append([]string{
		"upgrade", release, s.chart(), "--namespace", shop, "--values", s.file("e2e", "manifests", "shop.values.yaml"),
		"--set", "autoscaling.adapter.install.enabled=false", "--set", "autoscaling.engine=" + engine,
	}, more...)...)
	return err
}

// awaitScaled waits until the HPA of a ScaledObject has as many pods as the load
// needs, and doctor finds nothing.
func (s *Scenario) awaitScaled(ctx context.Context, what, name string) error {
	kubectl, err := s.cluster.Binary("kubectl")
	if err != nil {
		return err
	}
	var value string
	err = s.await(ctx, upLimit, func(ctx context.Context) error {
		if value, err = s.kedaValue(ctx, name); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, s.tools.Exporter, "doctor", "hpa", shop+"/"+name, "--prometheus.url="+s.scraper.url(), "--kubectl="+kubectl)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+s.cluster.Config, "HOME="+s.tools.TempDir)
		output, err := process.Output(cmd)
		if err == nil && strings.Contains(output, "─ !") {
			err = errors.New(output)
		}
		return err
	})
	if err == nil {
		s.printf("   %-16s %d pods with %s requests/s each", what, busyPods, value)
	}
	return err
}

// kedaValue is the value of the HPA of a ScaledObject, once it has all pods.
func (s *Scenario) kedaValue(ctx context.Context, name string) (string, error) {
	var h struct {
		Status struct {
			CurrentReplicas, DesiredReplicas int
			CurrentMetrics                   []struct {
				External struct{ Current struct{ AverageValue string } }
			}
		}
	}
	if err := s.cluster.Client.Get(ctx, "/apis/autoscaling/v2/namespaces/"+shop+"/horizontalpodautoscalers/keda-hpa-"+name, &h); err != nil {
		return "", err
	}
	st := &h.Status
	if len(st.CurrentMetrics) != 1 || st.CurrentReplicas != busyPods || st.DesiredReplicas != busyPods {
		return "", fmt.Errorf("the HPA of %s does not have %d pods: %+v", name, busyPods, *st)
	}
	value := st.CurrentMetrics[0].External.Current.AverageValue
	average, err := quantity(value)
	const sent = float64(perSecond) / busyPods
	if err == nil && math.Abs(average-sent) > tolerance*sent {
		err = fmt.Errorf("the HPA of %s has %s requests/s for each pod, not %.1f", name, value, sent)
	}
	return value, err
}
