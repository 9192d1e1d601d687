package fault

import (
	"context"
	"errors"
	"time"

	"nginx-exporter/e2e/process"
)

// hpaMetricFaults are faults of an HPA whose metric works: of its other metrics, its
// behavior and its permission to scale.
func hpaMetricFaults() []Fault {
	metric := func(o object) change { return patch(autoscaler, add("/spec/metrics/-", o)) }
	cpu := metric(object{
		"type": "Resource", "resource": object{"name": "cpu", "target": object{"type": "Utilization", "averageUtilization": 80}},
	})
	return []Fault{
		{Name: "hpa-cpu-without-requests", Want: "hpa-resource-requests", inject: cpu},
		{Name: "hpa-cpu-without-metrics-server", Want: "metrics-server", inject: all(
			pods(add("/spec/template/spec/containers/0/resources", object{"requests": object{"cpu": "10m"}})), cpu)},
		{Name: "hpa-external-metric", Want: "hpa-metric-failing", inject: metric(object{
			"type": "External", "external": object{
				"metric": object{"name": "queue_length"}, "target": object{"type": "AverageValue", "averageValue": "5"},
			},
		})},
		{Name: "hpa-scale-up-disabled", Want: "hpa-direction-disabled", inject: patch(autoscaler,
			add("/spec/behavior/scaleUp", object{"selectPolicy": "Disabled"}))},
		{Name: "hpa-scale-denied", Want: "hpa-update-denied", inject: all(denyScale, patch(autoscaler, replace("/spec/minReplicas", 2)))},
		{Name: "hpa-ingress-controller", Want: "ingress-controller-metric", inject: patch(autoscaler,
			replace("/spec/metrics/0/pods/metric/name", "nginx_ingress_controller_requests"))},
		{Name: "pod-of-another", Want: "pods-of-others", inject: create("/api/v1/namespaces/"+shop+"/pods", object{
			"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "debug", "labels": object{"app": "web"}},
			"spec": object{"containers": []object{{"name": "nginx", "image": "nginx:1.28"}}},
		})},
	}
}

// denyScale creates an admission policy that rejects changes of the scale, and waits
// until it does.
func denyScale(ctx context.Context, c *Injector) error {
	const name, policies = "deny-scale", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
	err := all(
		create(policies+"ies", object{
			"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": object{"name": name},
			"spec": object{
				"matchConstraints": object{"resourceRules": []object{{
					"apiGroups": []string{"apps"}, "apiVersions": []string{"v1"}, "operations": []string{"UPDATE"}, "resources": []string{"deployments/scale"},
				}}},
				"validations": []object{{"expression": "false", "message": "scaling is frozen"}},
			},
		}),
		create(policies+"ybindings", object{
			"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": object{"name": name},
			"spec": object{
				"policyName": name, "validationActions": []string{"Deny"},
				"matchResources": object{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": shop}}},
			},
		}),
	)(ctx, c)
	if err != nil {
		return err
	}
	return process.Await(ctx, time.Minute, func(ctx context.Context) error {
		if c.client.Merge(ctx, web+"/scale?dryRun=All", object{"spec": object{"replicas": 3}}) == nil {
			return errors.New("the policy has no effect yet")
		}
		return nil
	})
}
