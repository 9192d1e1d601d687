package fault

// registrationFaults are faults between API server and adapter.
func registrationFaults() []Fault {
	port := func(n int) change { return patch(apiService, replace("/spec/service/port", n)) }
	return []Fault{
		{Name: "adapter-missing", Want: "adapter-missing", inject: remove(adapterDeployment)},
		{Name: "apiservice-missing", Want: "api-missing", inject: remove(apiService)},
		{Name: "adapter-scaled-to-zero", Want: "adapter-scaled-to-zero", inject: patch(adapterDeployment, replace("/spec/replicas", 0))},
		{Name: "adapter-unknown-flag", Want: "adapter-crashing", inject: setArgument("--v", "4 --no-such-flag")},
		{Name: "adapter-service-missing", Want: "adapter-service-missing", inject: remove(adapterService)},
		{Name: "adapter-service-selector", Want: "adapter-service-selector", inject: patch(adapterService, replace("/spec/selector", object{"app": "prometheus-adapter"}))},
		{Name: "adapter-service-port", Want: "adapter-service-port", inject: port(6443)},
		{Name: "adapter-target-port", Want: "adapter-service-port", inject: patch(adapterService, replace("/spec/ports/0/targetPort", 8443))},
		{Name: "adapter-certificate-verified", Want: "adapter-tls", inject: patch(apiService, replace("/spec/insecureSkipTLSVerify", false))},
		{Name: "adapter-certificate-other-ca", Want: "adapter-tls", inject: foreignCA},
		{Name: "apiservice-of-keda", Want: "api-owned-by-another", inject: patch(apiService,
			replace("/spec/service", object{"name": "keda-metrics-apiserver", "namespace": "keda", "port": 443}))},
		{Name: "adapter-max-age-short", Want: "adapter-max-age", inject: setArgument("--metrics-max-age", "1s")},
		{Name: "rule-resource-typo", Want: "rule-resource", inject: editRules("resource: pod\n", "resource: podz\n")},
	}
}
