package controller_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// replay is a random simulation, and pods of its own that the controller scales.
type replay struct {
	t       *testing.T
	setting simulate.Setting
	hpa     *autoscalingv2.HorizontalPodAutoscaler
	load    []simulate.Point

	expected []sync // of the simulation
	done     int
	changes  int

	pods *simulate.Pods
	next int // point of the load
}

type sync struct {
	at       time.Duration
	replicas int32
}

func newReplay(t *testing.T, random *rand.Rand) *replay {
	t.Helper()
	s := randomSetting(random, 1)
	if !s.Spec.Metrics[0].Average {
		s.Spec.Metrics[0].Average = random.IntN(4) > 0
	}
	s.Delay.Scrape = time.Duration(5+random.IntN(26)) * time.Second
	s.Delay.Window = s.Delay.Scrape*2 + time.Duration(random.IntN(300))*time.Second
	s.Delay.Adapter = time.Duration(random.IntN(2)*random.IntN(40)) * time.Second
	s.Startup.Pending = time.Duration(random.IntN(60)) * time.Second
	s.Startup.Starting = time.Duration(random.IntN(60)) * time.Second
	if random.IntN(3) == 0 {
		s.Capacity = (0.8 + random.Float64()) * float64(s.Spec.Metrics[0].Target) / 1000
	}
	if random.IntN(3) == 0 {
		s.Start = random.Int32N(s.Spec.Max + 3)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t, setting: s, hpa: object(t, &s.Spec), load: randomLoad(random, &s)}
	r.simulate()
	return r
}

// randomLoad returns a walk with jumps, around what the bounds can serve.
func randomLoad(random *rand.Rand, s *simulate.Setting) []simulate.Point {
	full := float64(s.Spec.Metrics[0].Target) / 1000
	if s.Spec.Metrics[0].Average {
		full *= float64(s.Spec.Max)
	}
	step := time.Duration(1+random.IntN(60)) * time.Second
	rate := full * random.Float64()
	var load []simulate.Point
	for at := time.Duration(0); at < 20*time.Minute; at += step {
		switch random.IntN(20) {
		case 0:
			rate = full * 1.3 * random.Float64()
		case 1:
			rate = 0
		case 2, 3:
			rate *= 2 * random.Float64()
		default:
			rate *= 0.95 + random.Float64()/10
		}
		load = append(load, simulate.Point{At: at, Rate: math.Min(rate, 2*full)})
	}
	return load
}

// simulate runs the simulation, and prepares the pods of the controller.
func (r *replay) simulate() {
	s := simulate.New(r.setting, r.load[0])
	before := s.Replicas()
	r.pods = simulate.NewPods(r.setting.Delay, r.setting.Startup, r.setting.Capacity, before, r.load[0].Rate)
	s.OnSync = func(now time.Duration, d hpa.Decision) {
		r.expected = append(r.expected, sync{now, d.Replicas})
		if d.Replicas != before {
			r.changes++
		}
		before = d.Replicas
	}
	for _, p := range r.load {
		s.Feed(p)
	}
}

// begin compares the sync before, and shows the pods to the controller.
func (r *replay) begin(now time.Duration, _ *autoscalingv2.HorizontalPodAutoscalerStatus) view {
	if r.done > 0 {
		if want := r.expected[r.done-1].replicas; r.pods.Replicas() != want {
			r.t.Errorf("sync %d: the controller has %d replicas, the simulation %d of %+v", r.done, r.pods.Replicas(), want, r.setting)
		}
	}
	if r.done == len(r.expected) || r.t.Failed() {
		return view{end: true}
	}
	if want := r.expected[r.done].at; now != want {
		r.t.Errorf("sync %d is at %v, in the simulation at %v", r.done, now, want)
	}
	r.done++
	for ; r.next < len(r.load) && r.load[r.next].At < now; r.next++ {
		r.pods.AdvanceTo(r.load[r.next].At)
		r.pods.SetRate(r.load[r.next].Rate)
	}
	r.pods.AdvanceTo(now)
	return r.view()
}

func (r *replay) scale(replicas int32) { r.pods.Scale(replicas) }

// complete checks that all syncs of the simulation were compared.
func (r *replay) complete() {
	if r.done != len(r.expected) {
		r.t.Errorf("%d of %d syncs were compared", r.done, len(r.expected))
	}
}

// view lists the pods one by one.
func (r *replay) view() view {
	v := view{min: r.setting.Spec.Min, max: r.setting.Spec.Max, spec: r.pods.Replicas(), status: r.pods.Replicas(), metrics: map[string]metric{}}
	m := metric{samples: map[string]int64{}, values: []int64{int64(r.pods.Total() * 1000)}}
	number := 0
	r.pods.Groups(func(g simulate.Group) {
		for range g.Number {
			phase := corev1.PodRunning
			if g.State == simulate.Pending {
				phase = corev1.PodPending
			}
			p := pod(number, phase, g.Ready, false)
			if g.State == simulate.Counted {
				m.samples[p.Name] = g.Sample
			}
			v.pods = append(v.pods, p)
			number++
		}
	})
	v.metrics[r.setting.Spec.Metrics[0].Name] = m
	return v
}
