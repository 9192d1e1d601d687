package dashboard

// byHPA selects series of kube-state-metrics.
const byHPA = `namespace=~"$namespace",horizontalpodautoscaler=~"$hpa"`

// scaling shows what an HPA sees, and what it does.
func scaling() Board {
	variables := []variable{
		{name: "namespace", label: "Namespace", metric: "nginx_up", values: "namespace", all: anyOrNo},
		{
			name: "hpa", label: "HPA", metric: `kube_horizontalpodautoscaler_spec_max_replicas{namespace=~"$namespace"}`,
			values: "horizontalpodautoscaler", one: true, all: anyValue,
		},
		// The workload of the HPA. Angie does not count requests that could be its metric.
		{
			name: "job", label: "Job", metric: `{__name__=~"nginx(plus)?_http_requests_total",namespace=~"$namespace"}`,
			values: "job", one: true, all: anyValue,
		},
	}
	return Board{
		Name: "scaling", Title: "nginx / Autoscaling", selector: bySelector, variables: variables,
		Description: "Metric, target and replicas of the HorizontalPodAutoscaler of nginx. Replicas need kube-state-metrics.",
		annotations: []annotation{alerts(), restarts(bySelector, false)},
		rows: []row{
			{panels: scalingNow()},
			{panels: append(scalingReplicas(), scalingPods()...)},
			{title: "KEDA", panels: scalingKEDA()},
		},
	}
}

const (
	needStateMetrics = "needs kube-state-metrics"
	needKEDA         = "needs KEDA, and its metrics in Prometheus"
)

func scalingNow() []*panel {
	hpa := func(metric string) string { return metric + `{` + byHPA + `}` }
	yes := map[string]string{"0": "no", "1": "yes"}
	return []*panel{
		stat("Metric available", unitNone, "Whether the HPA can read its metric (condition ScalingActive). If not, it does not scale: run nginx-exporter doctor hpa.",
			q(`min(kube_horizontalpodautoscaler_status_condition{`+byHPA+`,condition="ScalingActive",status="true"})`, "available")).
			words(yes, map[string]string{"0": "red", "1": green}).size(6, 3).empty(needStateMetrics),
		stat("At the maximum", unitNone, "Whether the HPA has reached maxReplicas. More load then goes to the same pods: raise maxReplicas.",
			q(`max(`+hpa("kube_horizontalpodautoscaler_status_current_replicas")+` >= bool `+hpa("kube_horizontalpodautoscaler_spec_max_replicas")+`)`, "maximum")).
			words(yes, map[string]string{"0": green, "1": orange}).size(6, 3).empty(needStateMetrics),
		stat("Replicas", unitCount, "Pods of the workload that the HPA counts now, ready or not.", q(`sum(`+hpa("kube_horizontalpodautoscaler_status_current_replicas")+`)`, "replicas")).
			digits(0).size(6, 3).empty(needStateMetrics),
		stat("Requests per pod", unitRate, "Mean requests per second of a pod: the value that the HPA compares with its target.", q(`avg(`+podRate+`)`, "requests")).
			size(6, 3).empty("needs the label pod: nginx outside of Kubernetes does not scale"),
	}
}

// podRate is what adapter and KEDA compute: each target once, then by pod.
const podRate = `sum by (cluster, namespace, pod) (max by (cluster, namespace, pod, instance, addr) (rate(nginx_http_requests_total{SELECT,pod!=""}[$__rate_interval])` +
	` or rate(nginxplus_http_requests_total{SELECT,pod!=""}[$__rate_interval])))`

func scalingReplicas() []*panel {
	hpa := func(metric string) string { return `sum(` + metric + `{` + byHPA + `})` }
	return []*panel{
		series("Replicas", unitCount, "Replicas of the HPA with its limits. If desired is above current for long, pods do not become ready, or the cluster is full.",
			q(hpa("kube_horizontalpodautoscaler_status_current_replicas"), "current"), q(hpa("kube_horizontalpodautoscaler_status_desired_replicas"), "desired"),
			q(hpa("kube_horizontalpodautoscaler_spec_min_replicas"), "minimum"), q(hpa("kube_horizontalpodautoscaler_spec_max_replicas"), "maximum")).
			steps().digits(0).color("current", green).color("desired", orange).dashed("minimum", grey).dashed("maximum", "red").size(12, 9).empty(needStateMetrics),
		series("Requests per pod and target", unitRate, "Mean requests per second of a pod, and the target of the HPA. Above the target the HPA adds pods; below, it removes them.",
			q(`avg(`+podRate+`)`, "requests per pod"),
			q(`max(kube_horizontalpodautoscaler_spec_target_metric{`+byHPA+`,metric_name!~"cpu|memory"})`, "target")).
			color("requests per pod", green).dashed("target", "red").size(12, 9).empty("needs the label pod"),
	}
}

func scalingPods() []*panel {
	const settled = podRate + ` and on (cluster, namespace, pod) count by (cluster, namespace, pod) (nginx_up{SELECT,pod!=""} offset $__rate_interval)`
	return []*panel{
		series("Requests and pods", unitRate, "Requests per second of all pods, and the number of pods that the exporter sees (right). Pods should follow requests after a minute or two.",
			q(`sum(`+podRate+`)`, "requests"), q(`count(`+podRate+`)`, "pods")).right("pods", unitCount).color("requests", blue).color("pods", orange).empty("needs the label pod"),
		series("Spread over pods", unitRate, "Requests per second of the busiest, the median and the idlest pod. If new pods get no requests, clients keep their connections to old ones (keep-alive).",
			q(`max(`+settled+`)`, "max"), q(`quantile(0.5, `+settled+`)`, "median"), q(`min(`+settled+`)`, "min")).
			color("max", "dark-orange").color("median", green).color("min", blue).empty("needs the label pod"),
		series("Pods with metrics", unitCount, "Pods whose nginx is scraped successfully, and replicas of the HPA. If the lines differ for long, the HPA does not see the load of some pods.",
			q(`count(count by (cluster, namespace, pod) (nginx_up{SELECT,pod!=""} == 1))`, "with metrics"),
			q(`sum(kube_horizontalpodautoscaler_status_current_replicas{`+byHPA+`})`, "replicas")).
			steps().digits(0).color("with metrics", green).color("replicas", orange).empty("needs the label pod"),
	}
}

func scalingKEDA() []*panel {
	// Prometheus renames the label namespace of KEDA if it has its own.
	const metric = `(keda_scaler_metrics_value{exported_namespace=~"$namespace"} or keda_scaler_metrics_value{namespace=~"$namespace"})`
	errors := `sum by (scaledObject) (increase(keda_scaler_detail_errors_total{exported_namespace=~"$namespace"}[$__rate_interval]) or ` +
		`increase(keda_scaler_detail_errors_total{namespace=~"$namespace"}[$__rate_interval]))`
	return []*panel{
		series("Rate computed by the exporter", unitRate, "nginx_http_requests_per_second of all pods by window, which engine keda-direct reads without Prometheus. It exists with --rate.window.",
			q(`sum by (window) (nginx_http_requests_per_second{SELECT} or nginxplus_http_requests_per_second{SELECT})`, "{{window}}")).empty("needs --rate.window"),
		series("Value read by KEDA", unitCount, "The value of each scaler of KEDA, the ten largest.",
			q(`max by (scaledObject) `+metric+` and on (scaledObject) topk(10, max by (scaledObject) (`+
				`max_over_time(keda_scaler_metrics_value{exported_namespace=~"$namespace"}[$__range] @ end()) or `+
				`max_over_time(keda_scaler_metrics_value{namespace=~"$namespace"}[$__range] @ end())))`, "{{scaledObject}}")).empty(needKEDA),
		series("Errors of KEDA", unitCount, "Failed reads of scalers per interval. With a fallback, KEDA sets the replicas in it.",
			q(top("scaledObject", errors), "{{scaledObject}}")).drawnAsBars().empty(needKEDA),
	}
}
