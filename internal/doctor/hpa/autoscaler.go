package hpa

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

func hpaMissing(d *diagnosis) *finding {
	if hasHPA(d) || usesKEDA(d) {
		return nil
	}
	f := failed("not found", "No HorizontalPodAutoscaler or ScaledObject %s exists in namespace %s.", d.Name(), d.namespace())
	var here []string
	for _, h := range d.HPAs.Value() {
		here = append(here, h.Metadata.Name)
		if ref := h.Spec.ScaleTargetRef; ref.Name == d.Name() {
			f.fix("nginx-exporter doctor hpa %s/%s   # the HPA of %s", d.namespace(), h.Metadata.Name, ref)
		}
	}
	f.evidence("HPAs in "+d.namespace(), names(here))
	elsewhere, err := d.HPAsElsewhere()
	if err == nil {
		for _, h := range elsewhere {
			f.fix("nginx-exporter doctor hpa %s/%s", h.Metadata.Namespace, d.Name())
		}
	}
	if len(f.Fix) == 0 {
		f.fix("create it: helm install with autoscaling.engine=adapter, or see examples/kubernetes")
	}
	return f
}

func hasHPA(d *diagnosis) bool { return d.HPA() != nil }

func targetIsDaemonSet(d *diagnosis) *finding {
	h := d.HPA()
	if h.Spec.ScaleTargetRef.Kind != "DaemonSet" {
		return nil
	}
	return failed("cannot scale a DaemonSet", "HPA %s scales DaemonSet %s, which runs one pod per node and has no replicas to scale.", h.Metadata.Name, h.Spec.ScaleTargetRef.Name).
		fix("make it a Deployment, or use alerts instead of scaling: examples/kubernetes/daemonset")
}

func noCustomMetric(d *diagnosis) *finding {
	m := d.Metric()
	if m.Name != "" {
		return nil
	}
	return failed("uses no custom metric", "HPA %s does not use a request metric.", d.HPA().Metadata.Name).
		evidence("its metrics", names(m.Others)).
		fix("add a metric of type Pods: nginx-exporter snippet adapter-rule, and examples/kubernetes/hpa-adapter")
}

// metricOfGKE reports a metric that GKE serves itself.
func metricOfGKE(d *diagnosis) *finding {
	name, ours := strings.CutPrefix(d.Metric().Name, "autoscaling.gke.io|")
	if !ours && !strings.Contains(name, ".googleapis.com|") {
		return nil
	}
	return unchecked("uses a metric of GKE", "GKE serves the metric %s itself; the doctor cannot check it.", strings.ReplaceAll(name, "|", " ")).
		fix("kubectl -n %s describe autoscalingmetric   # its conditions show the state", d.namespace())
}

// metricOfController reports a metric of an ingress controller or gateway.
func metricOfController(d *diagnosis) *finding {
	name := d.Metric().Name
	query := name
	if t := d.ScaledObject().Trigger("prometheus"); t != nil && d.ScaledObject().IsMetricOf(t, name) {
		query = t.Metadata["query"]
	}
	if !cluster.IsOfController(query) {
		return nil
	}
	f := ofController(d, failed("", "%s is a metric of an ingress controller or gateway, which has its own metrics.", name))
	if query != name {
		f.evidence("query of the trigger", query)
	}
	return f
}

// ofController completes a finding about an ingress controller or gateway.
func ofController(d *diagnosis, f *finding) *finding {
	f.state, f.step = doctor.Unknown, "uses a metric of an ingress controller"
	if active := d.HPA().Status.Conditions.Of("ScalingActive"); active.Type != "" {
		f.evidence("HPA", active)
	}
	return f.as("ingress-controller-metric").
		fix("do not inject nginx-exporter; enable the metrics of the controller: for ingress-nginx, controller.metrics.enabled and controller.metrics.serviceMonitor.enabled").
		fix("kubectl -n %s describe hpa %s   # shows whether it gets values", d.namespace(), d.HPA().Metadata.Name)
}

func hpaSummary(d *diagnosis) string {
	h := d.HPA()
	if h == nil {
		return "" // the step KEDA shows why
	}
	m := d.Metric()
	per := "per pod"
	if !m.PerPod {
		per = "for all pods"
	}
	return fmt.Sprintf("%s scales %s (%d to %d pods) on %s, target %s %s", h.Metadata.Name, h.Spec.ScaleTargetRef,
		max(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas, m.Name, m.Target, per)
}

// hpaComplaint is the message of the HPA if it cannot read its metrics; empty if it can,
// or has not tried yet.
func hpaComplaint(h *cluster.HPA) string {
	c := h.Status.Conditions.Of("ScalingActive")
	if c.Status != "False" {
		return ""
	}
	return c.String()
}
