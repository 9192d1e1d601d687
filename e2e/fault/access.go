package fault

import (
	"context"
	"net/url"
	"path"

	"nginx-exporter/e2e/kube"
)

const (
	crds       = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	endpoints  = "/apis/discovery.k8s.io/v1/namespaces/" + monitoring + "/endpointslices/prometheus-e2e-0"
	secondPort = 9092
	// prometheusName is the DNS name of the Service of the Prometheus object.
	prometheusName = "prometheus-operated." + monitoring + ".svc"

	// loginConfig requires a login whose password is not known.
	loginConfig = "basic_auth_users:\n  someone: $2b$05$e2ee2ee2ee2ee2ee2ee2euZ./apYNtztP81gCbal07F0tH4jn0tHm\n"
	// selfScrapeConfig is the default configuration of Prometheus.
	selfScrapeConfig = "global:\n  scrape_interval: 5s\nscrape_configs:\n  - job_name: prometheus\n    static_configs:\n      - targets: [\"" + SecondAddress + "\"]\n"
)

// accessFaults are faults that make diagnosis impossible: a server is not reachable
// or not found.
func accessFaults() []Fault {
	second := "http://" + SecondAddress
	// If the address comes from a variable, doctor has to discover Prometheus.
	findPrometheus := setArgument("--prometheus-url", "http://$(PROMETHEUS):9090", add("/spec/template/spec/containers/0/env", []object{
		{"name": "PROMETHEUS", "valueFrom": object{"fieldRef": object{"fieldPath": "status.hostIP"}}},
	}))
	portBehindService := func(port int) change { return patch(endpoints, replace("/ports/0/port", port)) }
	return []Fault{
		{Name: "kubectl-missing", Want: "kubectl-missing", Kubectl: "no-such-kubectl"},
		{Name: "prometheus-url-with-login", Want: "prometheus-login", Prometheus: second, inject: secondPrometheus("", loginConfig)},
		{Name: "prometheus-with-login", Want: "prometheus-login", Search: true, inject: all(findPrometheus, secondPrometheus("", loginConfig), portBehindService(secondPort))},
		{Name: "prometheus-url-of-operator", Want: "prometheus-other-program", Prometheus: "http://" + OperatorAddress},
		{Name: "prometheus-url-of-tls", Want: "prometheus-other-program", Prometheus: "http://10.244.0.1:6443"},
		{Name: "adapter-prometheus-url-of-nginx", Want: "adapter-prometheus-url", Search: true, inject: setArgument("--prometheus-url", "http://web."+shop+".svc")},
		{Name: "prometheus-hidden", Want: "prometheus-not-found", Search: true, inject: all(findPrometheus, remove(prometheus))},
		{Name: "prometheus-twice", Want: "prometheus-several", Search: true, inject: all(
			findPrometheus, secondPrometheus("", ""), copyOf(prometheus, operator+"default/prometheuses", "second", func(object) {}),
			externalPod("default", "prometheus-second-0", "10.244.0.1", secondPort))},
		{Name: "prometheus-out-of-reach", Want: "prometheus-out-of-reach", Search: true, inject: all(
			prometheusByName(), remove(endpoints), externalPod(monitoring, "prometheus-e2e-1", "10.244.255.9", 9090))},
		{Name: "hpa-metric-of-gke", Want: "platform-unsupported", inject: patch(autoscaler, replace("/spec/metrics/0/pods/metric/name", "autoscaling.gke.io|web|requests"))},
		{Name: "prometheus-of-google", Want: "platform-unsupported", Search: true, inject: all(findPrometheus, remove(prometheus), kind("monitoring.googleapis.com", "podmonitoring", "PodMonitoring"))},
		{Name: "prometheus-of-openshift", Want: "platform-unsupported", Search: true, inject: all(
			findPrometheus, secondPrometheus("", loginConfig), portBehindService(secondPort), kind("config.openshift.io", "clusterversion", "ClusterVersion"))},
		{Name: "external-api-of-another", Want: "unknown", inject: all(registerExternalAPI("datadog", "datadog-cluster-agent-metrics-api"), patch(autoscaler, replace("/spec/metrics", []object{{
			"type": "External", "external": object{"metric": object{"name": "nginx.net.request_per_s"}, "target": object{"type": "AverageValue", "averageValue": "20"}},
		}})))},
	}
}

// registerExternalAPI registers an API of external metrics, before KEDA does.
func registerExternalAPI(namespace, service string) change {
	return create(apiServices, object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": object{"name": path.Base(externalAPI)},
		"spec": object{
			"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
			"insecureSkipTLSVerify": true, "service": object{"name": service, "namespace": namespace, "port": 443},
		},
	})
}

// prometheusByName makes the adapter use the name of the Service of Prometheus,
// which its pod resolves by hostAliases.
func prometheusByName() change {
	address := url.URL{Scheme: "http", Host: prometheusName + ":9090"}
	return setArgument("--prometheus-url", address.String(), add("/spec/template/spec/hostAliases", []object{
		{"ip": "10.244.0.1", "hostnames": []string{prometheusName}},
	}))
}

// externalPod makes the API server proxy the Service of a Prometheus object to an
// address.
func externalPod(namespace, name, address string, port int) change {
	o := kube.ExternalPod{Namespace: namespace, Name: name, Service: "prometheus-operated", PortName: "web", Address: address, Port: port}
	return all(
		create(o.Pods(), o.Pod()),
		func(ctx context.Context, c *Injector) error { return o.Ready(ctx, c.client) },
		create(o.Slices(), o.Slice()),
	)
}

// kind creates a kind by which a platform is recognized.
func kind(group, singular, name string) change {
	return create(crds, object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": object{"name": singular + "s." + group},
		"spec": object{
			"group": group, "scope": "Namespaced", "names": object{"kind": name, "plural": singular + "s", "singular": singular},
			"versions": []object{{
				"name": "v1", "served": true, "storage": true,
				"schema": object{"openAPIV3Schema": object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	})
}
