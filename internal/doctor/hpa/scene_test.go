package hpa

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// Paths of a realistic cluster: kube-prometheus-stack, and prometheus-adapter from
// its own chart with its default rules.
const (
	promAPI        = "/api/v1/namespaces/monitoring/services/kps-prometheus:9090/proxy/api/v1/"
	podsPath       = "/api/v1/namespaces/shop/pods"
	webPath        = "/apis/apps/v1/namespaces/shop/deployments/web"
	customAPI      = "/apis/custom.metrics.k8s.io/v1beta1"
	valuePath      = customAPI + "/namespaces/shop/pods/*/nginx_http_requests"
	adapterPath    = "/apis/apps/v1/namespaces/monitoring/deployments"
	rulesPath      = "/api/v1/namespaces/monitoring/configmaps/prometheus-adapter"
	slicesPath     = "/apis/discovery.k8s.io/v1/namespaces/monitoring/endpointslices"
	expositionPath = podsPath + "/web-1:9113/proxy/metrics"
	externalAPI    = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io"
	secret         = "hunter2hunter2"
	operatorAPI    = "/apis/monitoring.coreos.com/v1/"
	apiServices    = "/apis/apiregistration.k8s.io/v1/apiservices/"
)

const defaultRules = `
rules:
- seriesQuery: '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: ^container_(.*)_seconds_total$}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>,container!="POD"}[5m])) by (<<.GroupBy>>)
- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  seriesFilters: [{isNot: .*_total$}]
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  seriesFilters: [{isNot: .*_seconds_total}]
  resources: {template: <<.Resource>>}
  name: {matches: ^(.*)_total$}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
`

// realSeries is the counter of one pod, with the labels that the operator sets.
const realSeries = `{"__name__": "nginx_http_requests_total", "namespace": "shop", "pod": "web-1", "service": "web", "job": "web", "instance": "10.0.0.1:9113", "container": "nginx-exporter", "endpoint": "metrics"}`

func vector(results ...string) string {
	return `{"status": "success", "data": {"resultType": "vector", "result": [` + strings.Join(results, ",") + `]}}`
}

func valued(labels, value string) string {
	return `{"metric": ` + labels + `, "value": [1795608000, "` + value + `"]}`
}

func realHPA(metrics string) string {
	return `{"items": [{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {
		"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 5, "metrics": [` + metrics + `]},
		"status": {"currentReplicas": 1, "desiredReplicas": 1, "conditions": [` + scalesWell + `]}}]}`
}

const (
	podsMetric  = `{"type": "Pods", "pods": {"metric": {"name": "nginx_http_requests"}, "target": {"type": "AverageValue", "averageValue": "20"}}}`
	scalesWell  = `{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}`
	realTargets = `{"status": "success", "data": {"activeTargets": [
		{"scrapeUrl": "http://10.0.0.1:9113/metrics", "health": "up", "scrapeInterval": "30s", "scrapePool": "serviceMonitor/shop/web/0",
			"labels": {"namespace": "shop", "pod": "web-1", "job": "web", "instance": "10.0.0.1:9113"}, "discoveredLabels": {"__meta_kubernetes_pod_name": "web-1", "__meta_kubernetes_namespace": "shop"}},
		{"scrapeUrl": "http://10.0.0.9:8080/metrics", "health": "up", "scrapeInterval": "30s", "scrapePool": "serviceMonitor/monitoring/kps-kube-state-metrics/0",
			"labels": {"namespace": "monitoring", "pod": "ksm-1"}, "discoveredLabels": {"__meta_kubernetes_pod_name": "ksm-1", "__meta_kubernetes_namespace": "monitoring"}}]}}`
	noTargetsYet  = `{"status": "success", "data": {"activeTargets": [], "droppedTargets": []}}`
	realAdapter   = `{"name": "prometheus-adapter", "image": "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0", "args": ["/adapter", "--secure-port=6443", "--prometheus-url=http://kps-prometheus.monitoring.svc:9090/", "--metrics-relist-interval=1m", "--config=/etc/adapter/config.yaml", "--prometheus-header=Authorization=Bearer ` + secret + `"], "volumeMounts": [{"name": "config", "mountPath": "/etc/adapter"}]}`
	realContainer = `{"name": "nginx-exporter", "image": "nginx/nginx-prometheus-exporter:1.5.1", "ports": [{"containerPort": 9113, "name": "metrics"}]}`
)

func adapterWith(containers string) string {
	return `{"items": [{"metadata": {"name": "prometheus-adapter"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "adapter"}}, "template": {"metadata": {"labels": {"app": "adapter"}},
		"spec": {"serviceAccountName": "adapter", "containers": [` + containers + `], "volumes": [{"name": "config", "configMap": {"name": "prometheus-adapter"}}]}}}}]}`
}

func podWith(name, containers string) string {
	return `{"metadata": {"name": "` + name + `", "namespace": "shop", "labels": {"app": "web"}, "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"containers": [` + containers + `]},
		"status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}}`
}

func items(all ...string) string { return `{"items": [` + strings.Join(all, ",") + `]}` }

// realCluster works.
func realCluster() responses {
	rules, err := json.Marshal(defaultRules)
	if err != nil {
		panic(err)
	}
	return responses{
		hpaPath:        realHPA(podsMetric),
		webPath:        `{"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [` + realContainer + `]}}}}`,
		podsPath:       items(podWith("web-1", `{"name": "nginx", "image": "nginx"}, `+realContainer)),
		expositionPath: "nginx_up 1\nnginx_http_requests_total 7\n",
		apiServices + "v1beta1.custom.metrics.k8s.io":               `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"}, "spec": {"service": {"name": "prometheus-adapter", "namespace": "monitoring", "port": 443}, "insecureSkipTLSVerify": true}}`,
		"/api/v1/namespaces/monitoring/services/prometheus-adapter": `{"metadata": {"name": "prometheus-adapter"}, "spec": {"selector": {"app": "adapter"}, "ports": [{"port": 443, "targetPort": "https"}]}}`,
		"/api/v1/namespaces/monitoring/services/kps-prometheus":     `{"metadata": {"name": "kps-prometheus"}, "spec": {"clusterIP": "10.1.1.1", "ports": [{"name": "http-web", "port": 9090}, {"name": "reloader-web", "port": 8080}]}}`,
		adapterPath:                          adapterWith(realAdapter),
		"/api/v1/namespaces/monitoring/pods": `{"items": [{"metadata": {"name": "prometheus-adapter-1", "namespace": "monitoring", "creationTimestamp": "2026-11-25T10:00:00Z"}, "status": {"phase": "Running", "containerStatuses": [{"name": "prometheus-adapter", "state": {"running": {"startedAt": "2026-11-25T10:00:00Z"}}}]}}]}`,
		slicesPath:                           items(`{"endpoints": [{"addresses": ["10.0.0.5"]}], "ports": [{"port": 6443}]}`),
		rulesPath:                            `{"metadata": {"name": "prometheus-adapter"}, "data": {"config.yaml": ` + string(rules) + `}}`,
		customAPI:                            `{"resources": [{"name": "pods/nginx_http_requests"}, {"name": "services/nginx_http_requests"}]}`,
		valuePath:                            `{"items": [{"value": "200m", "describedObject": {"kind": "Pod", "name": "web-1"}}]}`,
		promAPI + "targets":                  realTargets,
		operatorAPI + "podmonitors":          items(),
		operatorAPI + "prometheuses":         items(`{"metadata": {"name": "kps", "namespace": "monitoring"}, "spec": {"serviceMonitorSelector": {"matchLabels": {"release": "kps"}}, "serviceMonitorNamespaceSelector": {}, "podMonitorSelector": {"matchLabels": {"release": "kps"}}, "podMonitorNamespaceSelector": {}}}`),
		operatorAPI + "servicemonitors": items(`{"metadata": {"name": "web", "namespace": "shop", "labels": {"release": "kps"}, "creationTimestamp": "2026-11-25T10:00:00Z"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "metrics"}]}}`,
			`{"metadata": {"name": "kps-kube-state-metrics", "namespace": "monitoring", "labels": {"release": "kps"}}, "spec": {"selector": {"matchLabels": {"app": "ksm"}}, "endpoints": [{"port": "http"}]}}`),
		"/api/v1/namespaces/shop/services": items(`{"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]}}`,
			`{"metadata": {"name": "web-metrics", "labels": {"app": "web"}}, "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 9113, "targetPort": "metrics"}]}}`),
		"/api/v1/namespaces/shop":       `{"metadata": {"name": "shop"}}`,
		"/api/v1/namespaces/monitoring": `{"metadata": {"name": "monitoring"}}`,
	}
}

// series are responses of Prometheus, by a part of the query. The response to any
// other query is the counter of the pod.
type series map[string]string

// examineReal examines the cluster that works, with changes.
func examineReal(t *testing.T, change responses, replies series) *doctor.Report {
	t.Helper()
	all := realCluster()
	maps.Copy(all, change)
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	kubectl := func(ctx context.Context, args []string) ([]byte, error) {
		path, query, _ := strings.Cut(args[2], "?")
		user := args[len(args)-1]
		if _, found := all[user+" "+path]; found {
			path = user + " " + path
		}
		q, _ := url.ParseQuery(query) // it is ours
		expr := q.Get("query")
		if _, known := all[path]; known || !strings.HasSuffix(path, "/api/v1/query") {
			return all.run(ctx, []string{"", "", path})
		}
		for _, part := range slices.Sorted(maps.Keys(replies)) {
			if strings.Contains(expr, part) {
				return responses{"": replies[part]}.run(ctx, []string{"", "", ""})
			}
		}
		switch {
		case strings.HasPrefix(expr, "timestamp(") && strings.Contains(expr, " @ "):
			return []byte(vector(valued(realSeries, "1795607980"))), nil // each 15 s
		case strings.HasPrefix(expr, "timestamp("):
			return []byte(vector(valued(realSeries, "1795607995"))), nil // five seconds ago
		case expr == "vector(1)":
			return []byte(vector(valued("{}", "1"))), nil
		case strings.Contains(expr, "container_.*\",container"):
			return []byte(vector()), nil
		}
		return []byte(vector(valued(realSeries, "7"))), nil
	}
	return Examine(t.Context(), cluster.Options{Namespace: "shop", Name: "web", Run: kubectl, Fetch: refuses, Now: func() time.Time { return at }})
}

func reportText(r *doctor.Report) string {
	var text strings.Builder
	_ = r.WriteText(&text, false) // into memory
	return text.String()
}

// scene is a realistic cluster, and what the report must say of it: no code
// for one that works.
type scene struct {
	name    string
	change  responses
	replies series
	verdict doctor.Verdict
	want    doctor.Code
	says    string // pattern of the report
}

func (tt *scene) check(t *testing.T) {
	t.Helper()
	report := examineReal(t, tt.change, tt.replies)
	codes := report.Codes()
	if report.Verdict() != tt.verdict || tt.want == "" && len(codes) > 0 || tt.want != "" && !slices.Contains(codes, tt.want) {
		t.Errorf("%v; want %q in a report that is %s\n%s", codes, tt.want, tt.verdict, reportText(report))
	}
	if text := reportText(report); !regexp.MustCompile(tt.says).MatchString(text) {
		t.Errorf("it does not say %q:\n%s", tt.says, text)
	}
	var document bytes.Buffer
	if err := report.WriteJSON(&document); err != nil || !json.Valid(document.Bytes()) || strings.Contains(document.String(), secret) {
		t.Errorf("%v: %s", err, document.String())
	}
}

func TestRealClusters(t *testing.T) {
	for _, tt := range scenes() {
		t.Run(tt.name, tt.check)
	}
}

// A missing permission, or a server that fails at one request, must not lead to a different
// code for what is broken, nor to any code for what works.
func TestFailedRequests(t *testing.T) {
	failures := map[string]doctor.Code{
		`Error from server (Forbidden): things is forbidden: User "me" cannot list resource "things" in API group "" in the namespace "x"`: "right-missing",
		"error: kubectl got no response within 20s":                              "cluster-unreachable",
		"Error from server (InternalError): Internal error occurred: etcdserver": "unknown",
	}
	// Responses to the HPA, KEDA and Prometheus do not depend on permissions; the
	// version is requested to see whether the API server responds.
	others := regexp.MustCompile(`custom.metrics.k8s.io/v1beta1/|external.metrics.k8s.io/v1beta1|^--as|/proxy/|^/version$`)
	for _, tt := range scenes() {
		whole := examineReal(t, tt.change, tt.replies)
		all := realCluster()
		maps.Copy(all, tt.change)
		for _, path := range slices.Sorted(maps.Keys(all)) {
			for failure, own := range failures {
				// Behind the list of metrics is the adapter, which may hang alone.
				if !others.MatchString(path) && (path != customAPI || own != "cluster-unreachable") {
					failsAt(t, &tt, whole, path, failure, own)
				}
			}
		}
	}
}

func failsAt(t *testing.T, tt *scene, whole *doctor.Report, path, failure string, own doctor.Code) {
	t.Helper()
	change := maps.Clone(tt.change)
	if change == nil {
		change = responses{}
	}
	change[path] = failure
	report := examineReal(t, change, tt.replies)
	for _, code := range report.Codes() {
		if code != own && code != "unknown" && code != "prometheus-out-of-reach" && !slices.Contains(whole.Codes(), code) {
			t.Errorf("%s, without %s: %s, instead of %v\n%s", tt.name, path, code, whole.Codes(), reportText(report))
		}
	}
	if v := report.Verdict(); own != "unknown" && v == doctor.Unhealthy && whole.Verdict() == doctor.Healthy {
		t.Errorf("%s, without %s: %s, instead of %s", tt.name, path, v, whole.Verdict())
	}
}

// A failing handshake does not time out. The problem of an API that does is another one, and
// the fix must not be to skip verification.
func TestHangingAPIIsNotACertificateProblem(t *testing.T) {
	report := examineReal(t, responses{
		customAPI: "error: kubectl got no response within 20s",
		apiServices + "v1beta1.custom.metrics.k8s.io": `{"metadata": {"name": "v1beta1.custom.metrics.k8s.io"},
			"spec": {"service": {"name": "prometheus-adapter", "namespace": "monitoring", "port": 443}, "caBundle": "abc"},
			"status": {"conditions": [{"type": "Available", "status": "True"}]}}`,
	}, nil)
	if got := report.Codes(); !slices.Equal(got, []doctor.Code{"adapter-unreachable"}) {
		t.Errorf("named %v", got)
	}
}

// A missing permission of the user says nothing about the API server.
func TestHangWithoutImpersonation(t *testing.T) {
	const hangs = "error: kubectl got no response within 20s"
	may := responses{
		"--as=" + cluster.HPAController + " " + valuePath: `Error from server (Forbidden): serviceaccounts "horizontal-pod-autoscaler" is forbidden: User "me" cannot impersonate resource "serviceaccounts"`,
		valuePath: hangs,
	}
	if got := examineReal(t, may, nil).Codes(); !slices.Contains(got, "adapter-prometheus-down") {
		t.Errorf("named %v", got)
	}
}
