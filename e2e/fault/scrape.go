package fault

// scrapeFaults are faults between Prometheus and the pods.
func scrapeFaults() []Fault {
	const endpoint = "/spec/podMetricsEndpoints/0"
	selector := func(labels object) change {
		return patch(podMonitor, replace("/spec/selector", object{"matchLabels": labels}))
	}
	// Instead of the PodMonitor, with the permissions that Prometheus needs for it.
	serviceMonitor := all(
		create(rbac+"/clusterroles", allow("ClusterRole", "prometheus-services", object{
			"apiGroups": []string{"", "discovery.k8s.io"}, "resources": []string{"services", "endpoints", "endpointslices"},
			"verbs": []string{"get", "list", "watch"},
		})),
		create(rbac+"/clusterrolebindings", bindTo("ClusterRoleBinding", "prometheus", "ClusterRole", "prometheus-services")),
		create(operator+shop+"/servicemonitors", object{
			"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": object{"name": name},
			"spec": object{
				"selector":  object{"matchLabels": object{"app": "web-metrics"}},
				"endpoints": []object{{"port": "exporter", "interval": "5s"}},
			},
		}),
		remove(podMonitor),
	)
	return []Fault{
		{Name: "monitor-port-name", Want: "monitor-port", inject: patch(podMonitor, removeField(endpoint+"/portNumber"), add(endpoint+"/port", "metrics"))},
		{Name: "monitor-port-number", Want: "monitor-port", inject: patch(podMonitor, replace(endpoint+"/portNumber", 9114))},
		{Name: "monitor-path", Want: "scrape-failing", inject: patch(podMonitor, replace(endpoint+"/path", "/metric"))},
		{Name: "monitor-scheme", Want: "scrape-failing", inject: patch(podMonitor, add(endpoint+"/scheme", "https"))},
		{Name: "monitor-relabelings", Want: "monitor-relabelings", inject: patch(podMonitor, add(endpoint+"/relabelings", []object{
			{"action": "keep", "sourceLabels": []string{"__meta_kubernetes_pod_label_tier"}, "regex": "front"},
		}))},
		{Name: "monitor-selector", Want: "monitor-selector", inject: selector(object{"app": "nginx"})},
		{Name: "monitor-other-namespace", Want: "monitor-namespace", inject: all(
			copyOf(podMonitor, operator+monitoring+"/podmonitors", name, func(object) {}), remove(podMonitor))},
		{Name: "monitor-namespace-selector", Want: "monitor-namespace", inject: patch(podMonitor,
			add("/spec/namespaceSelector", object{"matchNames": []string{"default"}}))},
		{Name: "prometheus-monitor-selector", Want: "monitor-ignored", inject: patch(prometheus,
			replace("/spec/podMonitorSelector", object{"matchLabels": object{"release": "kube-prometheus-stack"}}))},
		{Name: "prometheus-namespace-selector", Want: "monitor-ignored", inject: patch(prometheus,
			replace("/spec/podMonitorNamespaceSelector", object{"matchLabels": object{"monitored": "yes"}}))},
		{Name: "service-missing", Want: "monitor-service-missing", inject: serviceMonitor},
		{Name: "service-selector", Want: "monitor-service-selector", inject: all(serviceMonitor, create("/api/v1/namespaces/"+shop+"/services", object{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "web-metrics", "labels": object{"app": "web-metrics"}},
			"spec": object{"selector": object{"app": "nginx"}, "ports": []object{{"name": "exporter", "port": 9113}}},
		}))},
		{Name: "monitor-missing", Want: "monitor-missing", inject: remove(podMonitor)},
	}
}
