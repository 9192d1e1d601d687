package hpa

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

const (
	// hpaSync is how soon an HPA looks again, with a margin.
	hpaSync = time.Minute
	// usualTolerance and usualWindow are defaults of the HPA controller.
	usualTolerance = 0.1
	usualWindow    = 300 * time.Second
)

// lookDecision is what the HPA makes of the value.
func (w *walk) lookDecision() doctor.Step {
	status := &w.hpa.Status
	active := status.Conditions.of("ScalingActive")
	able := status.Conditions.of("AbleToScale")
	switch {
	case able.Status == "False":
		return w.cannotDecide(able)
	case active.Status != "True" && (active.Type == "" || w.age(active.LastTransitionTime) < hpaSync || w.age(w.hpa.Metadata.CreationTimestamp) < 2*hpaSync || w.valuesAreNew()):
		return waiting("%s, when the HPA should have looked again", clock(w.now.Add(hpaSync)))
	case active.Status != "True":
		return w.cannotDecide(active)
	}
	current, ratio := w.ratio()
	l := fine("%s", w.decision(current, ratio))
	limited := status.Conditions.of("ScalingLimited")
	if limited.Status == "True" && limited.Reason == "TooManyReplicas" {
		f := seen(found(codeAtMax, "the HPA wants more pods than maxReplicas, %d, lets it have", w.hpa.Spec.MaxReplicas), "the HPA says", "%s", said(limited))
		f = mend(f, `kubectl -n %s patch hpa %s --type merge -p '{"spec":{"maxReplicas":N}}', if the cluster and what is behind nginx can take more`, w.namespace, w.hpa.Metadata.Name)
		return with(l, f)
	}
	return l
}

// cannotDecide is an HPA that says no though every link before it works.
func (w *walk) cannotDecide(c condition) doctor.Step {
	f := seen(found(codeUnknown, "all links work, and the HPA does not: a cause that the doctor does not know"), c.Type, "%s", said(c))
	f = seen(f, "since", "%s", clock(c.LastTransitionTime))
	return broken("the HPA does not scale", mend(f, "kubectl -n %s describe hpa %s", w.namespace, w.hpa.Metadata.Name))
}

// valuesAreNew tells whether the pods are so young that the HPA may not have
// seen a value of them.
func (w *walk) valuesAreNew() bool {
	return w.age(w.firstSeries()) < 2*w.interval+firstRate+hpaSync
}

// ratio is how far the current value is from the target.
func (w *walk) ratio() (current string, ratio float64) {
	for _, m := range w.hpa.Status.CurrentMetrics {
		now := m.Pods
		switch {
		case m.Object != nil:
			now = m.Object
		case m.External != nil:
			now = m.External
		}
		if now == nil || now.Metric.Name != w.wanted.name {
			continue
		}
		current = now.Current.AverageValue
		if current == "" {
			current = now.Current.Value
		}
		have, want := quantity(current), quantity(w.wanted.average)
		if want > 0 {
			return current, have / want
		}
	}
	return current, math.NaN()
}

// decision says in words what the HPA does now.
func (w *walk) decision(current string, ratio float64) string {
	status := &w.hpa.Status
	each := ""
	if w.wanted.each {
		each = " a pod"
	}
	text := fmt.Sprintf("%s of %s%s, %d pods, %d wanted", current, w.wanted.average, each, status.CurrentReplicas, status.DesiredReplicas)
	stabilized := status.Conditions.of("AbleToScale")
	switch {
	case math.IsNaN(ratio):
		return text
	case math.Abs(ratio-1) <= usualTolerance:
		return text + fmt.Sprintf("; the ratio %.2f is inside of the tolerance of 10 %%", ratio)
	case ratio < 1 && status.CurrentReplicas <= max(w.hpa.Spec.MinReplicas, 1):
		return text + "; fewer than minReplicas it cannot be"
	case stabilized.Reason == "ScaleDownStabilized" && ratio < 1:
		return text + "; fewer would do, and will come " + w.stabilization(stabilized)
	}
	return text
}

// stabilization is how long the HPA holds on to pods.
func (w *walk) stabilization(c condition) string {
	over := usualWindow
	if s := w.hpa.Spec.Behavior.ScaleDown.StabilizationWindowSeconds; s != nil {
		over = time.Duration(*s) * time.Second
	}
	left := over - w.age(c.LastTransitionTime)
	if left <= 0 {
		return "once all figures of the last " + over.String() + " are low"
	}
	return "in at most " + left.String() + ", the rest of the stabilization window of " + over.String()
}

// quantity reads a number of Kubernetes, such as 12, 250m or 2k.
func quantity(text string) float64 {
	for _, u := range []struct {
		suffix string
		factor float64
	}{{"m", 1e-3}, {"u", 1e-6}, {"n", 1e-9}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}} {
		if number, found := strings.CutSuffix(text, u.suffix); found {
			value, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return math.NaN()
			}
			return value * u.factor
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return value
}
