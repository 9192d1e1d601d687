package hpa_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// randomSpec returns a valid spec with one metric.
func randomSpec(random *rand.Rand) hpa.Spec {
	s := hpa.Spec{Min: 1 + random.Int32N(4), Metrics: []hpa.Metric{{Source: hpa.Pods, Name: "rps", Average: true, Target: 1 + random.Int64N(20_000)}}}
	s.Max = s.Min + random.Int32N(40)
	if random.IntN(2) == 0 {
		s.Metrics[0].Source = hpa.External
	}
	if random.IntN(3) > 0 {
		s.Behavior = &hpa.Behavior{Up: randomRules(random), Down: randomRules(random)}
	}
	return s
}

func randomRules(random *rand.Rand) hpa.Rules {
	var r hpa.Rules
	if random.IntN(2) == 0 {
		r.Window = window(random.IntN(200))
	}
	r.Select = []hpa.Select{"", hpa.SelectMax, hpa.SelectMin, hpa.SelectDisabled}[random.IntN(4)]
	for range random.IntN(3) {
		r.Policies = append(r.Policies, hpa.Policy{Percent: random.IntN(2) == 0, Value: 1 + random.Int32N(150), Period: *window(1 + random.IntN(300))})
	}
	return r
}

// history is a random past: how the pods were, and their load per pod relative to
// the target.
type history struct {
	missing, pending []int32
	load             []float64
}

func randomHistory(random *rand.Rand) history {
	var h history
	for range 1 + random.IntN(40) {
		h.missing = append(h.missing, random.Int32N(3)*random.Int32N(2))
		h.pending = append(h.pending, random.Int32N(3)*random.Int32N(2))
		h.load = append(h.load, 2*random.Float64())
	}
	return h
}

// replay runs the history and returns the replicas after each sync; in the last one
// the load is multiplied.
func (h history) replay(t *testing.T, spec hpa.Spec, start int32, factor float64) []int32 {
	t.Helper()
	a := hpa.New(spec, hpa.Defaults())
	replicas := start
	var list []int32
	for i, load := range h.load {
		if i == len(h.load)-1 {
			load *= factor
		}
		counted := max(replicas-h.missing[i]-h.pending[i], 1)
		target := spec.Metrics[0].Target
		o := &hpa.Observation{Spec: replicas, Status: replicas, Known: replicas, Ready: counted}
		o.Metrics = []hpa.Reading{{
			Value: int64(load * float64(target) * float64(start)),
			Pods:  hpa.Samples{Counted: counted, Sum: int64(load*float64(target)) * int64(counted), Missing: h.missing[i], Pending: h.pending[i]},
		}}
		replicas = a.Sync(time.Duration(i)*15001*time.Millisecond, o).Replicas
		list = append(list, replicas)
	}
	return list
}

// TestMonotone checks that with the same past more load never means fewer replicas.
// This does not hold over several syncs: within the tolerance a higher load keeps a
// count that a lower load, coming from another count, exceeds.
func TestMonotone(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	differ := 0
	for i := range 5000 {
		spec, h := randomSpec(random), randomHistory(random)
		start := spec.Min + random.Int32N(spec.Max-spec.Min+1)
		low := h.replay(t, spec, start, 1)
		high := h.replay(t, spec, start, 1+2*random.Float64())
		last := len(low) - 1
		if low[last] > high[last] {
			t.Fatalf("case %d: %d replicas, %d with more load; %+v, %+v from %d", i, low[last], high[last], spec, h, start)
		}
		if low[last] != high[last] {
			differ++
		}
	}
	if differ < 250 {
		t.Errorf("the load mattered only %d times", differ)
	}
}

// TestBounds checks that replicas stay within the bounds, and return into them in one
// sync.
func TestBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for range 2000 {
		spec, h := randomSpec(random), randomHistory(random)
		for i, replicas := range h.replay(t, spec, 1+random.Int32N(60), 1) {
			if replicas < spec.Min || replicas > spec.Max {
				t.Fatalf("%d replicas after sync %d of %+v", replicas, i, spec)
			}
		}
	}
}

// TestValidate checks what the API server rejects.
func TestValidate(t *testing.T) {
	negative, late := -0.1, 2*time.Hour
	for want, edit := range map[string]func(*hpa.Spec, *hpa.Options){
		"version 1.28 of Kubernetes is not supported, only 1.29 to 1.37":                                             func(_ *hpa.Spec, o *hpa.Options) { o.Version = 28 },
		"version 1.38 of Kubernetes is not supported, only 1.29 to 1.37":                                             func(_ *hpa.Spec, o *hpa.Options) { o.Version = 38 },
		"the tolerance is -1: it must be 0 or more":                                                                  func(_ *hpa.Spec, o *hpa.Options) { o.Tolerance = -1 },
		"the downscale stabilization is negative":                                                                    func(_ *hpa.Spec, o *hpa.Options) { o.DownscaleStabilization = -1 },
		"the minimum number of replicas is -1: it must be 0 or more":                                                 func(s *hpa.Spec, _ *hpa.Options) { s.Min = -1 },
		"the maximum number of replicas is 0: it must be 1 or more":                                                  func(s *hpa.Spec, _ *hpa.Options) { s.Max = 0 },
		"the minimum number of replicas is 5, more than the maximum of 4":                                            func(s *hpa.Spec, _ *hpa.Options) { s.Min, s.Max = 5, 4 },
		"the HPA has no metric":                                                                                      func(s *hpa.Spec, _ *hpa.Options) { s.Metrics = nil },
		"the target of rps is 0: it must be more than 0":                                                             func(s *hpa.Spec, _ *hpa.Options) { s.Metrics[0].Target = 0 },
		"minReplicas 0 requires an External or Object metric, since metrics of pods are missing when there are none": func(s *hpa.Spec, _ *hpa.Options) { s.Min = 0 },
		"minReplicas 0 requires Kubernetes 1.37, not 1.36":                                                           func(s *hpa.Spec, o *hpa.Options) { s.Min, o.Version = 0, 36 },
		"the stabilization window of scaleUp is 2h0m0s: the API allows 0 to 1h0m0s":                                  func(s *hpa.Spec, _ *hpa.Options) { s.Behavior = &hpa.Behavior{Up: hpa.Rules{Window: &late}} },
		"the tolerance of scaleDown is -0.1: it must be 0 or more":                                                   func(s *hpa.Spec, _ *hpa.Options) { s.Behavior = &hpa.Behavior{Down: hpa.Rules{Tolerance: &negative}} },
		`the selectPolicy of scaleUp is "Most": it must be Max, Min or Disabled`:                                     func(s *hpa.Spec, _ *hpa.Options) { s.Behavior = &hpa.Behavior{Up: hpa.Rules{Select: "Most"}} },
		"a policy of scaleUp has the value 0: it must be more than 0":                                                func(s *hpa.Spec, _ *hpa.Options) { s.Behavior = &hpa.Behavior{Up: now(pods(0, 15))} },
		"a policy of scaleDown has the period 0s: the API allows 1s to 30m0s":                                        func(s *hpa.Spec, _ *hpa.Options) { s.Behavior = &hpa.Behavior{Down: now(pods(1, 0))} },
	} {
		spec := hpa.Spec{Min: 1, Max: 20, Metrics: []hpa.Metric{{Source: hpa.Pods, Name: "rps", Average: true, Target: 10_000}}}
		options := hpa.Defaults()
		edit(&spec, &options)
		if err := spec.Validate(options); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
