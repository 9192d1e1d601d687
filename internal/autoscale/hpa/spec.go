// Package hpa is the algorithm of the Kubernetes HorizontalPodAutoscaler
// controller, with its state between syncs: ratio, tolerance, missing and pending
// pods, stabilization windows, scaling policies and scale to zero.
//
// It knows nothing of time, load or pods but what its caller passes, and imports no
// other package of this module. A proof in e2e/controller compares it with the real
// controller, sync by sync.
//
// See https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
// and pkg/controller/podautoscaler of Kubernetes.
package hpa

import (
	"errors"
	"fmt"
	"time"
)

// Source is the type of a metric.
type Source string

// Sources, as spelled in manifests.
const (
	Pods     Source = "Pods"
	External Source = "External"
	Object   Source = "Object"
)

// Metric is an entry of spec.metrics.
type Metric struct {
	Source Source
	Name   string
	Kind   string // of the described object, for source Object
	// Average is whether the target is an averageValue, per pod. Metrics of
	// source Pods have no other.
	Average bool
	// Target is the target in thousandths.
	Target int64
}

// Select is the selectPolicy of a direction.
type Select string

// Select policies. An empty one is SelectMax.
const (
	SelectMax      Select = "Max"
	SelectMin      Select = "Min"
	SelectDisabled Select = "Disabled"
)

// Policy limits a change within a period.
type Policy struct {
	// Percent is whether Value is a percentage; otherwise it is a number of pods.
	Percent bool
	Value   int32
	Period  time.Duration
}

// Rules are spec.behavior.scaleUp or scaleDown. Unset fields get the defaults of
// the API.
type Rules struct {
	Window    *time.Duration // stabilizationWindowSeconds
	Select    Select
	Policies  []Policy
	Tolerance *float64 // from Kubernetes 1.35 on
}

// Behavior is spec.behavior.
type Behavior struct {
	Up, Down Rules
}

// Spec is the part of an HPA that decides.
type Spec struct {
	Min, Max int32
	Metrics  []Metric
	// Behavior is nil if the HPA has none, which is another path than an empty one:
	// no policies, and at most double the count or 4 in a sync.
	Behavior *Behavior
}

// Options are the flags of the controller and its version.
type Options struct {
	// Version is the minor version of Kubernetes 1.
	Version int
	// Tolerance is --horizontal-pod-autoscaler-tolerance.
	Tolerance float64
	// DownscaleStabilization is
	// --horizontal-pod-autoscaler-downscale-stabilization.
	DownscaleStabilization time.Duration
}

// Versions of Kubernetes, 1.x, that are known, and those that differ.
const (
	Oldest = 29
	Newest = 37

	intervalTolerance  = 33 // tolerance is an interval around 1
	tolerancePerRules  = 35 // behavior.scaleUp.tolerance is enabled by default
	pausedAtZero       = 36 // any count of 0 is paused without scale to zero
	scaleToZeroVersion = 37 // minReplicas 0 is enabled by default
)

// Defaults are the options of a cluster without flags of its own.
func Defaults() Options {
	return Options{Version: Newest, Tolerance: 0.1, DownscaleStabilization: 5 * time.Minute}
}

// Limits of the API.
const (
	maxWindow = time.Hour
	maxPeriod = 30 * time.Minute
)

// Validate reports what the API server would reject, and options out of range.
func (s *Spec) Validate(o Options) error {
	switch {
	case o.Version < Oldest || o.Version > Newest:
		return fmt.Errorf("version 1.%d of Kubernetes is not supported, only 1.%d to 1.%d", o.Version, Oldest, Newest)
	case !(o.Tolerance >= 0):
		return fmt.Errorf("the tolerance is %v: it must be 0 or more", o.Tolerance)
	case o.DownscaleStabilization < 0:
		return errors.New("the downscale stabilization is negative")
	case s.Min < 0:
		return fmt.Errorf("the minimum number of replicas is %d: it must be 0 or more", s.Min)
	case s.Max < 1:
		return fmt.Errorf("the maximum number of replicas is %d: it must be 1 or more", s.Max)
	case s.Min > s.Max:
		return fmt.Errorf("the minimum number of replicas is %d, more than the maximum of %d", s.Min, s.Max)
	case len(s.Metrics) == 0:
		return errors.New("the HPA has no metric")
	}
	for _, m := range s.Metrics {
		if m.Target <= 0 {
			return fmt.Errorf("the target of %s is %v: it must be more than 0", m.Name, float64(m.Target)/1000)
		}
	}
	if err := s.validateZero(o); err != nil {
		return err
	}
	if s.Behavior == nil {
		return nil
	}
	if err := s.Behavior.Up.validate("scaleUp"); err != nil {
		return err
	}
	return s.Behavior.Down.validate("scaleDown")
}

func (s *Spec) validateZero(o Options) error {
	switch {
	case s.Min > 0:
		return nil
	case o.Version < scaleToZeroVersion:
		return fmt.Errorf("minReplicas 0 requires Kubernetes 1.%d, not 1.%d", scaleToZeroVersion, o.Version)
	case !s.canLeaveZero():
		return errors.New("minReplicas 0 requires an External or Object metric, since metrics of pods are missing when there are none")
	}
	return nil
}

// canLeaveZero reports whether a metric exists without pods.
func (s *Spec) canLeaveZero() bool {
	for _, m := range s.Metrics {
		if m.Source != Pods {
			return true
		}
	}
	return false
}

func (r *Rules) validate(direction string) error {
	if w := r.Window; w != nil && (*w < 0 || *w > maxWindow) {
		return fmt.Errorf("the stabilization window of %s is %v: the API allows 0 to %v", direction, *w, maxWindow)
	}
	if t := r.Tolerance; t != nil && !(*t >= 0) {
		return fmt.Errorf("the tolerance of %s is %v: it must be 0 or more", direction, *t)
	}
	switch r.Select {
	case "", SelectMax, SelectMin, SelectDisabled:
	default:
		return fmt.Errorf("the selectPolicy of %s is %q: it must be %s, %s or %s", direction, r.Select, SelectMax, SelectMin, SelectDisabled)
	}
	for _, p := range r.Policies {
		switch {
		case p.Value <= 0:
			return fmt.Errorf("a policy of %s has the value %d: it must be more than 0", direction, p.Value)
		case p.Period < time.Second || p.Period > maxPeriod:
			return fmt.Errorf("a policy of %s has the period %v: the API allows 1s to %v", direction, p.Period, maxPeriod)
		}
	}
	return nil
}

// rules are Rules with defaults.
type rules struct {
	window   time.Duration
	choose   Select
	policies []Policy
	longest  time.Duration // of the periods
}

func (r *Rules) withDefaults(window time.Duration, policies []Policy) rules {
	out := rules{window: window, choose: SelectMax, policies: policies}
	if r.Window != nil {
		out.window = *r.Window
	}
	if r.Select != "" {
		out.choose = r.Select
	}
	if len(r.Policies) > 0 {
		out.policies = r.Policies
	}
	for _, p := range out.policies {
		out.longest = max(out.longest, p.Period)
	}
	return out
}

// defaultPeriod is the period of the policies that the API adds.
const defaultPeriod = 15 * time.Second

func defaultUp() []Policy {
	return []Policy{{Value: 4, Period: defaultPeriod}, {Percent: true, Value: 100, Period: defaultPeriod}}
}

func defaultDown() []Policy {
	return []Policy{{Percent: true, Value: 100, Period: defaultPeriod}}
}

// tolerance is how much the ratio of a metric to its target may differ from 1.
type tolerance struct {
	up, down float64
	distance bool // compares the distance from 1, as up to Kubernetes 1.32
}

func newTolerance(o Options, b *Behavior) tolerance {
	t := tolerance{up: o.Tolerance, down: o.Tolerance, distance: o.Version < intervalTolerance}
	if b == nil || o.Version < tolerancePerRules {
		return t
	}
	if b.Up.Tolerance != nil {
		t.up = *b.Up.Tolerance
	}
	if b.Down.Tolerance != nil {
		t.down = *b.Down.Tolerance
	}
	return t
}
