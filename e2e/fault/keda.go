package fault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// KEDA takes ScaledObjects as they are made here; status, HPA and values are its own.
const (
	scaledObjects = "/apis/keda.sh/v1alpha1/namespaces/" + shop + "/scaledobjects"
	scaled        = shop + "/web"
	services      = "/api/v1/namespaces/" + shop + "/services"
	kedaServer    = "/apis/apps/v1/namespaces/keda/deployments/keda-metrics-apiserver"
	externalAPI   = apiServices + "/v1beta1.external.metrics.k8s.io"
	prometheusURL = "http://prometheus-operated.monitoring.svc:9090"
	total         = "sum(max by (pod, addr) (rate(" + series + "{namespace=\"shop\"}[20s])))"
	nothing       = "sum(rate(nginx_requests_total{namespace=\"shop\"}[20s]))"
)

// kedas are faults of ScaledObjects.
func kedas() []Fault {
	const nulls = "ignoreNullValues" // are 0 by default
	windows := pods(add("/spec/template/spec/initContainers/0/args/-", "--rate.window=15s"))
	fallback := object{"fallback": object{"failureThreshold": 1, "replicas": 2}}
	elsewhere := object{"scaleTargetRef": object{"name": "wep"}}
	works := byKEDA(object{}, asking(prometheusURL, total))
	faults := []Fault{
		{Name: "healthy-keda-prometheus", inject: byKEDA(object{}, asking(prometheusURL, total, nulls, "false"))},
		{Name: "healthy-keda-direct", inject: all(windows, rateService, byKEDA(object{}, rateOf("web-rate", metric)))},
		{Name: "keda-paused", Want: "keda-paused", inject: paused("paused")},
		{Name: "keda-paused-scale-in", Want: "keda-paused", inject: paused("paused-scale-in")},
		{Name: "keda-target-missing", Want: "keda-scaledobject-not-ready", inject: byKEDA(elsewhere, asking(prometheusURL, total))},
		{Name: "keda-fallback", Want: "keda-fallback", inject: byKEDA(fallback, asking(prometheusURL, nothing, nulls, "false"))},
		{Name: "keda-rate-window", Want: "keda-rate-window", inject: all(rateService, byKEDA(object{}, rateOf("web-rate", metric)))},
		{Name: "keda-rate-service", Want: "keda-rate-service", inject: all(windows, byKEDA(object{}, rateOf("web", metric)))},
		{Name: "keda-value-location", Want: "keda-value-location", inject: all(windows, rateService, byKEDA(fallback, rateOf("web-rate", "nginx_requests_per_second")))},
		{Name: "keda-query-zero", Want: "keda-query-empty", inject: byKEDA(object{}, asking(prometheusURL, nothing))},
		{Name: "keda-query-empty", Want: "keda-query-empty", inject: byKEDA(object{}, asking(prometheusURL, nothing, nulls, "false"))},
		{Name: "keda-query-several", Want: "keda-query-empty", inject: byKEDA(object{}, asking(prometheusURL, series+" or up"))},
		{Name: "keda-query-syntax", Want: "query-syntax", inject: byKEDA(object{}, asking(prometheusURL, "sum(rate("+series+"[20s])"))},
		{Name: "keda-prometheus-url", Want: "adapter-prometheus-url", inject: byKEDA(object{}, asking("http://prometheus.monitoring.svc:9090", total))},
		// What is not told from outside: a Service without an address has every port.
		{Name: "keda-no-value", Want: "keda-no-value", inject: byKEDA(object{}, asking("http://prometheus-operated.monitoring.svc:9091", total))},
		{Name: "keda-api-missing", Want: "keda-missing", inject: all(works, remove(externalAPI))},
		{Name: "keda-api-down", Want: "keda-api-down", inject: all(works, patch(kedaServer, replace("/spec/replicas", 0)))},
	}
	for i := range faults {
		faults[i].Subject, faults[i].KEDA = scaled, true
	}
	return append([]Fault{{Name: "keda-missing", Want: "keda-missing", Subject: scaled, inject: works}}, faults...)
}

// asking is a trigger that asks Prometheus, rateOf one that asks the exporters.
func asking(address, text string, more ...string) object {
	return trigger("prometheus", append([]string{"serverAddress", address, "query", text, "threshold", "20"}, more...)...)
}

func rateOf(service, location string) object {
	return trigger("metrics-api", "url", "http://"+service+".shop.svc:9113/rate/15s", "format", "json", "valueLocation", location,
		"aggregateFromKubeServiceEndpoints", "true", "aggregationType", "sum", "targetValue", "20")
}

// trigger takes keys and values.
func trigger(kind string, pairs ...string) object {
	metadata := object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		metadata[pairs[i]] = pairs[i+1]
	}
	return object{"type": kind, "metricType": "AverageValue", "metadata": metadata}
}

// byKEDA has KEDA scale in place of the chart's HPA, with further fields of the
// spec.
func byKEDA(more, trigger object) change {
	return all(remove(autoscaler), scaledObject(object{"name": "web"}, more, trigger))
}

// paused is a ScaledObject with an annotation that pauses it.
func paused(annotation string) change {
	metadata := object{"name": "web", "annotations": object{"autoscaling.keda.sh/" + annotation: "true"}}
	return all(remove(autoscaler), scaledObject(metadata, object{}, asking(prometheusURL, total)))
}

// scaledObject creates one. At the mending it has to be gone, and its HPA with
// it, before another takes its place.
func scaledObject(metadata, more, trigger object) change {
	spec := object{
		"scaleTargetRef": object{"name": "web"}, "pollingInterval": 5, "minReplicaCount": 1, "maxReplicaCount": 5,
		"triggers": []object{trigger},
	}
	maps.Copy(spec, more)
	return func(ctx context.Context, c *Chain) error {
		c.later(func(ctx context.Context) error {
			return process.Await(ctx, time.Minute, func(ctx context.Context) error {
				return errors.Join(c.gone(ctx, scaledObjects+"/web"), c.gone(ctx, hpas+"/keda-hpa-web"))
			})
		})
		return create(scaledObjects, object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec,
		})(ctx, c)
	}
}

// gone is an error while there is such an object.
func (c *Chain) gone(ctx context.Context, at string) error {
	var o object
	err := c.client.Get(ctx, at, &o)
	switch {
	case kube.IsNotFound(err):
		return nil
	case err == nil:
		err = fmt.Errorf("%s is still there", at)
	}
	return err
}

// rateService leads to the exporters, as the Service of the chart does.
func rateService(ctx context.Context, c *Chain) error {
	return create(services, object{
		"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "web-rate"},
		"spec": object{"clusterIP": "None", "selector": object{"app": "web"}, "ports": []object{{"name": "exporter", "port": 9113}}},
	})(ctx, c)
}
