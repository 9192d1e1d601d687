package hpa_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// Sources of the documented cases.
const (
	docs    = "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#"
	issue   = "https://github.com/kubernetes/kubernetes/issues/"
	pull    = "https://github.com/kubernetes/kubernetes/pull/"
	adapter = "https://github.com/kubernetes-sigs/prometheus-adapter/issues/"
	keda    = "https://github.com/kedacore/keda/issues/"
	kep     = "https://github.com/kubernetes/enhancements/tree/master/keps/sig-autoscaling/"
	kep853  = kep + "853-configurable-hpa-scale-velocity"
	kep2021 = kep + "2021-scale-from-zero"
	kep4951 = kep + "4951-configurable-hpa-tolerance"
	code    = "https://github.com/kubernetes/kubernetes/tree/v1.37.2/pkg/controller/podautoscaler"
)

// observer returns what the controller reads in a sync, given the current replicas.
type observer func(current int32, spec *hpa.Spec) *hpa.Observation

// documented is a case that is described in public, or follows from that.
type documented struct {
	source string
	what   string
	edit   func(*hpa.Spec, *hpa.Options)
	start  int32
	every  time.Duration // 15 s if 0
	syncs  []observer
	want   string // replicas after each sync
}

// each returns a pod of the target for each of count pods with a sample, of others
// without one, and of pending ones. The sample is in thousandths.
func each(sample int64, count, missing, pending int32) observer {
	return func(current int32, _ *hpa.Spec) *hpa.Observation {
		return &hpa.Observation{
			Spec: current, Status: current, Known: count + missing + pending, Ready: count + missing,
			Metrics: []hpa.Reading{{Pods: hpa.Samples{Counted: count, Sum: sample * int64(count), Missing: missing, Pending: pending}}},
		}
	}
}

// total returns an external or object metric, in thousandths, with status.replicas
// and ready pods as they are in spec.replicas.
func total(values ...int64) observer {
	return func(current int32, _ *hpa.Spec) *hpa.Observation {
		o := &hpa.Observation{Spec: current, Status: current, Known: current, Ready: current}
		for _, v := range values {
			o.Metrics = append(o.Metrics, hpa.Reading{Value: v, Fails: v < 0})
		}
		return o
	}
}

// proposals returns syncs in which the metric proposes these numbers of replicas:
// with an external metric, a target of 1 and no tolerance.
func proposals(list ...int64) []observer {
	var syncs []observer
	for _, n := range list {
		syncs = append(syncs, total(n*1000))
	}
	return syncs
}

func repeat(n int, syncs ...observer) []observer { return slices.Repeat(syncs, n) }

func external(s *hpa.Spec, o *hpa.Options) {
	o.Tolerance = 0
	s.Max = 2000
	s.Metrics = []hpa.Metric{{Source: hpa.External, Name: "queue", Average: true, Target: 1000}}
}

// behaves returns an edit for proposals with behavior.
func behaves(up, down hpa.Rules) func(*hpa.Spec, *hpa.Options) {
	return func(s *hpa.Spec, o *hpa.Options) {
		external(s, o)
		s.Behavior = &hpa.Behavior{Up: up, Down: down}
	}
}

func window(seconds int) *time.Duration {
	d := time.Duration(seconds) * time.Second
	return &d
}

func percent(value int32, seconds int) hpa.Policy {
	return hpa.Policy{Percent: true, Value: value, Period: *window(seconds)}
}

func pods(value int32, seconds int) hpa.Policy {
	return hpa.Policy{Value: value, Period: *window(seconds)}
}

// now are rules without a window.
func now(policies ...hpa.Policy) hpa.Rules {
	return hpa.Rules{Window: window(0), Policies: policies}
}

func value(s *hpa.Spec, _ *hpa.Options) {
	s.Metrics = []hpa.Metric{{Source: hpa.Object, Kind: "Ingress", Name: "rps", Target: 100_000}}
}

func average(s *hpa.Spec, _ *hpa.Options) {
	s.Metrics = []hpa.Metric{{Source: hpa.External, Name: "rps", Average: true, Target: 10_000}}
}

func version(n int, edit func(*hpa.Spec, *hpa.Options)) func(*hpa.Spec, *hpa.Options) {
	return func(s *hpa.Spec, o *hpa.Options) {
		if edit != nil {
			edit(s, o)
		}
		o.Version = n
	}
}

// fast has no window for scaling down. Only the count of the first sync holds.
func fast(_ *hpa.Spec, o *hpa.Options) { o.DownscaleStabilization = 0 }

func two(s *hpa.Spec, o *hpa.Options) {
	external(s, o)
	s.Metrics = append(s.Metrics, hpa.Metric{Source: hpa.External, Name: "other", Average: true, Target: 1000})
	o.DownscaleStabilization = 0
}

func zero(s *hpa.Spec, o *hpa.Options) {
	external(s, o)
	s.Min, s.Behavior = 0, &hpa.Behavior{Down: now()}
}

// withStatus changes status.replicas, ready pods, or failures of a sync.
func with(base observer, change func(*hpa.Observation)) observer {
	return func(current int32, spec *hpa.Spec) *hpa.Observation {
		o := base(current, spec)
		change(o)
		return o
	}
}

func ratios() []documented {
	return []documented{
		{docs + "algorithm-details", "a ratio of 2 doubles", nil, 3, 0, []observer{each(20_000, 3, 0, 0)}, "6"},
		{docs + "algorithm-details", "a ratio of 0.5 halves", fast, 6, 0, repeat(2, each(5000, 6, 0, 0)), "6 3"},
		{docs + "algorithm-details", "close to 1: no action", fast, 10, 0, []observer{each(10_900, 10, 0, 0), each(9100, 10, 0, 0)}, "10 10"},
		{docs + "algorithm-details", "the result is rounded up", nil, 3, 0, []observer{each(11_100, 3, 0, 0)}, "4"},
		{docs + "algorithm-details", "exactly 10% more: no action", nil, 10, 0, []observer{each(11_000, 10, 0, 0)}, "10"},
		{"https://github.com/kubernetes/kubernetes/blob/v1.32.10/pkg/controller/podautoscaler/replica_calculator.go", "up to 1.32 exactly 10% more scales, by the rounding of 1-1.1", version(32, nil), 10, 0, []observer{each(11_000, 10, 0, 0)}, "11"},
		{docs + "algorithm-details", "missing pods count as 0 on the way up", nil, 4, 0, []observer{each(20_000, 3, 1, 0)}, "6"},
		{docs + "algorithm-details", "missing pods count as the target on the way down", fast, 4, 0, repeat(2, each(2000, 2, 2, 0)), "4 3"},
		{docs + "algorithm-details", "missing pods do not reverse the direction", nil, 4, 0, []observer{each(15_000, 2, 2, 0)}, "4"},
		{docs + "algorithm-details", "within the tolerance with missing pods: no action", nil, 20, 0, []observer{each(11_500, 19, 1, 0)}, "20"},
		{docs + "algorithm-details", "pending pods count as 0 on the way up", nil, 6, 0, []observer{each(20_000, 4, 0, 2)}, "8"},
		{docs + "algorithm-details", "pending pods do not matter on the way down", fast, 6, 0, repeat(2, each(5000, 4, 0, 2)), "6 2"},
		{docs + "algorithm-details", "no metric at all: no action", nil, 4, 0, []observer{each(0, 0, 4, 0)}, "4"},
		{docs + "algorithm-details", "averages are cut off to thousandths", nil, 3, 0, []observer{func(int32, *hpa.Spec) *hpa.Observation {
			return &hpa.Observation{Spec: 3, Status: 3, Known: 3, Metrics: []hpa.Reading{{Pods: hpa.Samples{Counted: 3, Sum: 33_002}}}}
		}}, "3"},
		{issue + "108299", "with a tiny target, rounding up keeps pods until there is nearly no load", func(s *hpa.Spec, o *hpa.Options) {
			fast(s, o)
			s.Metrics[0].Target = 100
		}, 2, 0, []observer{each(60, 2, 0, 0), each(50, 2, 0, 0)}, "2 1"},
		{issue + "116984", "41 tasks for 10 pods of 4 each are within the tolerance", func(s *hpa.Spec, o *hpa.Options) {
			average(s, o)
			s.Metrics[0].Target = 4000
		}, 10, 0, []observer{total(41_000)}, "10"},
		{docs + "algorithm-details", "averageValue of an external metric: the total by the target", average, 3, 0, []observer{total(55_000)}, "6"},
		{issue + "138505", "within the tolerance a surge of pods becomes the count", average, 3, 0, []observer{with(total(40_000), func(o *hpa.Observation) { o.Status = 4 })}, "4"},
		{issue + "123296", "averageValue ignores ready pods", average, 3, 0, []observer{with(total(60_000), func(o *hpa.Observation) { o.Ready = 0 })}, "6"},
		{issue + "85206", "value multiplies the pods by the ratio", value, 3, 0, []observer{total(150_000)}, "5"},
		{adapter + "294", "a value that pods do not lower grows to the maximum", value, 2, 0, repeat(6, total(150_000)), "3 5 8 12 18 20"},
		{issue + "130130", "value with no ready pod proposes 0", func(s *hpa.Spec, o *hpa.Options) {
			value(s, o)
			fast(s, o)
		}, 6, 0, repeat(2, with(total(200_000), func(o *hpa.Observation) { o.Ready = 0 })), "6 1"},
		{docs + "algorithm-details", "the largest of several metrics", two, 5, 0, []observer{total(6000, 8000), total(7000, 2000)}, "8 7"},
		{issue + "119788", "a metric that fails blocks scaling down", two, 5, 0, []observer{total(2000, -1), total(2000, 3000)}, "5 3"},
		{docs + "algorithm-details", "a metric that fails does not block scaling up", two, 5, 0, []observer{total(-1, 9000)}, "9"},
		{docs + "algorithm-details", "all metrics fail: no action", two, 5, 0, []observer{total(-1, -1)}, "5"},
	}
}

func limits() []documented {
	return []documented{
		{docs + "algorithm-details", "the highest recommendation of 5 minutes counts", external, 8, 0, append(repeat(2, total(8000)), repeat(21, total(2000))...), strings.Repeat("8 ", 21) + "2 2"},
		{issue + "101371", "the window begins with the last high recommendation, not with the last change", external, 8, time.Minute, proposals(8, 2, 2, 8, 2, 2, 2, 2, 2, 2), "8 8 8 8 8 8 8 8 2 2"},
		{issue + "81581", "falling recommendations leave the window one after another", external, 10, time.Minute, proposals(10, 8, 5, 2, 2, 2, 2, 2), "10 10 10 10 10 8 5 2"},
		{kep853, "without behavior: at most double or 4", external, 1, 0, proposals(20, 20, 20, 20), "4 8 16 20"},
		{docs + "default-behavior", "default policies: 4 pods or 100% in 15 seconds", behaves(hpa.Rules{}, hpa.Rules{}), 1, 0, proposals(60, 60, 60, 60), "5 10 20 40"},
		{docs + "default-behavior", "default policies: scaling down at once after 5 minutes", behaves(hpa.Rules{}, hpa.Rules{}), 60, time.Minute, proposals(60, 3, 3, 3, 3, 3), "60 60 60 60 60 3"},
		{
			docs + "scaling-policies", "10% or 4 pods in a minute: 80, 72, 64, ... then 4 at a time", behaves(hpa.Rules{}, now(pods(4, 60), percent(10, 60))), 80, time.Minute,
			proposals(10, 10, 10, 10, 10, 10, 10, 10, 10), "72 64 57 51 45 40 36 32 28",
		},
		{docs + "example-limit-scale-down-rate", "10% a minute", behaves(hpa.Rules{}, now(percent(10, 60))), 20, 0, proposals(1, 1, 1, 1, 1), "18 18 18 18 16"},
		{docs + "example-limit-scale-down-rate", "10% or 5 pods, the smaller one", behaves(hpa.Rules{}, hpa.Rules{
			Window: window(0), Select: hpa.SelectMin, Policies: []hpa.Policy{percent(10, 60), pods(5, 60)},
		}), 100, time.Minute, proposals(1, 1, 1), "95 90 85"},
		{docs + "example-disable-scale-down", "selectPolicy Disabled", behaves(hpa.Rules{}, hpa.Rules{Window: window(0), Select: hpa.SelectDisabled}), 9, 0, proposals(1, 1, 12), "9 9 12"},
		{docs + "stabilization-window", "a window of one minute", behaves(hpa.Rules{}, hpa.Rules{Window: window(60)}), 9, 0, proposals(9, 1, 1, 1, 1, 1), "9 9 9 9 1 1"},
		{
			kep853 + "#story-1-scale-up-as-fast-as-possible", "900%", behaves(hpa.Rules{Policies: []hpa.Policy{percent(900, 60)}}, hpa.Rules{}), 1, time.Minute,
			proposals(1000, 1000, 1000), "10 100 1000",
		},
		{
			kep853 + "#story-2-scale-up-as-fast-as-possible-scale-down-very-gradually", "one pod in 10 minutes", behaves(hpa.Rules{}, now(pods(1, 600))), 1000, 5 * time.Minute,
			proposals(1, 1, 1, 1, 1), "999 999 998 998 997",
		},
		{
			kep853 + "#story-3-scale-up-very-gradually-usual-scale-down-process", "one pod a minute", behaves(hpa.Rules{Policies: []hpa.Policy{pods(1, 60)}}, hpa.Rules{}), 1, time.Minute,
			proposals(9, 9, 9), "2 3 4",
		},
		{
			kep853 + "#story-5-stabilization-before-scaling-down", "the highest of 10 minutes", behaves(hpa.Rules{}, hpa.Rules{Window: window(600), Policies: []hpa.Policy{pods(5, 60)}}), 10, time.Minute,
			proposals(10, 9, 8, 9, 9, 8, 9, 8, 9, 8, 7), "10 10 10 10 10 10 10 10 10 10 9",
		},
		{
			kep853 + "#story-6-avoid-false-positive-signals-for-scaling-up", "the lowest of 5 minutes", behaves(hpa.Rules{Window: window(300), Policies: []hpa.Policy{pods(20, 60)}}, hpa.Rules{}), 2, time.Minute,
			proposals(2, 3, 19, 10, 3, 4, 7), "2 2 2 2 2 3 3",
		},
		{issue + "97473", "Max takes the policy with the larger change", behaves(hpa.Rules{}, now(percent(10, 60), pods(4, 60))), 20, time.Minute, proposals(1, 1, 1), "16 12 8"},
		{
			pull + "109058", "a period starts with the count before changes in both directions", behaves(hpa.Rules{Policies: []hpa.Policy{pods(10, 60)}}, now(pods(10, 60))), 10, 0,
			proposals(20, 10, 20, 30), "20 10 20 20",
		},
		{code, "a percentage is rounded up on the way up", behaves(hpa.Rules{Policies: []hpa.Policy{percent(10, 1)}}, hpa.Rules{}), 3, 0, proposals(20, 20, 20), "4 5 6"},
		{code, "what remains is cut off on the way down", behaves(hpa.Rules{}, now(percent(10, 1))), 9, 0, proposals(1, 1, 1), "8 7 6"},
		{code, "10% more than 100 is 111 in floating point", behaves(hpa.Rules{Policies: []hpa.Policy{percent(10, 60)}}, hpa.Rules{}), 100, 0, proposals(200), "111"},
		{code, "90% less than 20 is 1 in floating point", behaves(hpa.Rules{}, now(percent(90, 60))), 20, 0, proposals(1), "1"},
		{code, "above maxReplicas: cut at once, without metrics", func(s *hpa.Spec, o *hpa.Options) {
			external(s, o)
			s.Max = 5
		}, 9, 0, []observer{total(-1)}, "5"},
		{code, "below minReplicas: raised at once, without metrics", func(s *hpa.Spec, o *hpa.Options) {
			external(s, o)
			s.Min = 6
		}, 1, 0, []observer{total(-1)}, "6"},
	}
}

func others() []documented {
	tight, loose := 0.0, 0.3
	return []documented{
		{kep4951, "scaleUp.tolerance 0", func(s *hpa.Spec, _ *hpa.Options) {
			s.Behavior = &hpa.Behavior{Up: hpa.Rules{Tolerance: &tight}, Down: now()}
		}, 10, 0, []observer{each(10_100, 10, 0, 0), each(9100, 11, 0, 0)}, "11 11"},
		{kep4951, "scaleDown.tolerance 0.3", func(s *hpa.Spec, _ *hpa.Options) {
			s.Behavior = &hpa.Behavior{Down: hpa.Rules{Window: window(0), Tolerance: &loose}}
		}, 10, 0, []observer{each(7500, 10, 0, 0), each(6900, 10, 0, 0)}, "10 7"},
		{kep4951, "the field is off by default before 1.35", version(34, func(s *hpa.Spec, _ *hpa.Options) {
			s.Behavior = &hpa.Behavior{Up: hpa.Rules{Tolerance: &tight}}
		}), 10, 0, []observer{each(10_100, 10, 0, 0)}, "10"},
		{kep2021, "to zero and back", zero, 2, 0, proposals(0, 0, 3), "0 0 3"},
		{kep2021, "zero that others set pauses", zero, 0, 0, proposals(3, 3), "0 0"},
		{docs + "implicit-maintenance-mode-deactivation", "0 replicas with minReplicas 1 pause the HPA", external, 0, 0, proposals(3, 3), "0 0"},
		{code, "1.36 pauses at zero, since the gate is off", version(36, external), 0, 0, proposals(3), "0"},
		{keda + "6844", "the cooldown of KEDA has no meaning from 5 to 1: the window has", external, 5, time.Minute, proposals(5, 1, 1, 1, 1, 1), "5 5 5 5 5 1"},
		{code, "a scale that cannot be written is tried again", external, 4, 0, []observer{with(total(8000), func(o *hpa.Observation) { o.WriteFails = true }), total(8000)}, "4 8"},
		{code, "a scale that cannot be read changes nothing", external, 4, 0, []observer{with(total(8000), func(o *hpa.Observation) { o.ReadFails = true }), total(8000)}, "4 8"},
		{issue + "90461", "more pods than replicas during a rollout scale up", nil, 4, 0, []observer{each(12_000, 6, 0, 0)}, "8"},
	}
}

// TestDocumented runs the cases that are described in public.
func TestDocumented(t *testing.T) {
	all := slices.Concat(ratios(), limits(), others())
	if len(all) < 40 {
		t.Errorf("%d cases", len(all))
	}
	for _, c := range all {
		t.Run(strings.ReplaceAll(c.what, " ", "-"), func(t *testing.T) {
			spec := hpa.Spec{Min: 1, Max: 20, Metrics: []hpa.Metric{{Source: hpa.Pods, Name: "rps", Average: true, Target: 10_000}}}
			options := hpa.Defaults()
			if c.edit != nil {
				c.edit(&spec, &options)
			}
			if err := spec.Validate(options); err != nil {
				t.Fatal(err)
			}
			a, replicas, at, got := hpa.New(spec, options), c.start, time.Duration(0), []string{}
			if c.every == 0 {
				c.every = 15 * time.Second
			}
			for _, observe := range c.syncs {
				replicas = a.Sync(at, observe(replicas, &spec)).Replicas
				got = append(got, strconv.Itoa(int(replicas)))
				at += c.every + time.Millisecond
			}
			if strings.Join(got, " ") != strings.TrimSpace(c.want) {
				t.Errorf("%s\n%s: got %v, want %s", c.source, c.what, got, c.want)
			}
		})
	}
}
