// Package fault injects one fault at a time into the path from nginx to its
// autoscaler, and restores it. It owns the table of faults and knows nothing of the
// tool that diagnoses them.
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

// What is installed: manifests/web.yaml and the chart with
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

// Autoscaler is the HPA, as NAMESPACE/NAME.
const Autoscaler = shop + "/" + name

// HPAUser is the HPA controller. An administrator gets responses that the HPA does
// not.
const HPAUser = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"

// Prometheus is the Prometheus server of the run.
type Prometheus interface {
	// Stop stops it, Start starts it again with its data.
	Stop()
	Start(ctx context.Context) error
	// Query evaluates an expression with one result.
	Query(ctx context.Context, expr string) (float64, error)
	// StartSecond starts another one at [SecondAddress], with its own configuration
	// or that of the first if empty, and a web configuration.
	StartSecond(ctx context.Context, config, web string) (stop func(), err error)
}

// SecondAddress is that of another Prometheus, OperatorAddress that of
// prometheus-operator.
const (
	SecondAddress   = "10.244.0.1:9092"
	OperatorAddress = "127.0.0.1:8081"
)

// PrometheusOperator is the prometheus-operator of the run.
type PrometheusOperator interface {
	Stop()
	Start() error
}

// Injector injects faults and restores what they changed.
type Injector struct {
	client       *kube.Client
	prom         Prometheus
	promOperator PrometheusOperator
	undo         []func(context.Context) error
}

// New returns an injector for an installation that works.
func New(client *kube.Client, prom Prometheus, promOperator PrometheusOperator) *Injector {
	return &Injector{client: client, prom: prom, promOperator: promOperator}
}

// Inject injects a fault.
func (c *Injector) Inject(ctx context.Context, f *Fault) error {
	if f.inject == nil { // the fault is in how doctor is called
		return nil
	}
	return f.inject(ctx, c)
}

// Restore undoes all changes in reverse order.
func (c *Injector) Restore(ctx context.Context) error {
	var all []error
	for i := len(c.undo) - 1; i >= 0; i-- {
		all = append(all, c.undo[i](ctx))
	}
	c.undo = nil
	return errors.Join(all...)
}

// onRestore adds what Restore does.
func (c *Injector) onRestore(do func(context.Context) error) { c.undo = append(c.undo, do) }

type object = map[string]any

// save reads an object, and writes it back on Restore.
func (c *Injector) save(ctx context.Context, at string) (object, error) {
	var o object
	if err := c.client.Get(ctx, at, &o); err != nil {
		return nil, err
	}
	c.onRestore(func(ctx context.Context) error { return c.restore(ctx, at, o) })
	return o, nil
}

// restore writes an object back, or creates it again.
func (c *Injector) restore(ctx context.Context, at string, o object) error {
	metadata, isObject := o["metadata"].(object)
	if !isObject {
		return fmt.Errorf("%s has no metadata", at)
	}
	// Controllers write to it concurrently.
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

// restartAdapter makes the adapter read its rules, which it does only at start.
func (c *Injector) restartAdapter(ctx context.Context) error {
	pods, err := c.client.Pods(ctx, adapterPods)
	if err != nil {
		return err
	}
	for i := range pods {
		pod := &pods[i].Metadata
		if err := c.client.Delete(ctx, "/api/v1/namespaces/"+shop+"/pods/"+pod.Name, pod.UID); err != nil {
			return err
		}
	}
	return nil
}
