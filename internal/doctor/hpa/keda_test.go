package hpa

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

// ratePath is what the doctor requests for a trigger that requests the exporters.
const (
	ratePath     = "/api/v1/namespaces/shop/pods/web-1:9113/proxy/rate/15s"
	rateResponse = `{"nginx_http_requests_per_second": 3.5, "window_seconds": 15, "targets": {}}`
	rateService  = "/api/v1/namespaces/shop/services/web"
	eventsPath   = "/api/v1/namespaces/shop/events"
	externalOne  = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-x"
)

// scaledBy is a cluster where KEDA scales by a trigger, and has an HPA and a value.
func scaledBy(scaled string, more ...responses) responses {
	all := responses{
		hpaPath: strings.TrimSuffix(kedaHPA, "}]}") + `, "status": {"conditions": [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}]}}]}`,
		soPath:  scaled, ratePath: rateResponse,
		rateService: `{"spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 9113}]}}`,
		"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io": `{"spec": {"service": {"name": "keda-metrics", "namespace": "keda"}}}`,
		"/apis/external.metrics.k8s.io/v1beta1":                                       "{}",
		externalOne:                                                                   `{"items": [{"value": "3"}]}`,
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}

// scaledAs is a ScaledObject with annotations and conditions.
func scaledAs(trigger, annotations, conditions string) string {
	return `{"metadata": {"name": "web", "namespace": "shop", "uid": "7", "creationTimestamp": "2026-11-25T11:00:00Z", "annotations": {` + annotations + `}},
		"spec": {"triggers": [` + trigger + `]}, "status": {"hpaName": "keda-hpa-web", "conditions": [` + conditions + `]}}`
}

func requestsPods(url, place string) string {
	return `{"type": "metrics-api", "metadata": {"url": "` + url + `", "valueLocation": "` + place + `", "aggregateFromKubeServiceEndpoints": "true"}}`
}

func TestScaledObjects(t *testing.T) {
	const (
		works  = `{"type": "Ready", "status": "True"}`
		fails  = `{"type": "Ready", "status": "False", "reason": "TriggerError", "message": "Triggers defined in ScaledObject are not working correctly"}`
		part   = `{"type": "Ready", "status": "Unknown", "reason": "PartialTriggerError"}`
		wrong  = `{"type": "Ready", "status": "False", "reason": "ScaledObjectCheckFailed", "message": "deployments.apps \"wep\" not found"}`
		paused = `{"type": "Paused", "status": "True"}`
		in     = `"autoscaling.keda.sh/paused-scale-in": "true"`
		out    = `"autoscaling.keda.sh/paused-scale-out": "true"`
		field  = "nginx_http_requests_per_second"
		url    = "http://web.shop.svc:9113/rate/15s"
		no     = "Error from server (InternalError): Internal error occurred"
	)
	good := requestsPods(url, field)
	young := `"creationTimestamp": "2026-11-25T11:59:30Z"},` + "\n"
	events := responses{eventsPath: `{"items": [
		{"message": "the first", "eventTime": "2026-11-25T11:01:00Z", "series": null, "lastTimestamp": null},
		{"message": "could not get any metric", "eventTime": "2026-11-25T11:02:00Z", "series": {"lastObservedTime": "2026-11-25T11:59:00Z"}},
		{"message": "the second", "lastTimestamp": "2026-11-25T11:03:00Z"}]}`}
	service := func(text string) responses { return responses{rateService: text} }
	tests := []struct {
		name    string
		change  responses
		verdict doctor.Verdict
		want    doctor.Code
		says    string
	}{
		{"one that works", scaledBy(scaledAs(good, "", works)), doctor.Healthy, "", "the exporter responds"},
		{"triggers that fail", scaledBy(scaledAs(good, "", fails), responses{externalOne: no}, events), doctor.Unhealthy, "keda-no-value", "event of KEDA: the second, first at 11:03:00 UTC; later messages are in the log of KEDA"},
		{"triggers that fail, of an HPA", scaledBy(scaledAs(good, "", fails)), doctor.Healthy, "keda-scaledobject-not-ready", "HPA keda-hpa-web exists, but triggers fail"},
		{"one trigger of two fails", scaledBy(scaledAs(good, "", part), events), doctor.Healthy, "keda-scaledobject-not-ready", "KEDA gets no metrics"},
		{"it was changed to something wrong", scaledBy(scaledAs(good, "", wrong)), doctor.Unhealthy, "keda-scaledobject-not-ready", "its HPA is from before the change"},
		{"it never was right", scaledBy(scaledAs(good, "", wrong), responses{hpaPath: "{}"}), doctor.Unhealthy, "keda-scaledobject-not-ready", "has not created an HPA"},
		{"it is being made", scaledBy(strings.Replace(scaledAs(good, "", fails), "T11:00:00Z", "T11:59:50Z", 1), responses{hpaPath: "{}"}), doctor.Pending, "", "KEDA has not processed the ScaledObject yet"},
		{"it stays as large as it is", scaledBy(scaledAs(good, in, works+","+paused)), doctor.Healthy, "keda-paused", "annotate scaledobject web autoscaling.keda.sh/paused-scale-in-\n"},
		{"paused in both directions", scaledBy(scaledAs(good, in+","+out, works+","+paused)), doctor.Unhealthy, "keda-paused", "paused-scale-in- autoscaling.keda.sh/paused-scale-out-"},
		{"paused as it is", scaledBy(scaledAs(good, `"autoscaling.keda.sh/paused": "true"`, works+","+paused), responses{hpaPath: "{}"}), doctor.Unhealthy, "keda-paused", "annotate scaledobject web autoscaling.keda.sh/paused-\n"},
		{"a value that does not exist", scaledBy(scaledAs(requestsPods(url, "requests"), "", fails)), doctor.Unhealthy, "keda-value-location", "values in the response: nginx_http_requests_per_second, window_seconds"},
		{"a location that only KEDA understands", scaledBy(scaledAs(requestsPods(url, "targets.0.value"), "", works)), doctor.Healthy, "", ""},
		{"a Service that does not exist", scaledBy(scaledAs(good, "", fails), service("Error from server (NotFound): no")), doctor.Unhealthy, "keda-rate-service", "Service web in shop, which does not exist"},
		{"a Service for nginx", scaledBy(scaledAs(good, "", fails), service(`{"spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]}}`)), doctor.Unhealthy, "keda-rate-service", "http 80"},
		{"a port that leads to another", scaledBy(scaledAs(good, "", fails), service(`{"spec": {"selector": {"app": "web"}, "ports": [{"port": 9113, "targetPort": 80}]}}`)), doctor.Unhealthy, "keda-rate-service", ""},
		{"a port with a name", scaledBy(scaledAs(good, "", works), service(`{"spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "exporter"}]}}`)), doctor.Healthy, "", ""},
		{"a Service of other pods", scaledBy(scaledAs(good, "", fails), service(`{"spec": {"selector": {"app": "api"}, "ports": [{"port": 9113}]}}`)), doctor.Unhealthy, "keda-rate-service", "app=api"},
		{"a Service of another namespace", scaledBy(scaledAs(requestsPods("http://web.staging.svc:9113/rate/15s", field), "", works), responses{
			"/api/v1/namespaces/staging/services/web": `{"spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 9113}]}}`,
		}), doctor.Unhealthy, "keda-rate-service", "Service web in staging, which does not select these pods"},
		{"the Service that the doctor would make", scaledBy(scaledAs(requestsPods("http://web-rate.shop.svc:9113/rate/15s", field), "", fails), responses{
			"/api/v1/namespaces/shop/services/web-rate": `{"spec": {"clusterIP": "None", "selector": {"app": "api"}, "ports": [{"port": 9113}]}}`,
		}), doctor.Unhealthy, "keda-rate-service", "edit service web-rate   # selector app=web, port 9113"},
		{"a path that is not one of rates", scaledBy(scaledAs(requestsPods("http://web.shop.svc:9113/rates/15s", field), "", fails)), doctor.Unhealthy, "keda-rate-window", "the path of url must be /rate/WINDOW"},
		{"another window", scaledBy(scaledAs(requestsPods("http://web.shop.svc:9113/rate/1m", field), "", fails)), doctor.Unhealthy, "keda-rate-window", "--rate.window=1m"},
		{"KEDA's API in other hands", scaledBy(scaledAs(good, "", works), responses{
			"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io": `{"spec": {"service": {"name": "datadog-cluster-agent-metrics-api", "namespace": "datadog"}}}`,
		}), doctor.Unhealthy, "api-owned-by-another", "so the HPA gets no metrics from KEDA"},
		{"KEDA in another namespace", scaledBy(scaledAs(good, "", fails), responses{
			"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io": `{"spec": {"service": {"name": "keda-metrics", "namespace": "scaling"}}}`,
			externalOne: no,
		}), doctor.Unhealthy, "keda-no-value", "kubectl -n scaling logs deploy/keda-operator"},
		{"it stays as large as it is, in KEDA's eyes", scaledBy(scaledAs(good, `"autoscaling.keda.sh/paused-scale-in": "True"`, works+","+paused)), doctor.Healthy, "keda-paused", "paused in one direction"},
		{"an event without words", scaledBy(scaledAs(good, "", fails), responses{externalOne: no, eventsPath: `{"items": [{}]}`}), doctor.Unhealthy, "keda-no-value", ""},
		{"it is not judged yet", scaledBy(scaledAs(good, "", `{"type": "Ready", "status": "Unknown"}`)), doctor.Healthy, "", "KEDA has not reported the state of the triggers yet"},
		{"a pod that knows no rate yet", scaledBy(scaledAs(good, "", fails), responses{
			ratePath:                       "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
			"/api/v1/namespaces/shop/pods": strings.Replace(plainCluster()["/api/v1/namespaces/shop/pods"], `"creationTimestamp": "2026-11-25T11:00:00Z"},`, young, 1),
		}), doctor.Pending, "keda-scaledobject-not-ready", "not have a rate until half of its window has passed"},
		{"a pod that knows no rate", scaledBy(scaledAs(good, "", works), responses{
			ratePath: "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
		}), doctor.Healthy, "", "does not have a rate yet"},
		{"pods that cannot be reached", scaledBy(scaledAs(good, "", works), responses{
			ratePath: "Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.0.0.1:9113: i/o timeout",
		}), doctor.Healthy, "", "does not reach"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report := examineCluster(t, tt.change)
			var text strings.Builder
			_ = report.WriteText(&text, false) // into memory
			named := tt.want == "" && len(report.Codes()) == 0 || slices.Contains(report.Codes(), tt.want)
			if report.Verdict() != tt.verdict || !named || !strings.Contains(text.String(), tt.says) {
				t.Errorf("%v; want %q and %q in a report that is %s\n%s", report.Codes(), tt.want, tt.says, tt.verdict, text.String())
			}
		})
	}
}
