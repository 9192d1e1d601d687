package hpa

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
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

// hpaUpdateDenied reports a target whose number of pods the HPA may not change.
func hpaUpdateDenied(d *diagnosis) *finding {
	able := d.HPA().Status.Conditions.Of("AbleToScale")
	if able.Status != "False" {
		return nil
	}
	const step = "the HPA may not scale " // the target
	by := regexp.MustCompile(`admission webhook "[^"]+"|failed calling webhook "[^"]+"|ValidatingAdmissionPolicy '[^']+'`).FindString(able.Message)
	switch {
	case by != "" && able.Reason == "FailedUpdateScale":
		return failed(step+d.targetRef().String(), "Admission control prevents the HPA from scaling %s: %s.", d.targetRef(), by).
			evidence(able.Type, able).evidence("since", clock(able.LastTransitionTime)).
			fix("kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies   # it must respond, and allow updates of the scale by %s", cluster.HPAController)
	case strings.Contains(able.Message, `is forbidden: User "`+cluster.HPAController+`"`):
		return failed(step+d.targetRef().String(), "The HPA controller does not have permission to scale %s.", d.targetRef()).as("hpa-controller-rights").
			evidence(able.Type, able).
			fix("kubectl describe clusterrole system:controller:horizontal-pod-autoscaler   # it must have get and update on */scale")
	}
	return nil
}

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
		evidence(c.Type, c).evidence("since", clock(c.LastTransitionTime)).
		fix("kubectl -n %s describe hpa %s", d.namespace(), d.HPA().Metadata.Name)
}

func hpaAtMax(d *diagnosis) *finding {
	h := d.HPA()
	limited := h.Status.Conditions.Of("ScalingLimited")
	if limited.Status != "True" || limited.Reason != "TooManyReplicas" {
		return nil
	}
	f := warning("The HPA wants more pods than maxReplicas, %d, allows.", h.Spec.MaxReplicas).evidence("HPA", limited)
	if usesKEDA(d) {
		return fixScaledObject(d, f, "spec.maxReplicaCount, if the cluster and the servers behind nginx have capacity")
	}
	return f.fix(`kubectl -n %s patch hpa %s --type merge -p '{"spec":{"maxReplicas":N}}'   # if the cluster and the servers behind nginx have capacity`, d.namespace(), h.Metadata.Name)
}

// currentValue is the last value that the HPA has read, and its ratio to the target, NaN
// if unknown.
func currentValue(d *diagnosis) (current string, ratio float64) {
	m := d.Metric()
	for _, status := range d.HPA().Status.CurrentMetrics {
		r := status.Reading()
		if r == nil || r.Metric.Name != m.Name {
			continue
		}
		current = cmp.Or(r.Current.AverageValue, r.Current.Value)
		if target := quantity(m.Target); target > 0 {
			return current, quantity(current) / target
		}
	}
	return current, math.NaN()
}

// tolerances are the shares of the target by which the value may exceed or miss it without
// scaling.
func tolerances(d *diagnosis) (up, down float64) {
	b := &d.HPA().Spec.Behavior
	of := func(rules *cluster.ScalingRules) float64 {
		if own := quantity(rules.Tolerance); !math.IsNaN(own) {
			return own
		}
		return defaultTolerance
	}
	return of(&b.ScaleUp), of(&b.ScaleDown)
}

// hpaTolerates reports a value that the default tolerance would not tolerate, but that of
// the HPA does.
func hpaTolerates(d *diagnosis) *finding {
	up, down := tolerances(d)
	_, ratio := currentValue(d)
	direction, own, h := "scaleUp", up, d.HPA()
	if ratio < 1 {
		direction, own = "scaleDown", down
	}
	if !(math.Abs(ratio-1) > defaultTolerance && math.Abs(ratio-1) <= own) || ratio < 1 && isAtMin(h) {
		return nil
	}
	return warning("The HPA does not scale, since the ratio of value and target, %.2f, is within its own tolerance of %.0f%%.", ratio, 100*own).
		fix("%s%s.tolerance", editBehavior(d), direction)
}

// directionDisabled reports an HPA that never scales in one or both directions.
func directionDisabled(d *diagnosis) *finding {
	const disabled = "Disabled"
	h := d.HPA()
	up, down := h.Spec.Behavior.ScaleUp.SelectPolicy == disabled, h.Spec.Behavior.ScaleDown.SelectPolicy == disabled
	if s := d.ScaledObject(); s != nil && s.Status.Conditions.IsTrue("Paused") {
		return nil // that is how KEDA pauses it
	}
	switch {
	case up && down:
		return failed("never scales", "The behavior of the HPA disables scaling in both directions.").
			fix("%s*.selectPolicy: Max", editBehavior(d))
	case up:
		return warning("The HPA never scales up: its behavior disables that.").fix("%sscaleUp.selectPolicy: Max", editBehavior(d))
	case down:
		return warning("The HPA never scales down: its behavior disables that.").fix("%sscaleDown.selectPolicy: Max", editBehavior(d))
	}
	return nil
}

// editBehavior is the command that edits the behavior of the HPA, up to the field to edit.
// KEDA overwrites changes of its HPAs.
func editBehavior(d *diagnosis) string {
	if s := d.ScaledObject(); s != nil {
		return fmt.Sprintf("kubectl -n %s edit scaledobject %s   # spec.advanced.horizontalPodAutoscalerConfig.behavior.", d.namespace(), s.Metadata.Name)
	}
	return fmt.Sprintf("kubectl -n %s edit hpa %s   # spec.behavior.", d.namespace(), d.HPA().Metadata.Name)
}

func isAtMin(h *cluster.HPA) bool { return h.Status.CurrentReplicas <= max(h.Spec.MinReplicas, 1) }

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
	up, down := tolerances(d)
	tolerance := up
	if ratio < 1 {
		tolerance = down
	}
	switch {
	case math.IsNaN(ratio):
		return text
	case math.Abs(ratio-1) <= tolerance:
		return text + fmt.Sprintf("; the ratio %.2f is within the tolerance of %.0f%%", ratio, 100*tolerance)
	case ratio < 1 && isAtMin(h):
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
