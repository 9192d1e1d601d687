// Package simulate replays a request rate through an HPA: pods that start, metrics
// that lag, the decisions of package hpa, activation by KEDA, and what came of it.
//
// It knows nothing of files, Prometheus or output. Memory does not depend on the
// length of the load.
package simulate

import (
	"errors"
	"fmt"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// Setting is one HPA to simulate, with its surroundings.
type Setting struct {
	Name string
	// Spec has one metric, which follows the load.
	Spec    hpa.Spec
	Options hpa.Options
	// SyncPeriod is --horizontal-pod-autoscaler-sync-period.
	SyncPeriod time.Duration
	// KEDA is nil without KEDA.
	KEDA *KEDA

	Delay   Delay
	Startup Startup
	// Capacity is the request rate that a pod can serve, 0 if unlimited.
	Capacity float64
	// Start is the number of replicas at the start; negative: what the load at the
	// start needs.
	Start int32
	// Above is the request rate of a pod that counts as above target.
	Above float64
}

// KEDA activates and deactivates a workload, from and to 0 replicas. The HPA that
// KEDA creates has a minimum of at least 1.
//
// See https://keda.sh/docs/latest/reference/scaledobject-spec/.
type KEDA struct {
	Polling  time.Duration // pollingInterval
	Cooldown time.Duration // cooldownPeriod
	// Activation is the activationThreshold: the metric must be more.
	Activation float64
}

// syncDuration is how long a sync takes. The next one is a period after its end, so
// that entries of a window are never exactly as old as the window.
const syncDuration = time.Millisecond

// Limits of parameters.
const (
	minInterval = time.Second
	maxInterval = time.Hour
)

// Validate reports values that make no sense, in terms of flags.
func (s *Setting) Validate() error {
	spec := s.spec()
	if err := spec.Validate(s.Options); err != nil {
		return err
	}
	for _, d := range []struct {
		name       string
		value, low time.Duration
	}{
		{"sync period", s.SyncPeriod, minInterval},
		{"scrape interval", s.Delay.Scrape, minInterval},
		{"rate window", s.Delay.Window, minInterval},
		{"adapter delay", s.Delay.Adapter, 0},
		{"time a pod is pending", s.Startup.Pending, 0},
		{"time a pod takes to start", s.Startup.Starting, 0},
	} {
		if d.value < d.low || d.value > maxInterval {
			return fmt.Errorf("the %s is %v: it must be %s to %s", d.name, d.value, Duration(d.low), Duration(maxInterval))
		}
	}
	if s.Delay.Window < 2*s.Delay.Scrape {
		return fmt.Errorf("the rate window of %s has no rate with a scrape interval of %s: it must be at least %s", Duration(s.Delay.Window), Duration(s.Delay.Scrape), Duration(2*s.Delay.Scrape))
	}
	if !(s.Capacity >= 0) {
		return errors.New("the capacity of a pod must be 0 (unlimited) or more")
	}
	return s.KEDA.validate(&s.Spec)
}

func (k *KEDA) validate(spec *hpa.Spec) error {
	switch {
	case k == nil:
		return nil
	case spec.Metrics[0].Source != hpa.External:
		return errors.New("KEDA requires an external metric")
	case k.Polling < minInterval || k.Polling > maxInterval:
		return fmt.Errorf("the polling interval is %v: it must be %s to %s", k.Polling, Duration(minInterval), Duration(maxInterval))
	case k.Cooldown < 0:
		return errors.New("the cooldown period is negative")
	case !(k.Activation >= 0):
		return errors.New("the activation threshold is negative")
	}
	return nil
}

// target is the target of the metric as a rate.
func (s *Setting) target() float64 { return float64(s.Spec.Metrics[0].Target) / 1000 }

// Path names the rules that the controller uses: they differ between an HPA without
// behavior and one with an empty behavior.
func (s *Setting) Path() string {
	if s.Spec.Behavior == nil {
		return "without behavior"
	}
	return "with behavior"
}

// spec is the HPA that the controller sees. That of KEDA has at least one replica.
func (s *Setting) spec() hpa.Spec {
	spec := s.Spec
	if s.KEDA != nil && spec.Min == 0 {
		spec.Min = 1
	}
	return spec
}
