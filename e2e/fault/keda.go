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

// The ScaledObjects are created here; status, HPA and values are those of KEDA.
const (
	scaledObjects = "/apis/keda.sh/v1alpha1/namespaces/" + shop + "/scaledobjects"
	scaled        = shop + "/web"
	services      = "/api/v1/namespaces/" + shop + "/services"
	kedaServer    = "/apis/apps/v1/namespaces/keda/deployments/keda-metrics-apiserver"
	externalAPI   = apiServices + "/v1beta1.external.metrics.k8s.io"
	prometheusURL = "http://prometheus-operated.monitoring.svc:9090"
	totalQuery    = "sum(max by (pod, addr) (rate(" + series + "{namespace=\"shop\"}[20s])))"
	emptyQuery    = "sum(rate(nginx_requests_total{namespace=\"shop\"}[20s]))"
)

// kedaFaults are faults of ScaledObjects.
func kedaFaults() []Fault {
	const nulls = "ignoreNullValues" // treated as 0 by default
	windows := pods(add("/spec/template/spec/initContainers/0/args/-", "--rate.window=15s"))
	fallback := object{"fallback": object{"failureThreshold": 1, "replicas": 2}}
	missing := object{"scaleTargetRef": object{"name": "wep"}}
	works := scaleByKEDA(object{}, prometheusTrigger(prometheusURL, totalQuery))
	faults := []Fault{
		{Name: "healthy-keda-prometheus", inject: scaleByKEDA(object{}, prometheusTrigger(prometheusURL, totalQuery, nulls, "false"))},
		{Name: "healthy-keda-direct", inject: all(windows, rateService, scaleByKEDA(object{}, rateTrigger("web-rate", metric)))},
		{Name: "keda-paused", Want: "keda-paused", inject: paused("paused")},
		{Name: "keda-paused-scale-in", Want: "keda-paused", inject: paused("paused-scale-in")},
		{Name: "keda-target-missing", Want: "keda-scaledobject-not-ready", inject: scaleByKEDA(missing, prometheusTrigger(prometheusURL, totalQuery))},
		{Name: "keda-fallback", Want: "keda-fallback", inject: scaleByKEDA(fallback, prometheusTrigger(prometheusURL, emptyQuery, nulls, "false"))},
		{Name: "keda-rate-window", Want: "keda-rate-window", inject: all(rateService, scaleByKEDA(object{}, rateTrigger("web-rate", metric)))},
		{Name: "keda-rate-service", Want: "keda-rate-service", inject: all(windows, scaleByKEDA(object{}, rateTrigger("web", metric)))},
		{Name: "keda-value-location", Want: "keda-value-location", inject: all(windows, rateService, scaleByKEDA(fallback, rateTrigger("web-rate", "nginx_requests_per_second")))},
		{Name: "keda-query-zero", Want: "keda-query-empty", inject: scaleByKEDA(object{}, prometheusTrigger(prometheusURL, emptyQuery))},
		{Name: "keda-query-empty", Want: "keda-query-empty", inject: scaleByKEDA(object{}, prometheusTrigger(prometheusURL, emptyQuery, nulls, "false"))},
		{Name: "keda-query-several", Want: "keda-query-empty", inject: scaleByKEDA(object{}, prometheusTrigger(prometheusURL, series+" or up"))},
		{Name: "keda-query-syntax", Want: "query-syntax", inject: scaleByKEDA(object{}, prometheusTrigger(prometheusURL, "sum(rate("+series+"[20s])"))},
		{Name: "keda-prometheus-url", Want: "adapter-prometheus-url", inject: scaleByKEDA(object{}, prometheusTrigger("http://prometheus.monitoring.svc:9090", totalQuery))},
		// Not recognizable from outside: a headless Service accepts every port.
		{Name: "keda-no-value", Want: "keda-no-value", inject: scaleByKEDA(object{}, prometheusTrigger("http://prometheus-operated.monitoring.svc:9091", totalQuery))},
		{Name: "keda-api-missing", Want: "keda-missing", inject: all(works, remove(externalAPI))},
		{Name: "keda-api-down", Want: "keda-api-down", inject: all(works, patch(kedaServer, replace("/spec/replicas", 0)))},
	}
	for i := range faults {
		faults[i].Subject, faults[i].KEDA = scaled, true
	}
	return append([]Fault{{Name: "keda-missing", Want: "keda-missing", Subject: scaled, inject: works}}, faults...)
}

// prometheusTrigger queries Prometheus, rateTrigger the exporters.
func prometheusTrigger(address, text string, more ...string) object {
	return trigger("prometheus", append([]string{"serverAddress", address, "query", text, "threshold", "20"}, more...)...)
}

func rateTrigger(service, location string) object {
	return trigger("metrics-api", "url", "http://"+service+".shop.svc:9113/rate/15s", "format", "json", "valueLocation", location,
		"aggregateFromKubeServiceEndpoints", "true", "aggregationType", "sum", "targetValue", "20")
}

// trigger has these pairs of keys and values.
func trigger(kind string, pairs ...string) object {
	metadata := object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		metadata[pairs[i]] = pairs[i+1]
	}
	return object{"type": kind, "metricType": "AverageValue", "metadata": metadata}
}

// scaleByKEDA replaces the HPA of the chart by a ScaledObject with more fields of
// the spec.
func scaleByKEDA(more, trigger object) change {
	return all(remove(autoscaler), scaledObject(object{"name": "web"}, more, trigger))
}

// paused is a ScaledObject with an annotation that pauses it.
func paused(annotation string) change {
	metadata := object{"name": "web", "annotations": object{"autoscaling.keda.sh/" + annotation: "true"}}
	return all(remove(autoscaler), scaledObject(metadata, object{}, prometheusTrigger(prometheusURL, totalQuery)))
}

// scaledObject creates one. Restore waits until it and its HPA are deleted.
func scaledObject(metadata, more, trigger object) change {
	spec := object{
		"scaleTargetRef": object{"name": "web"}, "pollingInterval": 5, "minReplicaCount": 1, "maxReplicaCount": 5,
		"triggers": []object{trigger},
	}
	maps.Copy(spec, more)
	return func(ctx context.Context, c *Injector) error {
		c.onRestore(func(ctx context.Context) error {
			return process.Await(ctx, time.Minute, func(ctx context.Context) error {
				return errors.Join(c.gone(ctx, scaledObjects+"/web"), c.gone(ctx, hpas+"/keda-hpa-web"))
			})
		})
		return create(scaledObjects, object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec,
		})(ctx, c)
	}
}

// gone returns an error while the object exists.
func (c *Injector) gone(ctx context.Context, at string) error {
	var o object
	err := c.client.Get(ctx, at, &o)
	switch {
	case kube.IsNotFound(err):
		return nil
	case err == nil:
		err = fmt.Errorf("%s still exists", at)
	}
	return err
}

// rateService creates a Service for the exporters, like that of the chart.
func rateService(ctx context.Context, c *Injector) error {
	return create(services, object{
		"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "web-rate"},
		"spec": object{"clusterIP": "None", "selector": object{"app": "web"}, "ports": []object{{"name": "exporter", "port": 9113}}},
	})(ctx, c)
}
