package fault

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

// networkFaults are faults between programs that work by themselves.
func networkFaults() []Fault {
	const definitions = crds + "/"
	return []Fault{
		{Name: "adapter-firewall", Want: "adapter-unreachable", inject: dropPackets("dport 6443")},
		{Name: "adapter-prometheus-firewall", Want: "adapter-prometheus-down", Search: true, inject: all(prometheusByName(), awaitHealthy, dropPackets("sport 9090"))},
		{Name: "adapter-without-dns", Want: "adapter-prometheus-down", inject: setArgument("--prometheus-url", "http://"+prometheusName+":9090",
			add("/spec/template/spec/dnsPolicy", "Default"))},
		{Name: "operator-down", Want: "monitor-not-loaded", inject: recreateUnseen(podMonitor)},
		{Name: "operator-missing", Want: "scrape-job-missing", Prometheus: "http://" + SecondAddress, inject: all(
			stopOperator, secondPrometheus(selfScrapeConfig, ""), saved(podMonitor),
			remove(definitions+"podmonitors.monitoring.coreos.com"), remove(definitions+"servicemonitors.monitoring.coreos.com"))},
		{Name: "pod-without-label", Want: "scrape-partial", inject: all(
			patch(autoscaler, replace("/spec/minReplicas", 2)), labelYoungerPod("track", "stable"),
			patch(podMonitor, replace("/spec/selector", object{"matchLabels": object{"app": "web", "track": "stable"}})))},
	}
}

// dropPackets drops packets to the pod of the adapter, from or to a port, as a
// firewall or NetworkPolicy does.
func dropPackets(ports string) change {
	return func(ctx context.Context, c *Injector) error {
		pods, err := c.client.Pods(ctx, adapterPods)
		if err != nil {
			return err
		}
		for i := range pods {
			rule := "pref 11 to " + pods[i].Status.PodIP + " ipproto tcp " + ports + " lookup " + node.DropTable
			if err := ip(ctx, "rule add "+rule); err != nil {
				return err
			}
			c.onRestore(func(ctx context.Context) error { return ip(ctx, "rule del "+rule) })
		}
		return nil
	}
}

func ip(ctx context.Context, words string) error {
	_, err := process.Output(exec.CommandContext(ctx, "ip", strings.Fields(words)...))
	return err
}

// awaitHealthy waits until everything works, before the fault proper.
func awaitHealthy(ctx context.Context, c *Injector) error {
	return process.Await(ctx, 2*time.Minute, c.Healthy)
}

// secondPrometheus starts another Prometheus.
func secondPrometheus(config, web string) change {
	return func(ctx context.Context, c *Injector) error {
		stop, err := c.prom.StartSecond(ctx, config, web)
		if stop != nil {
			c.onRestore(func(context.Context) error { stop(); return nil })
		}
		return err
	}
}

// stopOperator stops prometheus-operator.
func stopOperator(_ context.Context, c *Injector) error {
	c.onRestore(func(context.Context) error { return c.promOperator.Start() })
	c.promOperator.Stop()
	return nil
}

// saved restores an object that is deleted together with another one.
func saved(at string) change {
	return func(ctx context.Context, c *Injector) error {
		_, err := c.save(ctx, at)
		return err
	}
}

// recreateUnseen recreates a monitor while prometheus-operator is stopped.
func recreateUnseen(at string) change {
	return func(ctx context.Context, c *Injector) error {
		o, err := c.save(ctx, at)
		if err != nil {
			return err
		}
		if err := c.client.Delete(ctx, at, uid(o)); err != nil {
			return err
		}
		if err := process.Await(ctx, time.Minute, c.notScraped); err != nil {
			return err
		}
		if err := stopOperator(ctx, c); err != nil {
			return err
		}
		return c.restore(ctx, at, o)
	}
}

// notScraped returns an error while Prometheus scrapes the pods. The last samples of a
// removed job stay for five minutes.
func (c *Injector) notScraped(ctx context.Context) error {
	n, err := c.prom.Query(ctx, `count(timestamp(up{namespace="`+shop+`"}) > time() - 12) or vector(0)`)
	if err == nil && n != 0 {
		err = fmt.Errorf("Prometheus still scrapes %v pods", n)
	}
	return err
}

// labelYoungerPod waits for a second pod of nginx and labels the younger one.
func labelYoungerPod(key, value string) change {
	return func(ctx context.Context, c *Injector) error {
		var younger *kube.Pod
		err := process.Await(ctx, time.Minute, func(ctx context.Context) error {
			pods, err := c.client.Pods(ctx, webPods)
			if err != nil {
				return err
			}
			if len(pods) != 2 || !pods[0].Ready() || !pods[1].Ready() {
				return errors.New("nginx does not have two ready pods")
			}
			younger = &pods[0]
			if pods[1].Metadata.CreationTimestamp.After(younger.Metadata.CreationTimestamp) {
				younger = &pods[1]
			}
			return nil
		})
		if err != nil {
			return err
		}
		at := "/api/v1/namespaces/" + shop + "/pods/" + younger.Metadata.Name
		c.onRestore(func(ctx context.Context) error {
			err := c.client.Patch(ctx, at, removeField("/metadata/labels/"+key))
			if kube.IsNotFound(err) {
				return nil // the HPA has removed it
			}
			return err
		})
		return c.client.Patch(ctx, at, add("/metadata/labels/"+key, value))
	}
}
