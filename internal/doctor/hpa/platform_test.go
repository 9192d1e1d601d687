package hpa

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// responses are those of a cluster that no recording has: platforms and products
// that do not run in a test. Paths are without their queries.
type responses map[string]string

func (a responses) run(_ context.Context, args []string) ([]byte, error) {
	path, _, _ := strings.Cut(args[2], "?")
	text, found := a[path]
	switch {
	case !found:
		return nil, &cluster.Error{Reason: cluster.NotFound, Message: "the server could not find the requested resource"}
	case strings.HasPrefix(text, "Error from server"), strings.HasPrefix(text, "error: "):
		return nil, cluster.ErrorOf(text)
	}
	return []byte(text), nil
}

const (
	now     = "2026-11-25T12:00:00Z"
	hpaPath = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
	svcPath = "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/query"
	soPath  = "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects/web"
)

// plainCluster is one with an nginx, its exporter and an HPA, and nothing more.
func plainCluster() responses {
	return responses{
		hpaPath: `{"items": [{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T11:00:00Z"}, "spec": {
			"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5,
			"metrics": [{"type": "Pods", "pods": {"metric": {"name": "nginx_http_requests_per_second"}, "target": {"type": "AverageValue", "averageValue": "20"}}}]}}]}`,
		"/apis/apps/v1/namespaces/shop/deployments/web": `{"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}}}`,
		"/api/v1/namespaces/shop/pods": `{"items": [{"metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}, "creationTimestamp": "2026-11-25T11:00:00Z"},
			"spec": {"containers": [{"name": "nginx", "image": "nginx"}, {"name": "nginx-exporter", "image": "nginx-exporter", "ports": [{"containerPort": 9113}]}]},
			"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}]}`,
		"/api/v1/namespaces/shop/pods/web-1:9113/proxy/metrics": "nginx_up 1\nnginx_http_requests_total 7\n",
	}
}

func examineCluster(t *testing.T, change responses) *doctor.Report {
	t.Helper()
	all := plainCluster()
	maps.Copy(all, change)
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	return Examine(t.Context(), cluster.Options{Namespace: "shop", Name: "web", Run: all.run, Fetch: refuses, Now: func() time.Time { return at }})
}

// refuses is a network in which every direct connection is refused.
func refuses(context.Context, string, string) (int, []byte, error) {
	return 0, nil, &cluster.Error{Reason: cluster.Down, Message: "refused"}
}

// kedaHPA is what KEDA makes of the ScaledObject web.
const kedaHPA = `{"items": [{"metadata": {"name": "keda-hpa-web", "namespace": "shop", "labels": {"scaledobject.keda.sh/name": "web"}}, "spec": {
	"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5,
	"metrics": [{"type": "External", "external": {"metric": {"name": "s0-x"}, "target": {"type": "AverageValue", "averageValue": "20"}}}]}}]}`

func scaledWith(trigger, status string) string {
	return `{"metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-25T11:00:00Z", "annotations": {"autoscaling.keda.sh/paused": "true"}},
		"spec": {"triggers": [` + trigger + `]}, "status": ` + status + `}`
}

const (
	ready        = `{"conditions": [{"type": "Ready", "status": "True"}], "hpaName": "keda-hpa-web"}`
	direct15s    = `{"type": "metrics-api", "metadata": {"url": "http://web.shop.svc:9113/rate/15s"}}`
	byPrometheus = `{"type": "prometheus", "metadata": {"serverAddress": "http://prometheus-operated.monitoring.svc:9090", "query": "sum(rate(x[1m]))"}}`
	success      = `{"status": "success", "data": {"resultType": "vector", "result": []}}`
	operated     = `{"items": [{"metadata": {"name": "k8s", "namespace": "monitoring"}}]}`
)

func TestPlatforms(t *testing.T) {
	behind := responses{"/api/v1/namespaces/shop/services/web": `{"spec": {"selector": {"app": "web"}, "ports": [{"port": 9113}]}}`}
	external := responses{"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io": `{"spec": {"service": {"name": "keda-metrics", "namespace": "keda"}}}`}
	group := func(name string) responses {
		return responses{"/apis": `{"groups": [{"name": "apps"}, {"name": "` + name + `"}]}`}
	}
	hpaOf := func(metrics, kind string) responses {
		return responses{hpaPath: `{"items": [{"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "` + kind + `", "name": "web"}, "metrics": [` + metrics + `]}}]}`}
	}
	keda := func(scaled string, more ...responses) responses {
		all := responses{hpaPath: kedaHPA, soPath: scaled}
		for _, m := range more {
			maps.Copy(all, m)
		}
		return all
	}
	tests := []struct {
		name    string
		change  responses
		verdict doctor.Verdict
		want    doctor.Code
	}{
		{"no Prometheus", nil, doctor.Inconclusive, "prometheus-not-found"},
		{"Google's", group("monitoring.googleapis.com"), doctor.Inconclusive, "platform-unsupported"},
		{"Azure's", group("azmonitoring.coreos.com"), doctor.Inconclusive, "platform-unsupported"},
		{"OpenShift", responses{
			"/apis": `{"groups": [{"name": "config.openshift.io"}]}`, operatorAPI + "prometheuses": operated,
			svcPath: "Error from server (ServiceUnavailable): error trying to reach service: EOF",
		}, doctor.Inconclusive, "platform-unsupported"},
		{"a login", responses{
			operatorAPI + "prometheuses": operated, svcPath: "error: You must be logged in to the server (Unauthorized)",
		}, doctor.Inconclusive, "prometheus-login"},
		{"another program", responses{operatorAPI + "prometheuses": operated, svcPath: "<html>"}, doctor.Unhealthy, "prometheus-other-program"},
		{"down", responses{
			operatorAPI + "prometheuses": operated, svcPath: `Error from server (ServiceUnavailable): no endpoints available for service "prometheus-operated"`,
		}, doctor.Unhealthy, "prometheus-down"},
		{"no permission to query it", responses{
			operatorAPI + "prometheuses": operated,
			svcPath:                      `Error from server (Forbidden): services "x" is forbidden: User "me" cannot get resource "services/proxy" in API group "" in the namespace "monitoring"`,
		}, doctor.Inconclusive, "right-missing"},
		{"two of them", responses{
			operatorAPI + "prometheuses": operated, svcPath: success,
			"/api/v1/services": `{"items": [{"metadata": {"name": "prometheus", "namespace": "other"}, "spec": {"ports": [{"port": 80}]}}]}`,
			"/api/v1/namespaces/other/services/prometheus:80/proxy/api/v1/query": success,
		}, doctor.Inconclusive, "prometheus-several"},
		{"unknown credentials", responses{hpaPath: "error: You must be logged in to the server (Unauthorized)"}, doctor.Inconclusive, "cluster-unauthorized"},
		{"CPU alone", hpaOf(`{"type": "Resource", "resource": {"name": "cpu"}}`, "Deployment"), doctor.Unhealthy, "hpa-other-metric"},
		{"a DaemonSet", hpaOf("", "DaemonSet"), doctor.Unhealthy, "hpa-target-daemonset"},
		{"GKE", hpaOf(`{"type": "Pods", "pods": {"metric": {"name": "autoscaling.gke.io|web|rps"}}}`, "Deployment"), doctor.Inconclusive, "platform-unsupported"},
		{"no KEDA", responses{hpaPath: `{}`, soPath: scaledWith(byPrometheus, "{}")}, doctor.Unhealthy, "keda-missing"},
		{"a ScaledObject that is not ready", responses{
			hpaPath: `{}`, soPath: scaledWith(byPrometheus, `{"conditions": [{"type": "Ready", "status": "False", "message": "no target"}]}`),
		}, doctor.Unhealthy, "keda-scaledobject-not-ready"},
		{"paused", keda(scaledWith(byPrometheus, `{"conditions": [{"type": "Paused", "status": "True"}]}`)), doctor.Unhealthy, "keda-paused"},
		{"the exporter computes no rate", keda(scaledWith(direct15s, ready)), doctor.Unhealthy, "keda-rate-window"},
		{"KEDA's API is not registered", keda(scaledWith(direct15s, ready), behind, responses{"/api/v1/namespaces/shop/pods/web-1:9113/proxy/rate/15s": "{}"}), doctor.Unhealthy, "keda-missing"},
		{"KEDA's API is down", keda(scaledWith(direct15s, ready), external, behind, responses{
			"/api/v1/namespaces/shop/pods/web-1:9113/proxy/rate/15s": "{}",
			"/apis/external.metrics.k8s.io/v1beta1":                  "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
		}), doctor.Unhealthy, "keda-api-down"},
		{"KEDA has no value", keda(scaledWith(direct15s, ready), external, behind, responses{
			"/api/v1/namespaces/shop/pods/web-1:9113/proxy/rate/15s": "{}", "/apis/external.metrics.k8s.io/v1beta1": "{}",
			"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-x": "Error from server (InternalError): Internal error occurred: no matching metrics",
		}), doctor.Unhealthy, "keda-no-value"},
		{"KEDA queries a wrong address", keda(scaledWith(byPrometheus, ready)), doctor.Unhealthy, "adapter-prometheus-url"},
		{"it uses the fallback", keda(scaledWith(direct15s, `{"conditions": [{"type": "Ready", "status": "True"}, {"type": "Fallback", "status": "True"}]}`)), doctor.Unhealthy, "keda-fallback"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report := examineCluster(t, tt.change)
			if report.Verdict() != tt.verdict || !slices.Contains(report.Codes(), tt.want) {
				var text strings.Builder
				_ = report.WriteText(&text, false) // into memory
				t.Errorf("%v; want %s in a report that is %s\n%s", report.Codes(), tt.want, tt.verdict, text.String())
			}
		})
	}
}

// A query of the trigger without result is found by running it.
func TestTriggerQuery(t *testing.T) {
	for result, want := range map[string]doctor.Code{
		`[]`:                                  "keda-query-empty",
		`[{"metric": {}, "value": [1, "5"]}]`: "keda-no-value",
		`[{"metric": {"a": "b"}, "value": [1, "5"]}, {"metric": {"a": "c"}, "value": [1, "5"]}]`: "keda-query-empty",
	} {
		all := plainCluster()
		maps.Copy(all, responses{
			hpaPath: kedaHPA, soPath: scaledWith(byPrometheus, ready),
			"/api/v1/namespaces/monitoring/services/prometheus-operated":                  `{"metadata": {"name": "prometheus-operated"}}`,
			"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io": `{"spec": {"service": {"name": "keda-metrics", "namespace": "keda"}}}`,
			"/apis/external.metrics.k8s.io/v1beta1":                                       "{}",
			"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-x":                  "Error from server (InternalError): Internal error occurred",
		})
		run := func(ctx context.Context, args []string) ([]byte, error) {
			path, query, _ := strings.Cut(args[2], "?")
			q, _ := url.ParseQuery(query)
			const proxy = "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/"
			switch {
			case path == proxy+"targets":
				return []byte(`{"status": "success", "data": {"activeTargets": [{"scrapeUrl": "http://10.0.0.1:9113/metrics", "health": "up", "scrapeInterval": "15s",
					"labels": {"namespace": "shop", "pod": "web-1"}}]}}`), nil
			case strings.HasPrefix(q.Get("query"), "sum(rate"):
				return []byte(`{"status": "success", "data": {"resultType": "vector", "result": ` + result + `}}`), nil
			case strings.HasPrefix(path, proxy):
				return []byte(`{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"__name__": "nginx_http_requests_total", "pod": "web-1"}, "value": [1, "7"]}]}}`), nil
			}
			return all.run(ctx, args)
		}
		report := Examine(t.Context(), cluster.Options{Namespace: "shop", Name: "web", Run: run})
		if !slices.Contains(report.Codes(), want) {
			t.Errorf("%s: %v in %+v", result, report.Codes(), report.Steps)
		}
	}
}
