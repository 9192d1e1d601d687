package story

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

// shipped has KEDA scale by what the chart and the snippet make for it: under the
// same load each must come to the same number of pods, and doctor must call it
// healthy.
func (s *Story) shipped(ctx context.Context) error {
	defer s.drive(ctx, load.New())()
	if err := s.keda(ctx); err != nil {
		return err
	}
	for _, engine := range []string{"keda-prometheus", "keda-direct"} {
		if err := s.byEngine(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	// Another HPA of the same pods would not do.
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
	return s.scaledWell(ctx, "snippet keda", "web")
}

// byEngine has the chart scale with KEDA, and the pods give it what it asks for.
func (s *Story) byEngine(ctx context.Context, engine string) error {
	var more []string
	if engine == "keda-direct" {
		const window = `[{"op": "add", "path": "/spec/template/spec/initContainers/0/args/-", "value": "--rate.window=15s"}]`
		if _, err := s.cluster.Kubectl(ctx, "", "patch", "deployment", "web", "--namespace", shop, "--type=json", "--patch="+window); err != nil {
			return err
		}
		more = []string{"--set", "autoscaling.window=15s"} // one of the sidecar's
	}
	if err := s.upgrade(ctx, engine, more...); err != nil {
		return err
	}
	return s.scaledWell(ctx, engine, monitorName)
}

// upgrade gives the chart another engine.
func (s *Story) upgrade(ctx context.Context, engine string, more ...string) error {
	_, err := s.helm(ctx, append([]string{
		"upgrade", release, s.chart(), "--namespace", shop, "--values", s.file("e2e", "manifests", "shop.values.yaml"),
		"--set", "autoscaling.adapter.install.enabled=false", "--set", "autoscaling.engine=" + engine,
	}, more...)...)
	return err
}

// scaledWell waits until the HPA of a ScaledObject has made as many pods as the
// load is for, and doctor finds nothing to be said of it.
func (s *Story) scaledWell(ctx context.Context, what, name string) error {
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
		cmd.Env = append(os.Environ(), "KUBECONFIG="+s.cluster.Config, "HOME="+s.tools.Folder)
		said, err := process.Output(cmd)
		if err == nil && strings.Contains(said, "─ !") {
			err = errors.New(said)
		}
		return err
	})
	if err == nil {
		s.say("   %-16s makes %d pods, of %s requests/s each", what, busyPods, value)
	}
	return err
}

// kedaValue is what the HPA of a ScaledObject has read, when it has made the pods.
func (s *Story) kedaValue(ctx context.Context, name string) (string, error) {
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
		return "", fmt.Errorf("the HPA of %s has not %d pods: %+v", name, busyPods, *st)
	}
	value := st.CurrentMetrics[0].External.Current.AverageValue
	average, err := quantity(value)
	const sent = float64(perSecond) / busyPods
	if err == nil && math.Abs(average-sent) > exact*sent {
		err = fmt.Errorf("the HPA of %s has %s requests/s a pod, where %.1f are sent", name, value, sent)
	}
	return value, err
}
