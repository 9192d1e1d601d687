package hpa

import "math"

// Observation is what the controller reads in a sync.
type Observation struct {
	// Spec and Status are spec.replicas and status.replicas of the scale
	// subresource. Status may differ while pods are created or removed.
	Spec, Status int32
	// Known are the pods that match the selector, Ready those that are running and
	// ready.
	Known, Ready int32
	// Metrics are the readings of the metrics of the spec, in its order.
	Metrics []Reading
	// ReadFails and WriteFails mean that the scale subresource cannot be read or
	// updated in this sync.
	ReadFails, WriteFails bool
}

// Reading is what the metrics API returns for a metric.
type Reading struct {
	Fails bool
	// Value is the value of the object, or the sum of the external series, in
	// thousandths.
	Value int64
	// Pods are the samples of a metric of source Pods.
	Pods Samples
}

// Samples are the samples of pods. Pods that are terminating or failed are in none
// of the counts.
type Samples struct {
	Sum     int64 // of Counted and Unknown, in thousandths
	Counted int32 // pods with a sample, ready or not
	Unknown int32 // samples of pods that do not match the selector any more
	Missing int32 // running pods without a sample
	Pending int32
}

// inside reports whether a ratio is too close to 1 to act.
func (t tolerance) inside(ratio float64) bool {
	if t.distance {
		return math.Abs(1-ratio) <= t.up
	}
	return 1-t.down <= ratio && ratio <= 1+t.up
}

// propose returns the replicas that a metric proposes, and its usage in thousandths
// as shown in the status.
func (a *Autoscaler) propose(m *Metric, r *Reading, o *Observation) (replicas int32, usage int64, ok bool) {
	switch {
	case r.Fails:
		return 0, 0, false
	case m.Source == Pods:
		return a.proposePods(m.Target, o, r.Pods)
	case m.Average:
		replicas, usage = a.proposeAverage(m.Target, o.Status, r.Value)
		return replicas, usage, true
	default:
		replicas, ok = a.proposeValue(m.Target, o, r.Value)
		return replicas, r.Value, ok
	}
}

// proposePods multiplies the pods by the ratio of their average to the target.
// Missing and pending pods are counted so that they dampen the change.
func (a *Autoscaler) proposePods(target int64, o *Observation, s Samples) (replicas int32, usage int64, ok bool) {
	entries := s.Counted + s.Unknown
	if o.Known == 0 || entries == 0 {
		return 0, 0, false
	}
	usage = s.Sum / int64(entries) // thousandths are cut off
	ratio := float64(usage) / float64(target)
	if s.Missing > 0 || s.Pending > 0 && ratio > 1 {
		return a.proposeDampened(target, o.Spec, s, ratio), usage, true
	}
	if a.tolerance.inside(ratio) {
		return o.Spec, usage, true
	}
	return ceil(ratio * float64(s.Counted)), usage, true
}

// proposeDampened counts missing pods as the target on the way down and as 0 on the
// way up, and pending pods as 0 on the way up. They never reverse the direction.
func (a *Autoscaler) proposeDampened(target int64, current int32, s Samples, ratio float64) int32 {
	sum, entries := s.Sum, s.Counted+s.Unknown
	switch {
	case ratio < 1:
		entries += s.Missing
		sum += int64(s.Missing) * target
	case ratio > 1:
		entries += s.Missing + s.Pending
	}
	second := float64(sum/int64(entries)) / float64(target)
	if a.tolerance.inside(second) || ratio < 1 && second > 1 || ratio > 1 && second < 1 {
		return current
	}
	replicas := ceil(second * float64(entries))
	if second < 1 && replicas > current || second > 1 && replicas < current {
		return current
	}
	return replicas
}

// proposeAverage divides the total by the target. Within the tolerance it returns
// status.replicas, not spec.replicas.
func (a *Autoscaler) proposeAverage(target int64, status int32, value int64) (replicas int32, usage int64) {
	replicas = status
	ratio := float64(value) / (float64(target) * float64(status))
	if !a.tolerance.inside(ratio) {
		replicas = ceil(float64(value) / float64(target))
	}
	if status == 0 {
		return replicas, math.MinInt64 // what the controller shows on amd64
	}
	return replicas, int64(math.Ceil(float64(value) / float64(status)))
}

// proposeValue multiplies the ready pods by the ratio of the value to the target.
func (a *Autoscaler) proposeValue(target int64, o *Observation, value int64) (replicas int32, ok bool) {
	ratio := float64(value) / float64(target)
	switch {
	case o.Spec == 0:
		return ceil(ratio), true
	case a.tolerance.inside(ratio):
		return o.Spec, true
	case o.Known == 0:
		return 0, false
	}
	return ceil(ratio * float64(o.Ready)), true
}

// ceil rounds up, and bounds the result: conversions out of range depend on the
// processor.
func ceil(f float64) int32 {
	return int32(min(max(math.Ceil(f), math.MinInt32), math.MaxInt32))
}
