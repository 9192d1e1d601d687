package fault

// workloadFaults are faults in the pods of nginx.
func workloadFaults() []Fault {
	const (
		exporter = "/spec/template/spec/initContainers/0"
		nginx    = "/spec/template/spec/containers/0"
	)
	const restricted = "/metadata/labels/pod-security.kubernetes.io~1enforce"
	return []Fault{
		{Name: "pods-refused", Want: "pods-none", inject: all(
			patch("/api/v1/namespaces/"+shop, add(restricted, "restricted")),
			pods(add("/spec/template/metadata/annotations", object{"restarted": "now"})))},
		{Name: "exporter-port-of-another", Want: "exporter-other-program", inject: all(
			patch("/api/v1/namespaces/"+shop+"/configmaps/web-deployment-nginx-exporter-status",
				replace("/data/nginx-exporter-status.conf", "server { listen 9113; location / { return 200 \"hello\\n\"; } }\n")),
			pods(removeField("/spec/template/spec/initContainers"), add(nginx+"/ports/-", object{"containerPort": 9113})))},
		{Name: "exporter-missing", Want: "exporter-missing", inject: pods(removeField("/spec/template/spec/initContainers"))},
		{Name: "exporter-wrong-port", Want: "exporter-target", inject: pods(replace(exporter+"/args/0", "--nginx.scrape-uri=http://127.0.0.1:8081/stub_status"))},
		{Name: "exporter-wrong-path", Want: "exporter-target", inject: pods(replace(exporter+"/args/0", "--nginx.scrape-uri=http://127.0.0.1:18080/status"))},
		{Name: "exporter-other-port", Want: "monitor-port", inject: pods(replace(exporter+"/args/1", "--web.listen-address=:9114"),
			replace(exporter+"/startupProbe/httpGet/port", 9114), replace(exporter+"/livenessProbe/httpGet/port", 9114))},
		{Name: "exporter-on-loopback", Want: "exporter-not-listening", inject: pods(
			replace(exporter+"/args/1", "--web.listen-address=127.0.0.1:9113"),
			removeField(exporter+"/startupProbe"), removeField(exporter+"/livenessProbe"))},
		{Name: "nginx-without-status", Want: "exporter-target", inject: pods(removeField(nginx + "/volumeMounts"))},
		{Name: "exporter-crashes", Want: "exporter-crashing", inject: pods(add(exporter+"/args/-", "--no-such-flag"))},
		{Name: "nginx-crashes", Want: "pods-crashing", inject: pods(add(nginx+"/args", []string{"-g", "daemon off; no_such_directive;"}))},
		{Name: "nginx-not-ready", Want: "pods-not-ready", inject: pods(replace(nginx+"/readinessProbe/tcpSocket/port", 81))},
		{Name: "nginx-unschedulable", Want: "pods-not-ready", inject: pods(add("/spec/template/spec/nodeSelector", object{"disk": "fast"}))},
	}
}
