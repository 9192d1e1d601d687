package simulate

import (
	"math"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// Point is the request rate from a time on.
type Point struct {
	At   time.Duration // since the Unix epoch, or any other moment
	Rate float64       // requests per second
}

// Simulation is one setting in progress.
type Simulation struct {
	setting     Setting
	low         int32 // of the setting, which KEDA may undercut
	pods        *Pods
	autoscaler  *hpa.Autoscaler
	observation hpa.Observation

	begin     time.Duration
	now       time.Duration
	accounted time.Duration // until then, time is in the result
	nextSync  time.Duration
	nextPoll  time.Duration
	active    time.Duration // when KEDA last saw load
	wasOn     bool          // whether it ever did

	result    Result
	removed   bool          // whether the last change removed pods
	removedAt time.Duration // when

	// OnSync is called after each sync, if not nil.
	OnSync func(now time.Duration, d hpa.Decision)
}

// never is later than any event.
const never = time.Duration(math.MaxInt64)

// New returns a simulation that begins with a point. The setting must be valid.
func New(setting Setting, first Point) *Simulation {
	s := &Simulation{setting: setting, low: setting.Spec.Min, begin: first.At}
	s.autoscaler = hpa.New(setting.spec(), setting.Options)
	s.observation.Metrics = make([]hpa.Reading, 1)
	s.pods = NewPods(setting.Delay, setting.Startup, setting.Capacity, s.startReplicas(first.Rate), first.Rate)
	s.nextPoll = never
	if setting.KEDA != nil {
		s.nextPoll = 0
	}
	if setting.Options.Version < immediateSync {
		s.nextSync = setting.SyncPeriod
	}
	s.result.init(&s.setting, s.pods.replicas, first.At)
	return s
}

// immediateSync is the version of Kubernetes from which on the first sync of an HPA
// does not wait for a period.
const immediateSync = 37

// startReplicas is the count before the first sync.
func (s *Simulation) startReplicas(rate float64) int32 {
	if s.setting.Start >= 0 {
		return s.setting.Start
	}
	needed := math.Ceil(rate / s.setting.target())
	return int32(min(max(needed, float64(max(s.low, 1))), float64(s.setting.Spec.Max)))
}

// Feed simulates until the point, with the rate so far, and sets its rate.
func (s *Simulation) Feed(p Point) {
	s.advance(p.At - s.begin)
	s.account()
	s.pods.SetRate(p.Rate)
}

// Finish simulates until a time and returns the result.
func (s *Simulation) Finish(at time.Duration) *Result {
	s.advance(at - s.begin)
	s.account()
	s.result.finish()
	return &s.result
}

func (s *Simulation) advance(to time.Duration) {
	for {
		event := min(s.pods.nextEvent(), s.nextSync, s.nextPoll)
		if event > to {
			break
		}
		s.move(event)
		if s.nextPoll <= event {
			s.poll()
		}
		if s.nextSync <= event {
			s.sync()
		}
	}
	s.move(to)
}

// move lets time pass without a decision.
func (s *Simulation) move(to time.Duration) {
	s.now = max(s.now, to)
	if s.pods.readyBy(to) {
		s.account()
	}
	s.pods.advance(to)
}

// account adds the time until now to the result. It comes before each change of the rate,
// the replicas or the ready pods; other events are much more frequent.
func (s *Simulation) account() {
	if s.now > s.accounted {
		s.result.pass(s.accounted, s.now, s.pods)
		s.accounted = s.now
	}
}

// sync lets the controller decide.
func (s *Simulation) sync() {
	s.pods.Observe(&s.observation, &s.setting.Spec.Metrics[0])
	if s.setting.KEDA != nil {
		s.observation.Metrics[0].Value = s.kedaValue()
	}
	before := s.pods.replicas
	d := s.autoscaler.Sync(s.now+syncDuration, &s.observation)
	if d.Replicas != before {
		s.scale(before, d.Replicas, func() Change {
			c := s.autoscaler.Conditions()
			change := Change{
				Reason: s.autoscaler.Reason(before, d), Proposal: d.Proposal, Stabilized: d.Stabilized, Measured: d.Measured,
			}
			if c.ScalingLimited.Status && d.Measured {
				change.Limit = c.ScalingLimited.Reason
			}
			return change
		})
	}
	if s.OnSync != nil {
		s.OnSync(s.now, d)
	}
	s.nextSync = s.now + syncDuration + s.setting.SyncPeriod
}

// scale sets the replicas and counts the change. The description is only made if it
// is kept.
func (s *Simulation) scale(before, after int32, describe func() Change) {
	s.account()
	s.pods.Scale(after)
	if after > before {
		s.result.Ups++
		if s.removed && s.now-s.removedAt < FlapWindow {
			s.result.Flaps++
		}
		s.removed = false
	} else {
		s.result.Downs++
		s.removed, s.removedAt = true, s.now
	}
	if len(s.result.Changes) == maxChanges {
		s.result.MoreChanges++
		return
	}
	c := describe()
	c.At, c.Before, c.After = s.begin+s.now, before, after
	s.result.Changes = append(s.result.Changes, c)
}

// poll lets KEDA decide whether the workload is active.
func (s *Simulation) poll() {
	k := s.setting.KEDA
	s.nextPoll = s.now + k.Polling
	before := s.pods.replicas
	if float64(s.kedaValue())/1000 > k.Activation {
		s.active, s.wasOn = s.now, true
		if before == 0 {
			s.scale(0, max(s.low, 1), func() Change { return Change{Reason: "KEDA: active"} })
		}
		return
	}
	if s.low == 0 && before > 0 && (!s.wasOn || s.now > s.active+k.Cooldown) {
		s.scale(before, 0, func() Change { return Change{Reason: "KEDA: inactive"} })
	}
}

// Replicas returns spec.replicas now.
func (s *Simulation) Replicas() int32 { return s.pods.replicas }

// kedaValue is the metric in thousandths. KEDA rounds, prometheus-adapter cuts off.
func (s *Simulation) kedaValue() int64 { return int64(math.Round(s.pods.Total() * 1000)) }
