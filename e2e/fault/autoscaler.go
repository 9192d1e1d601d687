package fault

// hpaFaults are faults in the HPA itself, and in other controllers of its pods.
func hpaFaults() []Fault {
	const target = "/spec/scaleTargetRef/name"
	return []Fault{
		{Name: "kubeconfig-empty", Want: "kubectl-no-context", User: EmptyConfig},
		{Name: "cluster-away", Want: "cluster-unreachable", User: WrongAddress},
		{Name: "login-unknown", Want: "cluster-unauthorized", User: InvalidToken},
		{Name: "hpa-missing", Want: "hpa-missing", Subject: shop + "/nginx"},
		{Name: "hpa-target-missing", Want: "hpa-target-missing", inject: patch(autoscaler, replace(target, "wep"))},
		{Name: "hpa-target-daemonset", Want: "hpa-target-daemonset", inject: patch(autoscaler, replace("/spec/scaleTargetRef/kind", "DaemonSet"))},
		{Name: "hpa-twice", Want: "hpa-duplicate", inject: copyOf(autoscaler, hpas, "web", func(object) {})},
		{Name: "hpa-shared-pods", Want: "hpa-shared-pods", inject: all(
			create("/apis/apps/v1/namespaces/"+shop+"/deployments", canary()),
			copyOf(autoscaler, hpas, "canary", func(spec object) {
				spec["scaleTargetRef"] = object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "canary"}
			}))},
		{Name: "scaled-to-zero", Want: "hpa-target-scaled-to-zero", inject: patch(web, replace("/spec/replicas", 0))},
		{Name: "hpa-at-maximum", Want: "hpa-at-max", inject: patch(autoscaler,
			replace("/spec/maxReplicas", 1), replace("/spec/metrics/0/pods/target/averageValue", "50m"))},
		{Name: "replicas-of-another", Want: "hpa-replicas-reset", inject: applyAs(web, "argocd-controller", object{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": "web"}, "spec": object{"replicas": 1},
		})},
		{Name: "hpa-cpu-only", Want: "hpa-other-metric", inject: patch(autoscaler, replace("/spec/metrics", []object{{
			"type": "Resource", "resource": object{"name": "cpu", "target": object{"type": "Utilization", "averageUtilization": 80}},
		}}))},
		{Name: "hpa-object-metric", Want: "rule-overrides", inject: patch(autoscaler, replace("/spec/metrics", []object{{
			"type": "Object", "object": object{
				"metric": object{"name": metric}, "target": object{"type": "Value", "value": "20"},
				"describedObject": object{"apiVersion": "v1", "kind": "Service", "name": "web"},
			},
		}}))},
	}
}

// canary is a Deployment without pods whose selector matches those of nginx.
func canary() object {
	labels := object{"app": "web"}
	return object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": "canary"},
		"spec": object{
			"replicas": 0, "selector": object{"matchLabels": labels},
			"template": object{
				"metadata": object{"labels": object{"app": "web", "track": "canary"}},
				"spec":     object{"containers": []object{{"name": "nginx", "image": "nginx:1.28"}}},
			},
		},
	}
}
