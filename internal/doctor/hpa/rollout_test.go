package hpa

import (
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

// Pods and adapters that are being replaced are waited for, and no longer.
func TestRollouts(t *testing.T) {
	const (
		web     = "/apis/apps/v1/namespaces/shop/deployments/web"
		pods    = "/api/v1/namespaces/shop/pods"
		seconds = "2026-11-25T11:59:50Z"
		hour    = "2026-11-25T11:00:00Z"
	)
	deployment := func(updated, failure string) responses {
		return responses{pods: `{"items": []}`, web: `{"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}},
			"status": {"conditions": [{"type": "Progressing", "status": "True", "lastUpdateTime": "` + updated + `"}` + failure + `]}}`}
	}
	// The only pod is ending, and the Deployment has not reported a new one yet.
	ending := func(by string) responses {
		there := deployment(hour, "")
		there[pods] = `{"items": [{"metadata": {"name": "web-1", "labels": {"app": "web"}, "deletionTimestamp": "` + by + `"}, "status": {"phase": "Running"}}]}`
		return there
	}
	unready := func(created string) responses {
		return responses{pods: strings.NewReplacer(`"status": "True"`, `"status": "False"`, hour, created).Replace(plainCluster()[pods])}
	}
	tests := []struct {
		name    string
		change  responses
		verdict doctor.Verdict
		want    doctor.Code // none if empty
	}{
		{"no pods yet", deployment(seconds, ""), doctor.Pending, ""},
		{"no pods for long", deployment(hour, ""), doctor.Unhealthy, "pods-none"},
		{"pods that are refused", deployment(seconds, `, {"type": "ReplicaFailure", "status": "True"}`), doctor.Unhealthy, "pods-none"},
		{"pods that end", ending("2026-11-25T12:00:20Z"), doctor.Pending, ""},
		{"pods that do not end", ending("2026-11-25T11:50:00Z"), doctor.Unhealthy, "pods-none"},
		{"pods that start", unready(seconds), doctor.Pending, ""},
		{"pods that do not become ready", unready(hour), doctor.Unhealthy, "pods-not-ready"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report := examineCluster(t, tt.change)
			if report.Verdict() != tt.verdict {
				t.Errorf("it is %s; want %s", report.Verdict(), tt.verdict)
			}
			if codes := report.Codes(); tt.want == "" && len(codes) > 0 || tt.want != "" && (len(codes) != 1 || codes[0] != tt.want) {
				t.Errorf("found %v; want %q", codes, tt.want)
			}
		})
	}
}
