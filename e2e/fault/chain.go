// Package fault breaks the way from nginx to its autoscaling in one place at a
// time, and mends it again. It owns the table of faults and knows nothing of who
// is to find them.
package fault

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// What the story has installed: manifests/web.yaml and the chart with
// manifests/shop.values.yaml.
const (
	shop       = "shop"
	monitoring = "monitoring"
	name       = "shop-nginx-exporter"
	adapter    = name + "-adapter"
	metric     = "nginx_http_requests_per_second"
	series     = "nginx_http_requests_total"

	web               = "/apis/apps/v1/namespaces/" + shop + "/deployments/web"
	webPods           = "/api/v1/namespaces/" + shop + "/pods?labelSelector=app%3Dweb"
	adapterDeployment = "/apis/apps/v1/namespaces/" + shop + "/deployments/" + adapter
	adapterPods       = "/api/v1/namespaces/" + shop + "/pods?labelSelector=app.kubernetes.io%2Fname%3Dnginx-exporter-adapter"
	adapterService    = "/api/v1/namespaces/" + shop + "/services/" + adapter
	adapterConfig     = "/api/v1/namespaces/" + shop + "/configmaps/" + adapter
	apiServices       = "/apis/apiregistration.k8s.io/v1/apiservices"
	apiService        = apiServices + "/v1beta1.custom.metrics.k8s.io"
	rbac              = "/apis/rbac.authorization.k8s.io/v1"
	hpas              = "/apis/autoscaling/v2/namespaces/" + shop + "/horizontalpodautoscalers"
	autoscaler        = hpas + "/" + name
	operator          = "/apis/monitoring.coreos.com/v1/namespaces/"
	podMonitors       = operator + shop + "/podmonitors"
	podMonitor        = podMonitors + "/" + name
	prometheus        = operator + monitoring + "/prometheuses/e2e"
	customMetrics     = "/apis/custom.metrics.k8s.io/v1beta1"
)

// Autoscaler is the HPA at the end of the chain, as NAMESPACE/NAME.
const Autoscaler = shop + "/" + name

// HPAUser asks for metrics in a real cluster. An administrator would get answers
// that the HPA does not.
const HPAUser = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"

// Scraper is Prometheus.
type Scraper interface {
	// Stop ends it, Start starts it again with all that it knew.
	Stop()
	Start(ctx context.Context) error
	// Query asks it for one number.
	Query(ctx context.Context, expr string) (float64, error)
	// Second starts one more at [Second], with a configuration of its own or that
	// of the first, and what it wants of those who ask.
	Second(ctx context.Context, config, web string) (stop func(), err error)
}

// Second is where one more Prometheus listens, Operator where prometheus-operator
// does.
const (
	Second   = "10.244.0.1:9092"
	Operator = "127.0.0.1:8081"
)

// Operated is prometheus-operator.
type Operated interface {
	Stop()
	Start() error
}

// Chain is what faults are put into.
type Chain struct {
	client   *kube.Client
	scraper  Scraper
	operated Operated
	undo     []func(context.Context) error
}

// New takes a chain that works.
func New(client *kube.Client, scraper Scraper, operated Operated) *Chain {
	return &Chain{client: client, scraper: scraper, operated: operated}
}

// Break puts the fault in.
func (c *Chain) Break(ctx context.Context, f *Fault) error {
	if f.inject == nil { // it is who asks, or how
		return nil
	}
	return f.inject(ctx, c)
}

// Mend takes out whatever was put in, the last first.
func (c *Chain) Mend(ctx context.Context) error {
	var all []error
	for i := len(c.undo) - 1; i >= 0; i-- {
		all = append(all, c.undo[i](ctx))
	}
	c.undo = nil
	return errors.Join(all...)
}

// later keeps what is to be done at the mending.
func (c *Chain) later(do func(context.Context) error) { c.undo = append(c.undo, do) }

type object = map[string]any

// keep reads an object, and has it written back at the mending.
func (c *Chain) keep(ctx context.Context, at string) (object, error) {
	var o object
	if err := c.client.Get(ctx, at, &o); err != nil {
		return nil, err
	}
	c.later(func(ctx context.Context) error { return c.restore(ctx, at, o) })
	return o, nil
}

// restore writes an object back, whether it is still there or not.
func (c *Chain) restore(ctx context.Context, at string, o object) error {
	metadata, isObject := o["metadata"].(object)
	if !isObject {
		return fmt.Errorf("%s has no metadata", at)
	}
	// Controllers write to it at the same time.
	return process.Await(ctx, 20*time.Second, func(ctx context.Context) error {
		var now struct {
			Metadata struct{ ResourceVersion string }
		}
		err := c.client.Get(ctx, at, &now)
		if err == nil {
			metadata["resourceVersion"] = now.Metadata.ResourceVersion
			return c.client.Replace(ctx, at, o)
		}
		if !kube.IsNotFound(err) {
			return err
		}
		for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
			delete(metadata, field)
		}
		delete(o, "status")
		return c.client.Create(ctx, path.Dir(at), o, nil)
	})
}

// restart has the adapter read its rules: it does so only when it starts.
func (c *Chain) restart(ctx context.Context) error {
	var pods struct {
		Items []struct {
			Metadata struct{ Name, UID string }
		}
	}
	if err := c.client.Get(ctx, adapterPods, &pods); err != nil {
		return err
	}
	for i := range pods.Items {
		pod := &pods.Items[i].Metadata
		if err := c.client.Delete(ctx, "/api/v1/namespaces/"+shop+"/pods/"+pod.Name, pod.UID); err != nil {
			return err
		}
	}
	return nil
}
