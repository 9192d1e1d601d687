package simulate

import (
	"math"
	"time"
)

// FlapWindow is how soon after scaling down scaling up counts as a flap.
const FlapWindow = 10 * time.Minute

// maxChanges is how many changes a result lists.
const maxChanges = 200

// Change is a change of the replicas and why.
type Change struct {
	At            time.Duration // as of the load
	Before, After int32
	Reason        string
	// Measured is whether the metric was used. Proposal is what it proposed,
	// Stabilized what the windows made of it, and Limit the reason of the policy or
	// bound that limited that, empty for none.
	Measured             bool
	Proposal, Stabilized int32
	Limit                string
}

// Result is what became of a load with a setting.
type Result struct {
	Setting    *Setting
	Begin      time.Duration // as of the load
	Duration   time.Duration
	Start, End int32 // replicas

	Above     time.Duration // with more requests per ready pod than Setting.Above
	AtMax     time.Duration // above, with all pods that the HPA may have
	Requests  float64       // of clients
	Unserved  float64       // without a ready pod, or above its capacity
	PodHours  float64       // of all pods, ready or not
	Low, Peak int32         // replicas
	Worst     float64       // requests per second of a ready pod, +Inf without one
	WorstAt   time.Duration // as of the load

	Ups, Downs, Flaps int
	Changes           []Change // the first ones
	MoreChanges       int      // not listed
	Timeline          Timeline
}

func (r *Result) init(s *Setting, replicas int32, begin time.Duration) {
	r.Setting, r.Start, r.Low, r.Peak, r.Begin, r.WorstAt = s, replicas, replicas, replicas, begin, begin
	r.Timeline.Width = min(s.SyncPeriod, finest)
}

// Share is the share of time above target, 0 to 1.
func (r *Result) Share() float64 { return ratio(r.Above.Seconds(), r.Duration.Seconds()) }

// UnservedShare is the share of requests that were not served, 0 to 1.
func (r *Result) UnservedShare() float64 { return ratio(r.Unserved, r.Requests) }

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// pass adds a time in which nothing changes.
func (r *Result) pass(from, to time.Duration, p *Pods) {
	seconds := (to - from).Seconds()
	r.Requests += p.rate * seconds
	r.Unserved += p.unserved() * seconds
	r.PodHours += float64(p.replicas) * seconds / 3600
	r.Low, r.Peak = min(r.Low, p.replicas), max(r.Peak, p.replicas)
	load := Load(p.rate, p.ready)
	if load > r.Worst {
		r.Worst, r.WorstAt = load, r.Begin+from
	}
	if load > r.Setting.Above {
		r.Above += to - from
		if p.replicas >= r.Setting.Spec.Max {
			r.AtMax += to - from
		}
	}
	r.Duration, r.End = to, p.replicas
	r.Timeline.add(from, to, p.rate, p.replicas, p.ready, load)
}

// Load is the request rate of a ready pod; infinite if there is none for requests.
func Load(rate float64, ready int32) float64 {
	switch {
	case ready > 0:
		return rate / float64(ready)
	case rate > 0:
		return math.Inf(1)
	}
	return 0
}

func (r *Result) finish() { r.Timeline.flush() }

// Timeline is the course of a simulation in intervals of the same width, which
// doubles as often as needed to have at most maxBuckets of them.
type Timeline struct {
	Width   time.Duration
	Buckets []Bucket

	open Bucket
	used time.Duration // of the open one
}

// Intervals of a timeline: the width of the first ones, and how many there are.
const (
	finest     = 15 * time.Second
	maxBuckets = 2000
)

// Bucket is one interval. Averages are over time.
type Bucket struct {
	Rate, MaxRate float64
	Replicas      float64
	Low, High     int32 // replicas
	Ready         float64
	Load          float64 // of a ready pod, at most: the highest
}

func (t *Timeline) add(from, to time.Duration, rate float64, replicas, ready int32, load float64) {
	for from < to {
		step := min(to-from, t.Width-t.used)
		b := &t.open
		if t.used == 0 {
			*b = Bucket{Low: replicas}
		}
		s := step.Seconds()
		b.Rate += rate * s
		b.Replicas += float64(replicas) * s
		b.Ready += float64(ready) * s
		b.MaxRate, b.Load = max(b.MaxRate, rate), max(b.Load, load)
		b.Low, b.High = min(b.Low, replicas), max(b.High, replicas)
		t.used += step
		from += step
		if t.used == t.Width {
			t.flush()
		}
	}
}

// flush closes the open interval.
func (t *Timeline) flush() {
	if t.used == 0 {
		return
	}
	b, s := t.open, t.used.Seconds()
	b.Rate, b.Replicas, b.Ready = b.Rate/s, b.Replicas/s, b.Ready/s
	t.Buckets = append(t.Buckets, b)
	t.used = 0
	if len(t.Buckets) == maxBuckets {
		t.halve()
	}
}

// halve joins pairs of intervals.
func (t *Timeline) halve() {
	for i := range len(t.Buckets) / 2 {
		a, b := t.Buckets[2*i], t.Buckets[2*i+1]
		t.Buckets[i] = Bucket{
			Rate: (a.Rate + b.Rate) / 2, MaxRate: max(a.MaxRate, b.MaxRate), Replicas: (a.Replicas + b.Replicas) / 2,
			Low: min(a.Low, b.Low), High: max(a.High, b.High), Ready: (a.Ready + b.Ready) / 2, Load: max(a.Load, b.Load),
		}
	}
	t.Buckets = t.Buckets[:len(t.Buckets)/2]
	t.Width *= 2
}
