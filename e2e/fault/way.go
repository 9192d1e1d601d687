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

// ways are faults between programs that are well, each for itself.
func ways() []Fault {
	const definitions = crds + "/"
	return []Fault{
		{Name: "adapter-firewall", Want: "adapter-unreachable", inject: lost("dport 6443")},
		{Name: "adapter-prometheus-firewall", Want: "adapter-prometheus-down", Search: true, inject: all(byName(), settled, lost("sport 9090"))},
		{Name: "adapter-without-dns", Want: "adapter-prometheus-down", inject: argument("--prometheus-url", "http://"+prometheusName+":9090")},
		{Name: "operator-down", Want: "monitor-not-loaded", inject: unseen(podMonitor)},
		{Name: "operator-missing", Want: "scrape-job-missing", Prometheus: "http://" + Second, inject: all(
			still, another(alone, ""), kept(podMonitor),
			remove(definitions+"podmonitors.monitoring.coreos.com"), remove(definitions+"servicemonitors.monitoring.coreos.com"))},
		{Name: "pod-without-label", Want: "scrape-partial", inject: all(
			patch(autoscaler, replace("/spec/minReplicas", 2)), labelled("track", "stable"),
			patch(podMonitor, replace("/spec/selector", object{"matchLabels": object{"app": "web", "track": "stable"}})))},
	}
}

// lost has packets to the pod of the adapter get lost, from or to a port, as a
// firewall or a policy of the network does.
func lost(ports string) change {
	return func(ctx context.Context, c *Chain) error {
		pods, err := c.podsAt(ctx, adapterPods)
		if err != nil {
			return err
		}
		for i := range pods {
			rule := "pref 11 to " + pods[i].Status.PodIP + " ipproto tcp " + ports + " lookup " + node.Hole
			if err := ip(ctx, "rule add "+rule); err != nil {
				return err
			}
			c.later(func(ctx context.Context) error { return ip(ctx, "rule del "+rule) })
		}
		return nil
	}
}

func ip(ctx context.Context, words string) error {
	_, err := process.Output(exec.CommandContext(ctx, "ip", strings.Fields(words)...))
	return err
}

// somePod is what is read of a pod.
type somePod struct {
	Metadata struct {
		Name, UID         string
		CreationTimestamp time.Time
	}
	Status struct {
		PodIP      string
		Conditions []struct{ Type, Status string }
	}
}

func (p *somePod) ready() bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}

func (c *Chain) podsAt(ctx context.Context, at string) ([]somePod, error) {
	var list struct{ Items []somePod }
	err := c.client.Get(ctx, at, &list)
	return list.Items, err
}

// settled waits until the chain works: what comes next is the fault.
func settled(ctx context.Context, c *Chain) error {
	return process.Await(ctx, 2*time.Minute, c.Healthy)
}

// another starts one more Prometheus.
func another(config, web string) change {
	return func(ctx context.Context, c *Chain) error {
		stop, err := c.scraper.Second(ctx, config, web)
		if stop != nil {
			c.later(func(context.Context) error { stop(); return nil })
		}
		return err
	}
}

// still stops prometheus-operator.
func still(_ context.Context, c *Chain) error {
	c.later(func(context.Context) error { return c.operated.Start() })
	c.operated.Stop()
	return nil
}

// kept has an object written back that goes with another one.
func kept(at string) change {
	return func(ctx context.Context, c *Chain) error {
		_, err := c.keep(ctx, at)
		return err
	}
}

// unseen has a monitor created anew while prometheus-operator does not look.
func unseen(at string) change {
	return func(ctx context.Context, c *Chain) error {
		o, err := c.keep(ctx, at)
		if err != nil {
			return err
		}
		if err := c.client.Delete(ctx, at, uid(o)); err != nil {
			return err
		}
		if err := process.Await(ctx, time.Minute, c.unscraped); err != nil {
			return err
		}
		if err := still(ctx, c); err != nil {
			return err
		}
		return c.restore(ctx, at, o)
	}
}

// unscraped is an error unless Prometheus gets no figures of the pods any more. The
// last ones of a job that is gone stay for five minutes.
func (c *Chain) unscraped(ctx context.Context) error {
	n, err := c.scraper.Query(ctx, `count(timestamp(up{namespace="`+shop+`"}) > time() - 12) or vector(0)`)
	if err == nil && n != 0 {
		err = fmt.Errorf("Prometheus still scrapes %v pods", n) //nolint:staticcheck // a name
	}
	return err
}

// labelled waits for a second pod of nginx, and gives the younger one a label.
func labelled(key, value string) change {
	return func(ctx context.Context, c *Chain) error {
		var younger *somePod
		err := process.Await(ctx, time.Minute, func(ctx context.Context) error {
			pods, err := c.podsAt(ctx, webPods)
			if err != nil {
				return err
			}
			if len(pods) != 2 || !pods[0].ready() || !pods[1].ready() {
				return errors.New("there are not two pods of nginx")
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
		c.later(func(ctx context.Context) error {
			err := c.client.Patch(ctx, at, without("/metadata/labels/"+key))
			if kube.IsNotFound(err) {
				return nil // the HPA has taken it away
			}
			return err
		})
		return c.client.Patch(ctx, at, add("/metadata/labels/"+key, value))
	}
}
