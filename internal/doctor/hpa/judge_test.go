package hpa

import (
	"errors"
	"testing"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

// Judges do not need a cluster: tests can set the facts of an observation.
func TestJudges(t *testing.T) {
	scales := func(conditions ...cluster.Condition) cluster.Fact[cluster.Scaler] {
		h := cluster.HPA{}
		h.Metadata.Name, h.Spec.ScaleTargetRef = "web", cluster.Reference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}
		h.Status.Conditions = conditions
		return cluster.Known(cluster.Scaler{HPA: &h})
	}
	zero := 0
	stopped := cluster.Workload{}
	stopped.Spec.Replicas = &zero
	targets := cluster.Targets{Exporters: []cluster.Target{{Health: "down", LastError: "connection refused"}}}
	tests := []struct {
		name        string
		judge       func(*diagnosis) *finding
		observation *cluster.Observation
		want        string // message, or that of the step; empty for no finding
	}{
		{"an HPA at its maximum", hpaAtMax, &cluster.Observation{
			Scaler: scales(cluster.Condition{Type: "ScalingLimited", Status: "True", Reason: "TooManyReplicas"}),
		}, "The HPA wants more pods than maxReplicas, 0, allows."},
		{"an HPA below its maximum", hpaAtMax, &cluster.Observation{Scaler: scales()}, ""},
		{"a stopped target", targetScaledToZero, &cluster.Observation{Scaler: scales(), Scale: cluster.Known(stopped)}, "Deployment web is scaled to 0, which disables its HPA."},
		{"a target that runs", targetScaledToZero, &cluster.Observation{Scaler: scales()}, ""},
		{"a missing target", targetMissing, &cluster.Observation{Scaler: scales(), Target: cluster.Known(stopped)}, ""},
		{"scrapes that fail", scrapesFail, &cluster.Observation{Targets: cluster.Known(targets)}, "Prometheus cannot scrape pod ."},
		{"several servers", prometheusNotFound, &cluster.Observation{
			PrometheusLookup: cluster.Known(cluster.PrometheusLookup{Several: true}),
		}, "Several Prometheus servers respond, and it is not known which of them the HPA depends on."},
		{"an API that is not registered", apiMissing, &cluster.Observation{Scaler: scales()}, "Nothing is registered for custom.metrics.k8s.io, so the HPA gets no metrics."},
		{"a response without values", func(d *diagnosis) *finding {
			s := step{groups: []group{{when: isEmpty, rows: []row{{judge: func(*diagnosis) *finding { return waiting("reached") }}}}}}
			return &finding{step: s.examine(d).Message}
		}, &cluster.Observation{}, "waiting: reached"},
		{"a value that is not known", valueUnreadable, &cluster.Observation{
			Values: cluster.Unknown[cluster.Values](&cluster.Error{Reason: cluster.Forbidden, Message: `cannot get resource "pods"`}),
		}, "You do not have permission to get pods in all namespaces."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if f := tt.judge(&diagnosis{Observation: tt.observation}); f != nil {
				if got = f.Message; got == "" {
					got = f.step
				}
			}
			if got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

// What could not be observed is never reported as broken.
func TestUnobserved(t *testing.T) {
	if f := unobserved("pods", nil); f != nil {
		t.Errorf("%+v without an error", f)
	}
	for reason, want := range map[string]doctor.Code{
		cluster.NoKubectl: "kubectl-missing", cluster.NoContext: "kubectl-no-context", cluster.Unauthorized: "cluster-unauthorized",
		cluster.Forbidden: "right-missing", cluster.NoResponse: "cluster-unreachable", cluster.Internal: "unknown",
	} {
		f := unobserved("pods", &cluster.Error{Reason: reason, Message: "no"})
		if f.state != doctor.Unknown || f.Code != want || f.step != "cannot read pods" {
			t.Errorf("%s is %+v; want %s", reason, f, want)
		}
	}
	if f := unobserved("pods", errors.New("another error")); f.state != doctor.Unknown || f.Code != unknown {
		t.Errorf("another error is %+v", f)
	}
}
