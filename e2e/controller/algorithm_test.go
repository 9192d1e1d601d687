package controller_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/simulate"
)

// algorithm is a random case. It decides itself what the controller should, and
// compares at the start of the next sync.
type algorithm struct {
	t       *testing.T
	name    int
	random  *rand.Rand
	setting simulate.Setting
	hpa     *autoscalingv2.HorizontalPodAutoscaler
	expect  *hpa.Autoscaler

	replicas  int32
	ratio     float64 // of the load to the target
	wanted    hpa.Decision
	began     bool
	restarted bool // at this moment
	syncs     int
	left      int
	changes   int
}

func newAlgorithm(t *testing.T, random *rand.Rand) *algorithm {
	t.Helper()
	setting := randomSetting(random, 1+random.IntN(3))
	a := &algorithm{
		t: t, random: random, setting: setting, hpa: object(t, &setting.Spec), expect: hpa.New(setting.Spec, setting.Options),
		replicas: random.Int32N(setting.Spec.Max + 3), ratio: 1, left: 25 + random.IntN(50),
	}
	if err := setting.Spec.Validate(setting.Options); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *algorithm) chance(percent int) bool { return a.random.IntN(100) < percent }

// begin compares the sync before, and makes up the next one.
func (a *algorithm) begin(now time.Duration, status *autoscalingv2.HorizontalPodAutoscalerStatus) view {
	a.compare(now, status)
	if a.left == 0 || a.t.Failed() {
		return view{end: true}
	}
	if a.chance(2) && !a.restarted {
		a.expect.Restart()
		a.restarted, a.began = true, false
		return view{restart: true}
	}
	a.restarted = false
	a.left--
	v, o := a.makeUp()
	a.syncs++
	a.began = true
	a.wanted = a.expect.Sync(now+latency, o)
	if a.wanted.Replicas != o.Spec {
		a.changes++
	}
	return v
}

func (a *algorithm) scale(replicas int32) { a.replicas = replicas }

// compare compares the state after a sync.
func (a *algorithm) compare(now time.Duration, status *autoscalingv2.HorizontalPodAutoscalerStatus) {
	if !a.began {
		return
	}
	c := a.expect.Conditions()
	want := fmt.Sprint(a.wanted.Replicas, conditionText(c.AbleToScale), conditionText(c.ScalingActive), conditionText(c.ScalingLimited), conditionText(c.ScaledToZero))
	got := fmt.Sprint(a.replicas, statusText(status, autoscalingv2.AbleToScale), statusText(status, autoscalingv2.ScalingActive),
		statusText(status, autoscalingv2.ScalingLimited), statusText(status, autoscalingv2.ScaledToZero))
	if got != want {
		a.t.Errorf("case %d, sync %d before %v: the controller has\n%s, package hpa\n%s of %+v", a.name, a.syncs, now, got, want, a.setting)
	}
}

func conditionText(c hpa.Condition) string {
	if c.Reason == "" {
		return " -"
	}
	return fmt.Sprint(" ", c.Status, "/", c.Reason)
}

func statusText(status *autoscalingv2.HorizontalPodAutoscalerStatus, kind autoscalingv2.HorizontalPodAutoscalerConditionType) string {
	for _, c := range status.Conditions {
		if c.Type == kind {
			return fmt.Sprint(" ", c.Status == corev1.ConditionTrue, "/", c.Reason)
		}
	}
	return " -"
}

// makeUp returns a random cluster, as the controller and as package hpa see it.
func (a *algorithm) makeUp() (view, *hpa.Observation) {
	if a.chance(5) {
		a.replicas = a.random.Int32N(a.setting.Spec.Max + 3)
	}
	if a.chance(4) {
		a.setting.Spec.Min = min(a.setting.Spec.Max, max(a.setting.Spec.Min+a.random.Int32N(5)-2, 1))
		a.setting.Spec.Max = max(a.setting.Spec.Min, a.setting.Spec.Max+a.random.Int32N(9)-4)
		a.expect.SetBounds(a.setting.Spec.Min, a.setting.Spec.Max)
	}
	v := view{
		min: a.setting.Spec.Min, max: a.setting.Spec.Max, spec: a.replicas, status: a.replicas,
		readFails: a.chance(2), writeFails: a.chance(3), metrics: map[string]metric{},
	}
	if a.chance(12) {
		v.status = max(0, v.spec+a.random.Int32N(7)-3)
	}
	o := &hpa.Observation{Spec: v.spec, Status: v.status, ReadFails: v.readFails, WriteFails: v.writeFails}
	states := a.pods(&v, o)
	if a.chance(25) {
		edges := []float64{0, 0.5, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 2, 3}
		a.ratio = edges[a.random.IntN(len(edges))]
	} else if a.chance(30) {
		a.ratio = 3 * a.random.Float64() * a.random.Float64()
	}
	for _, m := range a.setting.Spec.Metrics {
		got, reading := a.metric(m, v.status, states)
		v.metrics[m.Name] = got
		o.Metrics = append(o.Metrics, reading)
	}
	return v, o
}

// state is what a pod is to the metrics.
type state int

const (
	counted state = iota
	pending
	ignored
)

// pods makes up pods.
func (a *algorithm) pods(v *view, o *hpa.Observation) []state {
	number := int(v.status)
	if a.chance(8) {
		number = a.random.IntN(int(v.status) + 3)
	}
	healthy := a.chance(40)
	var states []state
	for i := range number {
		roll := a.random.IntN(100)
		if healthy {
			roll = 99
		}
		var p *corev1.Pod
		s := counted
		switch {
		case roll < 6:
			p, s = pod(i, corev1.PodPending, false, false), pending
		case roll < 10:
			p = pod(i, corev1.PodRunning, false, false)
		case roll < 12:
			p, s = pod(i, corev1.PodFailed, false, false), ignored
		case roll < 14:
			p, s = pod(i, corev1.PodRunning, true, true), ignored
			o.Ready++
		case roll < 16:
			p = pod(i, corev1.PodSucceeded, true, false)
		default:
			p = pod(i, corev1.PodRunning, true, false)
			o.Ready++
		}
		v.pods = append(v.pods, p)
		states = append(states, s)
	}
	o.Known = int32(number)
	return states
}

// metric makes up a metric.
func (a *algorithm) metric(m hpa.Metric, status int32, states []state) (metric, hpa.Reading) {
	got := metric{fails: a.chance(4)}
	reading := hpa.Reading{Fails: got.fails}
	if m.Source != hpa.Pods {
		total := float64(m.Target) * a.ratio
		if m.Average {
			total *= float64(status)
		}
		reading.Value = int64(math.Round(total))
		got.values = []int64{reading.Value}
		if m.Source == hpa.External && reading.Value > 1 && a.chance(20) {
			part := a.random.Int64N(reading.Value)
			got.values = []int64{part, reading.Value - part}
		}
		return got, reading
	}
	got.samples = map[string]int64{}
	same, complete := a.chance(50), a.chance(50)
	for i, s := range states {
		value := int64(math.Round(float64(m.Target) * a.ratio))
		if !same {
			value = int64(float64(m.Target) * a.ratio * 2 * a.random.Float64())
		}
		sampled := complete && s == counted || !complete && a.chance(85)
		if sampled {
			got.samples[pod(i, "", false, false).Name] = value
		}
		switch {
		case s == pending:
			reading.Pods.Pending++
		case s == ignored:
		case sampled:
			reading.Pods.Counted++
			reading.Pods.Sum += value
		default:
			reading.Pods.Missing++
		}
	}
	if a.chance(3) {
		got.samples["unknown"] = m.Target * 2
		reading.Pods.Unknown, reading.Pods.Sum = 1, reading.Pods.Sum+m.Target*2
	}
	return got, reading
}
