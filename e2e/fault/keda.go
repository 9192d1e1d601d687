package fault

import "context"

// KEDA itself does not run here. What it would write, a status and an HPA, is
// written in its place; the answers of everything else are real.
const (
	scaledObjects = "/apis/keda.sh/v1alpha1/namespaces/" + shop + "/scaledobjects"
	scaled        = shop + "/web"
)

// kedas are faults of ScaledObjects.
func kedas() []Fault {
	direct := trigger("metrics-api", object{"url": "http://web.shop.svc:9113/rate/15s", "valueLocation": "nginx_http_requests_per_second", "targetValue": "20"})
	query := func(text string) object {
		return trigger("prometheus", object{"serverAddress": "http://prometheus-operated.monitoring.svc:9090", "query": text, "threshold": "20"})
	}
	works := query("sum(rate(" + series + "{namespace=\"shop\"}[20s]))")
	// The adapter serves the API in KEDA's place, with other metrics than KEDA's.
	external := all(served(shop, adapter), rule("rules:\n", "externalRules:\n  - seriesQuery: '"+series+"{"+labels+"}'\n    resources:\n      overrides:\n"+nsLabel+
		"    name:\n      as: other\n    metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[20s]))'\nrules:\n"))
	ready := condition("Ready", "True", "ScaledObject is defined correctly and is ready for scaling")
	return []Fault{
		{Name: "keda-missing", Want: "keda-missing", Subject: scaled, inject: scaledObject(works)},
		{Name: "keda-paused", Want: "keda-paused", Subject: scaled, inject: all(scaledObject(works), scaledStatus(ready, condition("Paused", "True", "ScaledObject is paused")))},
		{Name: "keda-target-missing", Want: "keda-scaledobject-not-ready", Subject: scaled, inject: all(scaledObject(works), scaledStatus(
			condition("Ready", "False", "ScaledObject doesn't have correct scaleTargetRef specification")))},
		{Name: "keda-fallback", Want: "keda-fallback", Subject: scaled, inject: all(madeByKEDA(direct), scaledStatus(ready, condition("Fallback", "True", "At least one trigger is falling back")))},
		{Name: "keda-rate-window", Want: "keda-rate-window", Subject: scaled, inject: all(madeByKEDA(direct), scaledStatus(ready))},
		{Name: "keda-query-empty", Want: "keda-query-empty", Subject: scaled, inject: all(
			external, madeByKEDA(query("sum(rate(nginx_requests_total[20s]))")), scaledStatus(ready))},
		{Name: "keda-no-value", Want: "keda-no-value", Subject: scaled, inject: all(external, madeByKEDA(works), scaledStatus(ready))},
		{Name: "keda-api-missing", Want: "keda-missing", Subject: scaled, inject: all(madeByKEDA(works), scaledStatus(ready))},
		{Name: "keda-api-down", Want: "keda-api-down", Subject: scaled, inject: all(madeByKEDA(works), scaledStatus(ready), served("keda", "keda-operator-metrics-apiserver"))},
	}
}

// served registers the API of external metrics.
func served(namespace, service string) change {
	return create(apiServices, object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": object{"name": "v1beta1.external.metrics.k8s.io"},
		"spec": object{
			"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
			"insecureSkipTLSVerify": true, "service": object{"name": service, "namespace": namespace, "port": 443},
		},
	})
}

func trigger(kind string, metadata object) object {
	return object{"type": kind, "metricType": "AverageValue", "metadata": metadata}
}

func condition(kind, status, message string) object {
	return object{"type": kind, "status": status, "message": message}
}

func scaledObject(trigger object) change {
	return create(scaledObjects, object{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": object{"name": "web"},
		"spec": object{"scaleTargetRef": object{"name": "web"}, "triggers": []object{trigger}},
	})
}

// madeByKEDA is a ScaledObject with the HPA that KEDA makes of it, which takes
// the place of the chart's.
func madeByKEDA(trigger object) change {
	return all(remove(autoscaler), scaledObject(trigger), create(hpas, object{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
		"metadata": object{"name": "keda-hpa-web", "labels": object{"scaledobject.keda.sh/name": "web"}},
		"spec": object{
			"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 5,
			"metrics": []object{{"type": "External", "external": object{
				"metric": object{"name": "s0-web", "selector": object{"matchLabels": object{"scaledobject.keda.sh/name": "web"}}},
				"target": object{"type": "AverageValue", "averageValue": "20"},
			}}},
		},
	}))
}

// scaledStatus is what KEDA says of the ScaledObject.
func scaledStatus(conditions ...object) change {
	return func(ctx context.Context, c *Chain) error {
		return c.client.Patch(ctx, scaledObjects+"/web/status", add("/status", object{"hpaName": "keda-hpa-web", "conditions": conditions}))
	}
}
