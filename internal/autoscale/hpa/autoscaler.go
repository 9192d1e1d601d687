package hpa

import "time"

// Condition is a condition of the HPA: its status and reason. Both are zero until
// the controller sets it.
type Condition struct {
	Status bool
	Reason string
}

// Conditions are the conditions of an HPA. They persist between syncs.
type Conditions struct {
	AbleToScale, ScalingActive, ScalingLimited, ScaledToZero Condition
}

// Decision is the result of a sync.
type Decision struct {
	// Replicas is spec.replicas after the sync.
	Replicas int32
	// Measured is whether the metrics were used; if not, Proposal and Stabilized
	// are zero.
	Measured bool
	// Proposal is the largest proposal of a metric, Stabilized what the windows
	// made of it.
	Proposal, Stabilized int32
	// Wanted is the count that the controller wrote, or tried to write.
	Wanted int32
	// Metric is the index of the metric with the largest proposal.
	Metric int
}

// Autoscaler is the controller's state for one HPA. It is lost when the controller
// restarts: then use New. Times are durations since any moment, the same for all
// calls, and must not decrease. It is not safe for concurrent use.
type Autoscaler struct {
	spec      Spec
	version   int
	window    time.Duration // without behavior
	tolerance tolerance
	up, down  rules

	recommendations []recommendation
	ups, downs      []event
	conditions      Conditions
	usage           []int64
}

// recommendation is a proposal before any limit.
type recommendation struct {
	replicas int32
	at       time.Duration
}

// event is a change of replicas. Outdated ones are overwritten.
type event struct {
	change   int32
	at       time.Duration
	outdated bool
}

// New returns the state of a controller that has not seen the HPA yet. The spec must
// be valid.
func New(spec Spec, o Options) *Autoscaler {
	a := &Autoscaler{
		spec: spec, version: o.Version, window: o.DownscaleStabilization,
		tolerance: newTolerance(o, spec.Behavior), usage: make([]int64, len(spec.Metrics)),
	}
	if b := spec.Behavior; b != nil {
		a.up = b.Up.withDefaults(0, defaultUp())
		a.down = b.Down.withDefaults(o.DownscaleStabilization, defaultDown())
	}
	return a
}

// Conditions returns the conditions after the last sync.
func (a *Autoscaler) Conditions() Conditions { return a.conditions }

// Usage returns the current value of a metric as in the status, in thousandths.
func (a *Autoscaler) Usage(metric int) int64 { return a.usage[metric] }

// Restart forgets what a new controller process does not know. Conditions are part
// of the object and stay.
func (a *Autoscaler) Restart() { a.recommendations, a.ups, a.downs = nil, nil, nil }

// SetBounds changes minReplicas and maxReplicas.
func (a *Autoscaler) SetBounds(low, high int32) { a.spec.Min, a.spec.Max = low, high }

// Sync decides once.
func (a *Autoscaler) Sync(now time.Duration, o *Observation) Decision {
	if o.ReadFails {
		a.conditions.AbleToScale = Condition{false, "FailedGetScale"}
		return Decision{Replicas: o.Spec, Wanted: o.Spec}
	}
	a.conditions.AbleToScale = Condition{true, "SucceededGetScale"}
	current := o.Spec
	if a.recommendations == nil {
		a.recommendations = append(a.recommendations, recommendation{current, now})
	}
	d := Decision{Replicas: current, Wanted: current}
	switch {
	case current == 0 && a.paused():
		a.conditions.ScalingActive = Condition{false, "ScalingDisabled"}
	case current > a.spec.Max:
		d.Wanted = a.spec.Max
	case current < a.spec.Min && current > 0:
		d.Wanted = a.spec.Min
	default:
		a.measure(now, o, &d)
	}
	if d.Wanted != current {
		a.write(now, o, &d)
	}
	return d
}

// paused reports whether a count of 0 was set by others, so that the controller
// must leave it.
func (a *Autoscaler) paused() bool {
	switch {
	case a.version < pausedAtZero:
		return a.spec.Min != 0
	case a.version < scaleToZeroVersion:
		return true
	}
	return !a.conditions.ScaledToZero.Status || a.spec.Min == 0 && !a.spec.canLeaveZero()
}

// measure sets what the metrics propose, within the limits.
func (a *Autoscaler) measure(now time.Duration, o *Observation, d *Decision) {
	proposal, metric, ok := a.largest(o)
	if !ok {
		return
	}
	d.Measured, d.Proposal, d.Metric = true, proposal, metric
	if a.spec.Behavior == nil {
		a.normalizePlain(now, o.Spec, d)
	} else {
		a.normalize(now, o.Spec, d)
	}
	if o.Spec == 0 && d.Wanted < a.spec.Min {
		d.Wanted = a.spec.Min
	}
}

// largest returns the largest proposal of the metrics. A metric that fails blocks
// scaling down.
func (a *Autoscaler) largest(o *Observation) (replicas int32, metric int, ok bool) {
	failed, first := 0, 0
	for i := range a.spec.Metrics {
		proposal, usage, ok := a.propose(&a.spec.Metrics[i], &o.Metrics[i], o)
		a.usage[i] = usage
		if !ok {
			if failed == 0 {
				first = i
			}
			failed++
			continue
		}
		if replicas == 0 || proposal > replicas {
			replicas, metric = proposal, i
		}
	}
	if failed == len(a.spec.Metrics) || failed > 0 && replicas < o.Spec {
		a.conditions.ScalingActive = Condition{false, "FailedGet" + string(a.spec.Metrics[first].Source) + "Metric"}
		return 0, 0, false
	}
	a.conditions.ScalingActive = Condition{true, "ValidMetricFound"}
	return max(replicas, 0), metric, true
}

// write records a change of the replicas.
func (a *Autoscaler) write(now time.Duration, o *Observation, d *Decision) {
	if o.WriteFails {
		a.conditions.AbleToScale = Condition{false, "FailedUpdateScale"}
		return
	}
	d.Replicas = d.Wanted
	a.conditions.AbleToScale = Condition{true, "SucceededRescale"}
	a.storeEvent(now, o.Spec, d.Wanted)
	if a.version >= scaleToZeroVersion {
		a.conditions.ScaledToZero = Condition{false, "NotScaledToZero"}
		if o.Spec > 0 && d.Wanted == 0 && a.spec.Min == 0 && a.spec.canLeaveZero() {
			a.conditions.ScaledToZero = Condition{true, "ScaledToZero"}
		}
	}
}

// Reason is the reason of a change as in the event SuccessfulRescale. It is empty
// when only a window moved the count.
func (a *Autoscaler) Reason(before int32, d Decision) string {
	switch {
	case !d.Measured && before > a.spec.Max:
		return "Current number of replicas above Spec.MaxReplicas"
	case !d.Measured:
		return "Current number of replicas below Spec.MinReplicas"
	case d.Proposal < before:
		return "All metrics below target"
	case d.Proposal > before:
		return a.text(d.Metric) + " above target"
	case before == 0:
		return "Current number of replicas below Spec.MinReplicas"
	}
	return ""
}

// text names a metric as the controller does.
func (a *Autoscaler) text(metric int) string {
	m := a.spec.Metrics[metric]
	switch {
	case m.Source == Pods:
		return "pods metric " + m.Name
	case m.Source == Object && !m.Average:
		return m.Kind + " metric " + m.Name
	default:
		return "external metric " + m.Name
	}
}
