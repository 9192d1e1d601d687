package hpa

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// scenes are realistic clusters that no recording has.
func scenes() []scene {
	return slices.Concat([]scene{{name: "one that works", verdict: doctor.Healthy}},
		realPrometheus(), realScrapes(), realRules(), realPods(), realMetrics(), realPermissions(), realKEDA())
}

func adapterAt(address string, more ...string) string {
	return adapterWith(strings.Join(append([]string{strings.ReplaceAll(realAdapter, "http://kps-prometheus.monitoring.svc:9090/", address)}, more...), ","))
}

func realPrometheus() []scene {
	const query = promAPI + "query"
	other := "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/"
	operated := responses{other + "query": vector(valued(realSeries, "1")), other + "targets": realTargets}
	at := func(address string, more ...string) responses {
		a := maps.Clone(operated)
		a[adapterPath] = adapterAt(address, more...)
		return a
	}
	external := at("http://prometheus.monitoring.svc:9090")
	external["/api/v1/namespaces/monitoring/services/prometheus"] = `{"spec": {"type": "ExternalName", "externalName": "prometheus.example.com"}}`
	tls := maps.Clone(operated)
	tls[adapterPath], tls[operatorAPI+"prometheuses"] = adapterAt("https://prometheus.example.com"), items(`{"metadata": {"namespace": "monitoring"}, "spec": {"web": {"tlsConfig": {"cert": {}}}}}`)
	delete(tls, other+"query")
	https := strings.Replace(other, "services/", "services/https:", 1)
	tls[https+"query"], tls[https+"targets"] = operated[other+"query"], realTargets
	shell := strings.NewReplacer(`"args": ["/adapter", "--secure`, `"command": ["sh", "-c", "exec /adapter --secure`, `", "--`, ` --`, `"], "volume`, `"], "volume`).Replace(realAdapter)
	variable := strings.NewReplacer("http://kps-prometheus.monitoring.svc:9090/", "$(URL)", `"args"`, `"env": [{"name": "URL", "value": "http://kps-prometheus.monitoring.svc:9090"}], "args"`).Replace(realAdapter)
	return []scene{
		{"a network that keeps the API server out", responses{query: "Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.0.0.7:9090: i/o timeout"}, nil, doctor.Inconclusive, "prometheus-out-of-reach", ""},
		{"a proxy that denies access", responses{query: "Error from server (Forbidden): Forbidden (user=system:anonymous, verb=get, resource=prometheuses, subresource=api)"}, nil, doctor.Inconclusive, "prometheus-login", ""},
		{"TLS at that port", responses{query: "Error from server (BadRequest): the server rejected our request for an unknown reason"}, nil, doctor.Unhealthy, "prometheus-other-program", ""},
		{"a port that the Service does not have", at("http://kps-prometheus.monitoring.svc:80"), nil, doctor.Unhealthy, "adapter-prometheus-url", "http-web 9090"},
		{"a Service without endpoints", responses{query: `Error from server (NotFound): endpoints "kps-prometheus" not found`}, nil, doctor.Unhealthy, "prometheus-down", ""},
		{"an address in a variable", at("$(URL)", `{"name": "x", "image": "y"}`), nil, doctor.Healthy, "", ""},
		{"a line for a shell", responses{adapterPath: adapterWith(shell)}, nil, doctor.Healthy, "", "kps-prometheus"},
		{"a variable with the address", responses{adapterPath: adapterWith(variable)}, nil, doctor.Healthy, "", "kps-prometheus"},
		{"a sidecar that signs", at("http://localhost:8005", `{"name": "sigv4", "image": "aws-sigv4-proxy"}`), nil, doctor.Healthy, "", ""},
		{"no sidecar", at("http://127.0.0.1:9090"), nil, doctor.Unhealthy, "adapter-prometheus-url", "no other container"},
		{"a Service with a name of outside", external, nil, doctor.Healthy, "", ""},
		{"Prometheus with TLS", tls, nil, doctor.Healthy, "", "https://prometheus-operated"},
		{"no permission to look for it", responses{
			adapterPath:                  "Error from server (Forbidden): deployments is forbidden: User \"me\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"monitoring\"",
			operatorAPI + "prometheuses": "Error from server (Forbidden): prometheuses is forbidden: User \"me\" cannot list resource \"prometheuses\"",
		}, nil, doctor.Inconclusive, "right-missing", "--prometheus.url"},
	}
}

func realScrapes() []scene {
	const targets = promAPI + "targets"
	none := vector()
	target := func(url, health, pool, labels string) string {
		return `{"scrapeUrl": "` + url + `", "health": "` + health + `", "scrapeInterval": "30s", "scrapePool": "` + pool + `", "labels": ` + labels + `}`
	}
	active := func(all ...string) string {
		return `{"status": "success", "data": {"activeTargets": [` + strings.Join(all, ",") + `]}}`
	}
	const web1 = `{"namespace": "shop", "pod": "web-1", "instance": "10.0.0.1:9113", "job": "web"}`
	six := strings.Replace(podWith("web-1", realContainer), "10.0.0.1", "fd00::1", 1)
	monitors := func(all ...string) responses {
		return responses{targets: noTargetsYet, operatorAPI + "servicemonitors": items(all...)}
	}
	const unlabelled = `{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "metrics"}]}}`
	ingress := `{"metadata": {"name": "nginx-front", "namespace": "shop", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "front"}}, "endpoints": [{"port": "metrics"}]}}`
	stranger := monitors(strings.NewReplacer(`"namespace": "shop"`, `"namespace": "team-a"`, "nginx-front", "nginx").Replace(ingress))
	stranger["/api/v1/namespaces/shop/services"] = items(`{"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 9113, "targetPort": "metrics"}]}}`)
	front := monitors(ingress)
	front[targets] = active(target("http://10.0.0.3:9113/metrics", "up", "serviceMonitor/shop/nginx-front/0", `{"namespace": "shop", "pod": "front-1"}`))
	app := monitors(`{"metadata": {"name": "app", "namespace": "shop", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "http"}]}}`)
	app[targets] = active(target("http://10.0.0.1:80/metrics", "up", "serviceMonitor/shop/app/0", web1))
	oneMore := items(podWith("web-1", realContainer), strings.NewReplacer("10:00:00Z", "11:59:50Z", `"True"`, `"False"`).Replace(podWith("web-2", realContainer)))
	old := `{"__name__": "nginx_http_requests_total", "kubernetes_namespace": "shop", "kubernetes_pod_name": "web-1", "instance": "10.0.0.1:9113", "job": "web"}`
	byOld, _ := json.Marshal(strings.NewReplacer("template: <<.Resource>>", `overrides: {kubernetes_namespace: {resource: namespace}, kubernetes_pod_name: {resource: pod}}`).Replace(defaultRules)) // a text
	forbid := "Error from server (Forbidden): podmonitors.monitoring.coreos.com is forbidden: User \"me\" cannot list resource \"podmonitors\""
	return []scene{
		{"Thanos, which has no targets", responses{targets: noTargetsYet}, nil, doctor.Healthy, "", "no targets"},
		{"series of before a start", responses{targets: noTargetsYet, promAPI + "status/runtimeinfo": `{"status": "success", "data": {"startTime": "2026-11-25T11:59:50Z"}}`}, series{"timestamp(": vector(valued(realSeries, "1795607980"))}, doctor.Pending, "", "just started"},
		{"a removed job beside the current one", responses{targets: active(target("http://10.0.0.1:9113/metrics", "up", "new", web1))}, series{"nginx": vector(
			valued(`{"__name__": "nginx_http_requests_total", "namespace": "shop", "pod": "web-1", "instance": "10.0.0.1:9113", "job": "web"}`, "7"),
			valued(`{"__name__": "nginx_http_requests_total", "namespace": "shop", "pod": "web-1", "instance": "10.0.0.1:9113", "job": "old"}`, "7"),
		)}, doctor.Healthy, "", ""},
		{"series that get no samples any more", responses{targets: noTargetsYet}, series{
			"@ 1795607899.999": vector(valued(realSeries, "1795607885")), "timestamp(": vector(valued(realSeries, "1795607900")),
		}, doctor.Inconclusive, "unknown", ""},
		{"series that seldom get samples", responses{targets: noTargetsYet}, series{
			"@ 1795607899.999": vector(valued(realSeries, "1795607840")), "timestamp(": vector(valued(realSeries, "1795607900")),
		}, doctor.Healthy, "", "no targets"},
		{"series with one sample, so that the interval is unknown", responses{targets: noTargetsYet}, series{
			"@ 1795607899.999": vector(), "timestamp(": vector(valued(realSeries, "1795607900")),
		}, doctor.Healthy, "", "no targets"},
		{"VictoriaMetrics, which has no targets there", responses{targets: "Error from server (BadRequest): the server rejected our request"}, nil, doctor.Healthy, "", ""},
		{"a proxy before the exporter", responses{targets: active(target("https://10.0.0.1:9443/metrics", "up", "serviceMonitor/shop/web/0", web1))}, nil, doctor.Healthy, "", ""},
		{"IPv6, and a job that sets no labels", responses{podsPath: items(six), targets: active(target("http://[fd00::1]:9113/metrics", "up", "static", `{"instance": "x"}`))}, nil, doctor.Healthy, "", "1 of 1 pods"},
		{"a label that Prometheus requires", monitors(unlabelled), series{"nginx": none}, doctor.Unhealthy, "monitor-ignored", "release=kps"},
		{"a monitor of nginx in another namespace", stranger, series{"nginx": none}, doctor.Unhealthy, "monitor-missing", ""},
		{"a monitor of other pods", front, series{"nginx": none}, doctor.Unhealthy, "monitor-missing", ""},
		{"a monitor of another port", app, series{"nginx": none}, doctor.Unhealthy, "monitor-missing", ":80/metrics by"},
		{"no list of jobs", responses{targets: noTargetsYet}, series{"nginx": none}, doctor.Inconclusive, "unknown", "its jobs"},
		{
			"a pod that has just come",
			responses{podsPath: oneMore, targets: active(target("http://10.0.0.1:9113/metrics", "up", "x", web1), target("http://10.0.0.2:9113/metrics", "down", "x", `{"namespace": "shop", "pod": "web-2"}`))},
			nil, doctor.Healthy, "", "",
		},
		{
			"labels of old jobs, and a rule for them",
			responses{rulesPath: `{"data": {"config.yaml": ` + string(byOld) + `}}`},
			series{`namespace="shop",pod=~`: none, "nginx": vector(valued(old, "7"))},
			doctor.Healthy, "", "other labels for the pods",
		},
		{"labels of old jobs, and no rule for them", nil, series{`namespace="shop",pod=~`: none, "nginx": vector(valued(old, "7"))}, doctor.Unhealthy, "series-relabelled", ""},
		{
			"a missing permission to list monitors",
			responses{targets: noTargetsYet, operatorAPI + "podmonitors": forbid, operatorAPI + "namespaces/shop/podmonitors": items(), operatorAPI + "servicemonitors": items()},
			series{"nginx": none},
			doctor.Inconclusive, "right-missing", "podmonitors",
		},
		{
			"no permission for one kind of monitors",
			responses{targets: noTargetsYet, operatorAPI + "podmonitors": forbid, operatorAPI + "namespaces/shop/podmonitors": forbid},
			series{"nginx": none},
			doctor.Inconclusive, "right-missing", "podmonitors",
		},
	}
}

func realRules() []scene {
	hpa := responses{hpaPath: realHPA(strings.Replace(podsMetric, "nginx_http_requests", "nginx_http_requests_per_second", 1))}
	all := series{"connections": vector(valued(`{"__name__": "nginx_connections_active", "namespace": "shop", "pod": "web-1"}`, "1"), valued(`{"__name__": "up", "namespace": "shop", "pod": "web-1"}`, "1"), valued(realSeries, "1"))}
	return []scene{
		{"another name than that of the default rules", hpa, all, doctor.Unhealthy, "metric-name", `makes nginx_http_requests of the series(?s:.*)a rule to add; or use nginx_http_requests in(?s:.*)keep the other rules`},
	}
}

func realPods() []scene {
	pods := func(all ...string) responses { return responses{podsPath: items(all...)} }
	const fpm = `{"name": "php-fpm-exporter", "image": "hipages/php-fpm_exporter", "ports": [{"containerPort": 9253}]}, {"name": "nginx", "image": "nginx"}, `
	moved := pods(podWith("web-1", strings.Replace(realContainer, `"ports"`, `"args": ["--web.telemetry-path=/status/metrics"], "ports"`, 1)))
	moved[podsPath+"/web-1:9113/proxy/status/metrics"] = "nginx_up 1"
	moved[expositionPath] = "Error from server (NotFound): the server could not find the requested resource"
	unreachable := responses{podsPath: items(podWith("web-1", realContainer), podWith("web-2", realContainer), podWith("web-3", realContainer), podWith("web-4", realContainer))}
	for _, name := range []string{"web-1", "web-2", "web-3"} {
		unreachable[podsPath+"/"+name+":9113/proxy/metrics"] = "error: kubectl got no response"
	}
	unreachable[podsPath+"/web-4:9113/proxy/metrics"] = "nginx_up 0" // a fourth request is not sent
	young := func(p string) string { return strings.Replace(p, "10:00:00Z", "11:58:00Z", 1) }
	strange := responses{
		hpaPath:                strings.NewReplacer("apps/v1", "example.com/v1", "Deployment", "Nginx").Replace(realHPA(podsMetric)),
		"/apis/example.com/v1": `{"resources": [{"name": "nginxes", "kind": "Nginx"}]}`,
		"/apis/example.com/v1/namespaces/shop/nginxes/web":       `{"metadata": {"name": "web"}, "spec": {"selector": "app=web", "template": "large"}}`,
		"/apis/example.com/v1/namespaces/shop/nginxes/web/scale": `{"spec": {"replicas": 1}, "status": {"replicas": 1, "selector": "app=web"}}`,
	}
	old := responses{hpaPath: strings.Replace(realHPA(podsMetric), "apps/v1", "apps/v1beta2", 1)}
	rollout := responses{
		hpaPath:                      strings.NewReplacer("apps/v1", "argoproj.io/v1alpha1", "Deployment", "Rollout").Replace(realHPA(podsMetric)),
		"/apis/argoproj.io/v1alpha1": `{"resources": [{"name": "rollouts", "kind": "Rollout"}, {"name": "rollouts/scale", "kind": "Rollout"}]}`,
		"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web":       `{"metadata": {"name": "web"}, "spec": {"workloadRef": {"name": "web"}}}`,
		"/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/scale": `{"spec": {"replicas": 1}, "status": {"replicas": 1, "selector": "app=web"}}`,
	}
	return []scene{
		{"another exporter beside it", pods(podWith("web-1", fpm+realContainer)), nil, doctor.Healthy, "", ""},
		{"a page at another path", moved, nil, doctor.Healthy, "", "nginx_up is 1"},
		{"pods that cannot be reached", unreachable, nil, doctor.Healthy, "scrape-partial", "not checked"},
		{"a rollout that adds the exporter", pods(podWith("web-0", `{"name": "nginx", "image": "nginx"}`), young(podWith("web-1", realContainer))), nil, doctor.Pending, "", "rollout"},
		{"pods that stay without", pods(podWith("web-0", `{"name": "nginx", "image": "nginx"}`), podWith("web-1", realContainer)), nil, doctor.Unhealthy, "exporter-missing", ""},
		{"an older version in scaleTargetRef", old, nil, doctor.Healthy, "", ""},
		{"a Rollout of a Deployment", rollout, nil, doctor.Healthy, "", ""},
		{"a kind with something else in spec", strange, nil, doctor.Healthy, "", "app=web"},
		{"an HPA on another program", responses{
			hpaPath:  strings.Replace(realHPA(podsMetric), "nginx_http_requests", "queue_length", 1),
			podsPath: items(podWith("web-1", `{"name": "worker", "image": "shop/worker:3"}`)),
		}, nil, doctor.Inconclusive, "unknown", "may be a metric of another program"},
		{"an ingress controller without exporter", pods(podWith("web-1", `{"name": "controller", "image": "registry.k8s.io/ingress-nginx/controller:v1.13.2"}`)), nil, doctor.Inconclusive, "ingress-controller-metric", "do not inject"},
		{"an ingress controller", responses{expositionPath: "nginx_ingress_controller_requests 7"}, nil, doctor.Unhealthy, "exporter-other-program", "no nginx_up"},
	}
}

func realMetrics() []scene {
	object := func(described string) string {
		return `{"type": "Object", "object": {"metric": {"name": "nginx_http_requests"}, "target": {"type": "Value", "value": "20"}, "describedObject": ` + described + `}}`
	}
	listed := func(name string) responses {
		return responses{customAPI: `{"resources": [{"name": "` + name + `/nginx_http_requests"}]}`}
	}
	ingress, space := listed("ingresses.networking.k8s.io"), listed("namespaces")
	ingress[hpaPath] = realHPA(object(`{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}`))
	ingress[customAPI+"/namespaces/shop/ingresses.networking.k8s.io/web/nginx_http_requests"] = `{"items": [{"value": "3"}]}`
	space[hpaPath] = realHPA(object(`{"apiVersion": "v1", "kind": "Namespace", "name": "shop"}`))
	space[customAPI+"/namespaces/shop/metrics/nginx_http_requests"] = `{"items": [{"value": "3"}]}`
	const cpu = `{"type": "Resource", "resource": {"name": "cpu"}}, {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "nginx"}}, `
	datadog := responses{
		hpaPath:                                 realHPA(`{"type": "External", "external": {"metric": {"name": "nginx.net.request_per_s"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`),
		externalAPI:                             `{"spec": {"service": {"name": "datadog-cluster-agent-metrics-api", "namespace": "datadog"}}}`,
		"/apis/external.metrics.k8s.io/v1beta1": `{}`,
		"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/nginx.net.request_per_s": `{"items": [{"value": "3"}]}`,
	}
	empty, away := maps.Clone(datadog), maps.Clone(datadog)
	empty["/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/nginx.net.request_per_s"] = `{"items": []}`
	away["/apis/external.metrics.k8s.io/v1beta1"] = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
	stuck := maps.Clone(datadog)
	stuck["/apis/external.metrics.k8s.io/v1beta1"] = "error: kubectl got no response within 20s"
	unserved := maps.Clone(datadog)
	delete(unserved, externalAPI)
	google := responses{hpaPath: realHPA(`{"type": "Pods", "pods": {"metric": {"name": "prometheus.googleapis.com|nginx_http_requests_total|counter"}}}`)}
	local := responses{apiServices + "v1beta1.custom.metrics.k8s.io": `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {}}`}
	// The value is low since two minutes; the HPA waits for five.
	calm := responses{hpaPath: strings.NewReplacer(`"currentReplicas": 1`, `"currentReplicas": 3, "currentMetrics": [{"pods": {"metric": {"name": "nginx_http_requests"}, "current": {"averageValue": "2"}}}]`,
		`{"type": "AbleToScale", "status": "True"}`, `{"type": "AbleToScale", "status": "True", "reason": "ScaleDownStabilized", "lastTransitionTime": "2026-11-25T11:58:00Z"}`).Replace(realHPA(podsMetric))}
	picky := responses{hpaPath: realHPA(strings.Replace(podsMetric, `"name": "nginx_http_requests"`, `"name": "nginx_http_requests", "selector": {"matchLabels": {"addr": "x"}}`, 1)), valuePath: `{"items": []}`}
	return []scene{
		{"a metric of an Ingress", ingress, nil, doctor.Healthy, "", "on nginx_http_requests, target 20 for all pods"},
		{"a metric of a namespace", space, nil, doctor.Healthy, "", ""},
		{"several metrics", responses{hpaPath: realHPA(cpu + podsMetric)}, nil, doctor.Healthy, "", ""},
		{"Datadog", datadog, nil, doctor.Healthy, "", ""},
		{"Datadog without a value", empty, nil, doctor.Unhealthy, "unknown", ""},
		{"Datadog that is down", away, nil, doctor.Unhealthy, "unknown", ""},
		{"Datadog that hangs", stuck, nil, doctor.Unhealthy, "unknown", "got no response"},
		{"external metrics that are not served", unserved, nil, doctor.Unhealthy, "api-missing", ""},
		{"an API without a Service", local, nil, doctor.Unhealthy, "api-missing", "Nothing is registered for custom.metrics.k8s.io"},
		{"an HPA that waits before it scales down", calm, nil, doctor.Healthy, "", "will scale down within 3m0s, at the end of the stabilization window of 5m0s"},
		{"a metric name of GKE", google, nil, doctor.Inconclusive, "platform-unsupported", ""},
		{"a selector that no series has", picky, series{`addr=~"x"`: vector()}, doctor.Unhealthy, "query-empty", ""},
		{"a tenant that has no series", responses{valuePath: `{"items": []}`}, nil, doctor.Unhealthy, "unknown", "same tenant"},
	}
}

func realPermissions() []scene {
	forbid := func(verb, what string) string {
		return `Error from server (Forbidden): ` + what + ` is forbidden: User "me" cannot ` + verb + ` resource "` + what + `" in API group "" in the namespace "monitoring"`
	}
	alone := responses{
		"--as=" + cluster.HPAController + " " + valuePath: `Error from server (Forbidden): users "x" is forbidden: User "me" cannot impersonate resource "serviceaccounts"`,
		valuePath: forbid("list", "pods.custom.metrics.k8s.io"),
	}
	const down = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
	const hangs = "error: kubectl got no response within 20s"
	far := responses{
		customAPI: down, apiServices + "v1beta1.custom.metrics.k8s.io": `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {"service": {"name": "prometheus-adapter", "namespace": "monitoring", "port": 443}, "caBundle": "abc"},
			"status": {"conditions": [{"type": "Available", "status": "False", "message": "failing or missing response from https://10.0.0.5:6443/apis: Get: context deadline exceeded"}]}}`,
	}
	const slow = "E1125 unable to update list of all metrics: unable to fetch metrics for query: Get http://me:" + secret + "@kps: dial tcp: i/o timeout"
	stays := responses{customAPI: `{"resources": [{"name": "pods/other"}]}`}
	foreign := func(conditions string) responses {
		return responses{
			hpaPath: strings.Replace(realHPA(podsMetric), scalesWell, conditions, 1),
			apiServices + "v1beta1.custom.metrics.k8s.io": `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {"service": {"name": "custom-metrics-stackdriver-adapter", "namespace": "custom-metrics"}}}`,
		}
	}
	view := responses{} // in a namespace, it is to see neither others nor the cluster
	for path := range realCluster() {
		if !strings.Contains(path, "namespaces/shop") || strings.Contains(path, "/proxy/") || strings.Contains(path, "metrics.k8s.io") {
			view[path] = forbid("get", "things")
		}
	}
	view["/api/v1/services"] = forbid("list", "services")
	touched := maps.Clone(stays)
	touched[hpaPath] = realHPA(strings.Replace(podsMetric, "nginx_http_requests", "web_rps", 1))
	touched[rulesPath] = strings.Replace(realCluster()[rulesPath], `"metadata": {`, `"metadata": {"managedFields": [{"manager": "argocd", "time": "2026-11-25T11:00:00Z"}], `, 1)
	logged := maps.Clone(stays)
	logged["/api/v1/namespaces/monitoring/pods/prometheus-adapter-1/log"] = slow
	return []scene{
		{"no permission for the value", alone, nil, doctor.Inconclusive, "right-missing", "impersonate"},
		{"no permission for the adapter, which is down", responses{customAPI: down, "/api/v1/namespaces/monitoring/pods": forbid("list", "pods")}, nil, doctor.Inconclusive, "right-missing", "list pods"},
		{"no permission for the rules", responses{rulesPath: forbid("get", "configmaps"), customAPI: `{"resources": []}`}, nil, doctor.Inconclusive, "right-missing", "get configmaps"},
		{"an API server that does not get to the adapter", far, nil, doctor.Unhealthy, "adapter-unreachable", ""},
		{"an adapter that hangs", responses{customAPI: hangs}, nil, doctor.Unhealthy, "adapter-unreachable", ""},
		{"an API server that hangs with it", responses{customAPI: hangs, "/version": hangs}, nil, doctor.Inconclusive, "cluster-unreachable", ""},
		{"an adapter that waits for Prometheus", responses{valuePath: hangs}, nil, doctor.Unhealthy, "adapter-prometheus-down", "got no response"},
		{"an adapter that may not check permissions", responses{customAPI: `Error from server (InternalError): an error on the server ("Internal Server Error: subjectaccessreviews.authorization.k8s.io is forbidden: User \"x\" cannot create")`}, nil, doctor.Unhealthy, "adapter-auth-delegator", ""},
		{"series that have just come", stays, series{" offset 90s": vector()}, doctor.Pending, "", "every 1m0s"},
		{"a rate of series that have just come", responses{valuePath: `{"items": []}`}, series{" offset 90s": vector(), "sum(rate": vector()}, doctor.Pending, "", "two scrapes"},
		{
			"an old pod without a value beside a new one",
			responses{valuePath: `{"items": []}`, podsPath: items(podWith("web-1", realContainer), strings.Replace(podWith("web-2", realContainer), "10:00:00Z", "11:59:50Z", 1))},
			series{"sum(rate": vector()},
			doctor.Unhealthy, "query-empty", "",
		},
		{"Google's adapter, which works", foreign(scalesWell), nil, doctor.Inconclusive, "platform-unsupported", ""},
		{"Google's adapter, which does not", foreign(`{"type": "ScalingActive", "status": "False", "reason": "FailedGetPodsMetric"}`), nil, doctor.Unhealthy, "api-owned-by-another", ""},
		{"a user with the role view", view, nil, doctor.Inconclusive, "right-missing", "--prometheus.url"},
		{"rules that were touched, and a name that they do not make", touched, nil, doctor.Unhealthy, "metric-name", ""},
		{"a list that stays without the metric", stays, nil, doctor.Unhealthy, "unknown", ""},
		{"an adapter whose log says why", logged, nil, doctor.Unhealthy, "adapter-prometheus-down", ""},
		{"a list that is forbidden, and no value", responses{customAPI: forbid("list", "custom metrics"), valuePath: "Error from server (NotFound): the server could not find the metric"}, nil, doctor.Unhealthy, "unknown", ""},
	}
}

func realKEDA() []scene {
	const value = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/"
	const prom = `{"type": "prometheus", "metadata": {"serverAddress": "http://kps-prometheus.monitoring.svc:9090", "query": "sum(rate(nginx_http_requests_total[1m]))"}}`
	hpa := func(names ...string) string {
		var all []string
		for _, name := range names {
			all = append(all, `{"type": "External", "external": {"metric": {"name": "`+name+`"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`)
		}
		return strings.NewReplacer(`"name": "web", "namespace": "shop", `, `"name": "keda-hpa-web", "namespace": "shop", "labels": {"scaledobject.keda.sh/name": "web"}, `).Replace(realHPA(strings.Join(all, ",")))
	}
	scaled := func(triggers string) string {
		return `{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"triggers": [` + triggers + `]}, "status": ` + ready + `}`
	}
	keda := func(hpa, scaled string, more responses) responses {
		all := responses{hpaPath: hpa, soPath: scaled, externalAPI: `{"spec": {"service": {"name": "keda-metrics", "namespace": "keda"}}}`, "/apis/external.metrics.k8s.io/v1beta1": "{}"}
		maps.Copy(all, more)
		return all
	}
	const kafka = `{"type": "kafka", "metadata": {"topic": "orders"}}`
	const lag = `{"type": "prometheus", "metadata": {"serverAddress": "http://elsewhere.shop.svc", "query": "sum(lag)"}}`
	const rabbit = `{"type": "metrics-api", "metadata": {"url": "http://rabbit.queues.svc/api/stats"}}`
	two := keda(hpa("s0-kafka-orders", "s1-prometheus", "s2-prometheus"), scaled(kafka+","+lag+","+prom), responses{value + "s2-prometheus": `{"items": [{"value": "3"}]}`})
	static := keda(hpa("s0-prometheus"), scaled(prom), responses{value + "s0-prometheus": `{"items": [{"value": "3"}]}`})
	return []scene{
		{"several triggers", two, nil, doctor.Healthy, "", "on s2-prometheus"},
		{"a job that knows no pods", static, series{`namespace="shop",pod=~`: vector(), "instance=": vector(valued(`{"__name__": "nginx_http_requests_total", "instance": "x"}`, "7"))}, doctor.Healthy, "", ""},
		{"scaled to nothing", keda(hpa("s0-prometheus"), scaled(prom), responses{
			webPath: `{"metadata": {"name": "web"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}}}`, podsPath: items(),
		}), nil, doctor.Pending, "", "scaled to 0"},
		{"a query of an ingress controller", keda(hpa("s0-prometheus"), scaled(strings.Replace(prom, "nginx_http_requests_total", "nginx_ingress_controller_requests", 1)), nil), nil, doctor.Inconclusive, "ingress-controller-metric", "query of the trigger"},
		{"a server of KEDA that rejects the API server", keda(hpa("s0-prometheus"), scaled(prom), responses{
			"/apis/external.metrics.k8s.io/v1beta1": "error: You must be logged in to the server (Unauthorized)", "/version": "{}",
		}), nil, doctor.Unhealthy, "adapter-front-proxy", "front|forwards"},
		{"a query of nothing", static, series{"sum(rate(nginx": vector()}, doctor.Unhealthy, "keda-query-empty", ""},
		{"values of another program", keda(hpa("s0-rabbit"), scaled(rabbit), responses{value + "s0-rabbit": `{"items": [{"value": "3"}]}`}), nil, doctor.Healthy, "", "not the exporter"},
		{"no values of another trigger", keda(hpa("s0-kafka-orders"), scaled(kafka+","+prom), nil), nil, doctor.Unhealthy, "keda-no-value", ""},
		{"an address of one word", keda(hpa("s0-prometheus"), scaled(strings.Replace(prom, "kps-prometheus.monitoring.svc", "prometheus", 1)), responses{
			operatorAPI + "prometheuses": items(),
		}), nil, doctor.Inconclusive, "prometheus-not-found", ""},
	}
}
