package hpa

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
)

const (
	hpaSync = time.Minute // interval of the evaluations of an HPA, with a margin
	// Defaults of the HPA controller.
	defaultTolerance     = 0.1
	defaultStabilization = 300 * time.Second
)

func hpaUnable(d *diagnosis) *finding {
	if able := d.HPA().Status.Conditions.Of("AbleToScale"); able.Status == "False" {
		return cannotDecide(d, able)
	}
	return nil
}

// hpaNotEvaluated waits for an HPA that has not read the values yet.
func hpaNotEvaluated(d *diagnosis) *finding {
	h, pods := d.HPA(), d.Pods.Value()
	active := h.Status.Conditions.Of("ScalingActive")
	isNew := active.Type == "" || d.isYoung(active.LastTransitionTime, hpaSync) || d.isYoung(h.Metadata.CreationTimestamp, 2*hpaSync) ||
		d.isYoung(pods.Youngest(), 2*d.ScrapeInterval()+rateStart+hpaSync)
	if active.Status == "True" || !isNew {
		return nil
	}
	return waitingUntil(d.Now().Add(hpaSync), "the HPA has not been evaluated again yet")
}

// hpaInactive reports an HPA that does not scale although all steps before it work.
func hpaInactive(d *diagnosis) *finding {
	if active := d.HPA().Status.Conditions.Of("ScalingActive"); active.Status != "True" {
		return cannotDecide(d, active)
	}
	return nil
}

func cannotDecide(d *diagnosis, c *cluster.Condition) *finding {
	return failed("the HPA does not scale", "All other steps work, but the HPA does not scale, for an unknown reason.").
		evidence(c.Type, "%s", c).evidence("since", "%s", clock(c.LastTransitionTime)).
		fix("kubectl -n %s describe hpa %s", d.namespace(), d.HPA().Metadata.Name)
}

func hpaAtMax(d *diagnosis) *finding {
	h := d.HPA()
	limited := h.Status.Conditions.Of("ScalingLimited")
	if limited.Status != "True" || limited.Reason != "TooManyReplicas" {
		return nil
	}
	return warning("The HPA wants more pods than maxReplicas, %d, allows.", h.Spec.MaxReplicas).evidence("HPA", "%s", limited).
		fix(`kubectl -n %s patch hpa %s --type merge -p '{"spec":{"maxReplicas":N}}'   # if the cluster and the servers behind nginx have capacity`, d.namespace(), h.Metadata.Name)
}

// currentValue is the last value that the HPA has read, and its ratio to the target, NaN
// if unknown.
func currentValue(d *diagnosis) (current string, ratio float64) {
	m := d.Metric()
	for _, c := range d.HPA().Status.CurrentMetrics {
		status := c.Pods
		switch {
		case c.Object != nil:
			status = c.Object
		case c.External != nil:
			status = c.External
		}
		if status == nil || status.Metric.Name != m.Name {
			continue
		}
		current = status.Current.AverageValue
		if current == "" {
			current = status.Current.Value
		}
		if target := quantity(m.Target); target > 0 {
			return current, quantity(current) / target
		}
	}
	return current, math.NaN()
}

func decisionSummary(d *diagnosis) string {
	h, m := d.HPA(), d.Metric()
	status := &h.Status
	current, ratio := currentValue(d)
	perPod := ""
	if m.PerPod {
		perPod = " per pod"
	}
	text := fmt.Sprintf("value %s, target %s%s; pods: %d, desired: %d", current, m.Target, perPod, status.CurrentReplicas, status.DesiredReplicas)
	able := status.Conditions.Of("AbleToScale")
	switch {
	case math.IsNaN(ratio):
		return text
	case math.Abs(ratio-1) <= defaultTolerance:
		return text + fmt.Sprintf("; the ratio %.2f is within the tolerance of 10%%", ratio)
	case ratio < 1 && status.CurrentReplicas <= max(h.Spec.MinReplicas, 1):
		return text + "; already at minReplicas"
	case able.Reason == "ScaleDownStabilized" && ratio < 1:
		return text + "; will scale down " + stabilization(d, able)
	}
	return text
}

// stabilization describes how long the HPA waits before it scales down.
func stabilization(d *diagnosis, c *cluster.Condition) string {
	window := defaultStabilization
	if s := d.HPA().Spec.Behavior.ScaleDown.StabilizationWindowSeconds; s != nil {
		window = time.Duration(*s) * time.Second
	}
	left := window - d.Age(c.LastTransitionTime)
	if left <= 0 {
		return "once all values in the last " + window.String() + " are low"
	}
	return "within " + left.String() + ", at the end of the stabilization window of " + window.String()
}

// quantity parses a quantity of Kubernetes, such as 12, 250m or 2k; NaN if it is invalid.
// See https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
func quantity(text string) float64 {
	factor := 1.0
	for _, u := range []struct {
		suffix string
		factor float64
	}{{"m", 1e-3}, {"u", 1e-6}, {"n", 1e-9}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}} {
		if number, found := strings.CutSuffix(text, u.suffix); found {
			text, factor = number, u.factor
			break
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return value * factor
}
