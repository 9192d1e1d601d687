package hpa

import (
	"math"
	"slices"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

// otherMetric is a metric of the HPA besides that of nginx, and its last value; the value is
// nil if the HPA could not read it.
type otherMetric struct {
	spec    *cluster.MetricSpec
	current *cluster.MetricValue
}

// otherMetrics lists the metrics besides that of nginx; none if the HPA has not read its
// metrics in their current form yet.
func otherMetrics(d *diagnosis) (all []otherMetric) {
	h, m := d.HPA(), d.Metric()
	if len(h.Status.CurrentMetrics) != len(h.Spec.Metrics) {
		return nil
	}
	for i := range h.Spec.Metrics {
		o := otherMetric{spec: &h.Spec.Metrics[i]}
		if r := h.Status.CurrentMetrics[i].Reading(); r != nil {
			o.current = &r.Current
		}
		if o.spec.String() != m.Type+" "+m.Name {
			all = append(all, o)
		}
	}
	return all
}

// otherMetricFails reports another metric that the HPA cannot read. It then scales up at
// most, and only if the other metrics require that.
func otherMetricFails(d *diagnosis) *finding {
	all := otherMetrics(d)
	i := slices.IndexFunc(all, func(o otherMetric) bool { return o.current == nil })
	if i < 0 || d.isYoung(d.Pods.Value().Youngest(), 2*time.Minute) {
		return nil // new pods have no values yet
	}
	spec, active := all[i].spec, d.HPA().Status.Conditions.Of("ScalingActive")
	f := warning("The HPA cannot read its metric %s, so it does not scale down.", spec)
	if active.Status == "False" {
		f = failed("another metric fails", "The HPA does not scale, since it cannot read its metric %s.", spec).evidence("HPA", active)
	}
	resource := spec.Resource
	if resource == nil {
		resource = spec.ContainerResource
	}
	if resource == nil {
		return f.fix("kubectl -n %s describe hpa %s   # its events show why", d.namespace(), d.HPA().Metadata.Name)
	}
	return resourceFails(d, f, resource)
}

// resourceFails adds why the HPA cannot read CPU or memory.
func resourceFails(d *diagnosis, f *finding, r *cluster.ResourceTarget) *finding {
	for _, p := range d.Pods.Value().Live {
		if c := p.Spec.Unrequested(r.Name, r.Container); r.Target.AverageUtilization != nil && c != nil {
			return f.as("hpa-resource-requests").
				evidencef("without a request", "container %s of pod %s", c.Name, p.Metadata.Name).
				fix("kubectl -n %s set resources %s -c %s --requests=%s=AMOUNT   # or remove the metric from the HPA", d.namespace(), d.targetRef().Kubectl(), c.Name, r.Name)
		}
	}
	err := d.ResourceAPIErr()
	switch {
	case err == nil:
		return f.evidence("values now", "the metrics API has values of the pods").fix("kubectl -n %s describe hpa %s", d.namespace(), d.HPA().Metadata.Name)
	case d.IsLocal(err): // unknown whether it responds to the HPA
		return f.evidence("metrics.k8s.io", err).fix("kubectl -n %s top pods", d.namespace())
	}
	return f.as("metrics-server").evidence("response of metrics.k8s.io", err).
		fix("kubectl get apiservice v1beta1.metrics.k8s.io   # install metrics-server if there is none, else check its log").
		fix("kubectl -n %s top pods   # must show the pods", d.namespace())
}

// otherMetricHolds reports another metric that requires more pods than that of nginx, which
// alone would make the HPA scale down.
func otherMetricHolds(d *diagnosis) *finding {
	h := d.HPA()
	pods := float64(h.Status.CurrentReplicas)
	_, ratio := currentValue(d)
	_, down := tolerances(d)
	if !(ratio < 1-down) || isAtMin(h) {
		return nil
	}
	alone := max(math.Ceil(ratio*pods), float64(h.Spec.MinReplicas), 1)
	for _, o := range otherMetrics(d) {
		if o.current == nil {
			continue
		}
		target, current := o.spec.Target(), *o.current
		theirs := quantity(current.AverageValue) / quantity(target.AverageValue)
		if target.AverageUtilization != nil && current.AverageUtilization != nil {
			theirs = float64(*current.AverageUtilization) / float64(*target.AverageUtilization)
		} else if target.Value != "" {
			theirs = quantity(current.Value) / quantity(target.Value)
		}
		if theirs >= 1-down && alone < pods {
			return warning("The HPA keeps %d pods for its metric %s; the metric of nginx alone needs %.0f.", h.Status.CurrentReplicas, o.spec, alone).
				evidencef("value by target", "%.2f of %s, %.2f of %s", theirs, o.spec, ratio, d.Metric().Name).
				fix("the metric that needs the most pods decides: raise the target of %s, or remove it", o.spec)
		}
	}
	return nil
}
