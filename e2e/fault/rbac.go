package fault

import (
	"context"
	"encoding/base64"
)

// foreignCA makes the API server verify the adapter with another CA.
func foreignCA(ctx context.Context, c *Injector) error {
	var ca struct{ Data map[string]string }
	if err := c.client.Get(ctx, "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt", &ca); err != nil {
		return err
	}
	return patch(apiService, replace("/spec/insecureSkipTLSVerify", false),
		add("/spec/caBundle", base64.StdEncoding.EncodeToString([]byte(ca.Data["ca.crt"]))))(ctx, c)
}

// rbacFaults are missing permissions: of the adapter, or of the user.
func rbacFaults() []Fault {
	const role = shop + ":" + adapter
	bindings := rbac + "/clusterrolebindings"
	return []Fault{
		{Name: "adapter-auth-reader-missing", Want: "adapter-auth-reader", inject: restartingAdapter(
			remove(rbac + "/namespaces/kube-system/rolebindings/" + role + ":auth-reader"))},
		{Name: "adapter-may-not-list-pods", Want: "adapter-pod-rights", inject: remove(bindings + "/" + role)},
		{Name: "adapter-auth-delegator-missing", Want: "adapter-auth-delegator", inject: remove(bindings + "/" + role + ":auth-delegator")},
		{Name: "hpa-controller-role", Want: "hpa-controller-rights", inject: patch(rbac+"/clusterroles/system:controller:horizontal-pod-autoscaler",
			replace("/rules", hpaRules()))},
		{Name: "prometheus-may-not-list-pods", Want: "prometheus-finds-no-pods", inject: all(restartPrometheusOnRestore, remove(bindings+"/prometheus"), restartPrometheus)},
		{Name: "guest-may-get-pods-only", Want: "right-missing", User: "guest", inject: all(
			create(rbac+"/namespaces/"+shop+"/roles", allow("Role", "guest", object{
				"apiGroups": []string{""}, "resources": []string{"pods"}, "verbs": []string{"get"},
			})),
			create(rbac+"/namespaces/"+shop+"/rolebindings", bind("RoleBinding", "guest", "Role")))},
		{Name: "reader-may-not-impersonate", Want: "right-missing", User: "reader", inject: all(
			create(rbac+"/clusterroles", allow("ClusterRole", "reader", object{
				"apiGroups": []string{"*"}, "resources": []string{"*"}, "verbs": []string{"get", "list"},
			})),
			create(bindings, bind("ClusterRoleBinding", "reader", "ClusterRole")))},
	}
}

// hpaRules is the role of the HPA controller, without custom metrics.
func hpaRules() []object {
	rule := func(group string, verbs []string, resources ...string) object {
		return object{"apiGroups": []string{group}, "resources": resources, "verbs": verbs}
	}
	read, change := []string{"get", "list", "watch"}, []string{"get", "update"}
	return []object{
		rule("autoscaling", read, "horizontalpodautoscalers"), rule("autoscaling", []string{"update"}, "horizontalpodautoscalers/status"),
		rule("*", change, "*/scale"), rule("", read, "pods"), rule("metrics.k8s.io", read, "pods"),
		rule("", []string{"create", "patch", "update"}, "events"),
	}
}

func allow(kind, who string, permissions object) object {
	return object{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": object{"name": who}, "rules": []object{permissions},
	}
}

func bind(kind, who, role string) object { return bindTo(kind, who, role, who) }

func bindTo(kind, who, role, to string) object {
	return object{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": object{"name": to},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": to},
		"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who}},
	}
}
