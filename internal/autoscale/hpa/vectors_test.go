package hpa_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/hpa"
)

// vector is a case that the controller of Kubernetes 1.37.2 computed. The header of
// testdata/vectors.json describes the fields.
type vector struct {
	ID, Title     string
	MinReplicas   *int32
	MaxReplicas   int32
	StartReplicas int32
	Metrics       []struct{ Type, Name, Target, Quantity string }
	Behavior      *vectorBehavior
	Flags         struct {
		Tolerance              float64
		DownscaleStabilization string
		CallLatencyMs          int
	}
	Steps []vectorStep
	Out   []vectorSync
}

type vectorBehavior struct {
	ScaleUp, ScaleDown *vectorRules
}

type vectorRules struct {
	StabilizationWindowSeconds *int
	SelectPolicy               string
	Tolerance                  *string
	Policies                   []struct {
		Type                 string
		Value, PeriodSeconds int32
	}
}

type vectorStep struct {
	Repeat         int
	Total          map[string]string
	Pods           []vectorPod
	StatusReplicas *int32
	SetMin, SetMax *int32
	SetReplicas    *int32
	MetricErrors   []string
	ScaleError     string
	Restart        bool
}

type vectorPod struct {
	State string
	N     int32
	V     string
	Ghost bool
}

type vectorSync struct {
	T              float64
	Before, After  int32
	Proposal       string
	AbleToScale    string
	ScalingActive  string
	ScalingLimited string
	ScaledToZero   string
	CurrentMetrics string
	Events         []string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

// TestVectors compares every sync with the real controller: replicas, proposal,
// conditions, current metrics and the reason of a change.
func TestVectors(t *testing.T) {
	all := vectors(t)
	if len(all) != 128 {
		t.Fatalf("%d vectors, want 128", len(all))
	}
	for _, v := range all {
		t.Run(v.ID, func(t *testing.T) { v.run(t) })
	}
}

func (v *vector) run(t *testing.T) {
	t.Helper()
	spec, options := v.spec(t)
	if err := spec.Validate(options); err != nil {
		t.Fatal(err)
	}
	a := hpa.New(spec, options)
	replicas, out := v.StartReplicas, v.Out
	for _, step := range v.Steps {
		if step.Restart {
			a.Restart()
		}
		if step.SetMin != nil {
			spec.Min = *step.SetMin
		}
		if step.SetMax != nil {
			spec.Max = *step.SetMax
		}
		a.SetBounds(spec.Min, spec.Max)
		if step.SetReplicas != nil {
			replicas = *step.SetReplicas
		}
		for range max(step.Repeat, 1) {
			want := out[0]
			out = out[1:]
			replicas = v.sync(t, a, &spec, &step, replicas, want)
		}
	}
	if len(out) > 0 {
		t.Errorf("%d syncs are left", len(out))
	}
}

// sync runs one sync and compares it.
func (v *vector) sync(t *testing.T, a *hpa.Autoscaler, spec *hpa.Spec, step *vectorStep, before int32, want vectorSync) int32 {
	t.Helper()
	observation := v.observe(t, spec, step, before)
	// The metrics are evaluated after one call for the scale and one for each
	// metric.
	latency := time.Duration(v.Flags.CallLatencyMs*(1+len(spec.Metrics))) * time.Millisecond
	d := a.Sync(time.Duration(want.T*float64(time.Second)).Round(time.Millisecond)+latency, observation)
	got := vectorSync{T: want.T, Before: before, After: d.Replicas, Events: want.Events}
	if d.Measured {
		got.Proposal = strconv.Itoa(int(d.Proposal))
	}
	c := a.Conditions()
	got.AbleToScale, got.ScalingActive = condition(c.AbleToScale), condition(c.ScalingActive)
	got.ScalingLimited, got.ScaledToZero = condition(c.ScalingLimited), condition(c.ScaledToZero)
	got.CurrentMetrics = want.CurrentMetrics
	if d.Measured && !strings.Contains(want.CurrentMetrics, "<none>") {
		var usage []string
		for i, m := range spec.Metrics {
			usage = append(usage, m.Name+"="+quantity(a.Usage(i)))
		}
		got.CurrentMetrics = strings.Join(usage, ";")
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, e := range want.Events {
		if size, reason, found := strings.Cut(strings.TrimPrefix(e, "Normal SuccessfulRescale: New size: "), "; reason: "); found && !strings.HasPrefix(e, "Warning") {
			reason = strings.Replace(reason, "(nil)", "", 1)
			if size != strconv.Itoa(int(d.Replicas)) || reason != a.Reason(before, d) {
				t.Errorf("%s: got %d %q", e, d.Replicas, a.Reason(before, d))
			}
		}
	}
	return d.Replicas
}

func condition(c hpa.Condition) string {
	switch {
	case c.Reason == "":
		return ""
	case c.Status:
		return "True/" + c.Reason
	default:
		return "False/" + c.Reason
	}
}

// quantity formats thousandths as Kubernetes does.
func quantity(milli int64) string {
	if milli%1000 == 0 {
		return strconv.FormatInt(milli/1000, 10)
	}
	return fmt.Sprintf("%dm", milli)
}

// milli parses a quantity, rounded up to thousandths.
func milli(t *testing.T, s string) int64 {
	t.Helper()
	factor := int64(1000)
	if cut, found := strings.CutSuffix(s, "m"); found {
		s, factor = cut, 1
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is not a quantity", s)
	}
	r.Mul(r, new(big.Rat).SetInt64(factor))
	n := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	return n.Quo(n, r.Denom()).Int64()
}

func (v *vector) spec(t *testing.T) (hpa.Spec, hpa.Options) {
	t.Helper()
	spec := hpa.Spec{Min: 1, Max: v.MaxReplicas}
	if v.MinReplicas != nil {
		spec.Min = *v.MinReplicas
	}
	for _, m := range v.Metrics {
		spec.Metrics = append(spec.Metrics, hpa.Metric{
			Source: hpa.Source(m.Type), Name: m.Name, Kind: "Ingress", Average: m.Target == "AverageValue", Target: milli(t, m.Quantity),
		})
	}
	if b := v.Behavior; b != nil {
		spec.Behavior = &hpa.Behavior{Up: b.ScaleUp.rules(t), Down: b.ScaleDown.rules(t)}
	}
	options := hpa.Defaults()
	options.Tolerance = v.Flags.Tolerance
	if v.Flags.DownscaleStabilization != "" {
		var err error
		if options.DownscaleStabilization, err = time.ParseDuration(v.Flags.DownscaleStabilization); err != nil {
			t.Fatal(err)
		}
	}
	return spec, options
}

func (r *vectorRules) rules(t *testing.T) hpa.Rules {
	t.Helper()
	if r == nil {
		return hpa.Rules{}
	}
	out := hpa.Rules{Select: hpa.Select(r.SelectPolicy)}
	if r.StabilizationWindowSeconds != nil {
		w := time.Duration(*r.StabilizationWindowSeconds) * time.Second
		out.Window = &w
	}
	if r.Tolerance != nil {
		f := float64(milli(t, *r.Tolerance)) / 1000
		out.Tolerance = &f
	}
	for _, p := range r.Policies {
		out.Policies = append(out.Policies, hpa.Policy{Percent: p.Type == "Percent", Value: p.Value, Period: time.Duration(p.PeriodSeconds) * time.Second})
	}
	return out
}

// observe is what the controller reads in a step.
func (v *vector) observe(t *testing.T, spec *hpa.Spec, step *vectorStep, replicas int32) *hpa.Observation {
	t.Helper()
	o := &hpa.Observation{
		Spec: replicas, Status: replicas, ReadFails: step.ScaleError == "get", WriteFails: step.ScaleError == "update",
	}
	if step.StatusReplicas != nil {
		o.Status = *step.StatusReplicas
	}
	o.Known, o.Ready = replicas, replicas
	var samples hpa.Samples
	if step.Pods != nil {
		o.Known, o.Ready, samples = count(t, step.Pods)
	}
	for _, m := range spec.Metrics {
		r := hpa.Reading{Pods: samples}
		total := step.Total[m.Name]
		for part := range strings.SplitSeq(total, "+") {
			if part != "" {
				r.Value += milli(t, part)
			}
		}
		if m.Source == hpa.Pods && step.Pods == nil {
			r.Pods = hpa.Samples{}
			if replicas > 0 {
				r.Pods = hpa.Samples{Counted: replicas, Sum: r.Value / int64(replicas) * int64(replicas)}
			}
		}
		for _, name := range step.MetricErrors {
			r.Fails = r.Fails || name == m.Name
		}
		o.Metrics = append(o.Metrics, r)
	}
	return o
}

func count(t *testing.T, pods []vectorPod) (known, ready int32, s hpa.Samples) {
	t.Helper()
	for _, p := range pods {
		n := max(p.N, 1)
		if !p.Ghost {
			known += n
		}
		counted := p.State == "ready" || p.State == "unready" || p.State == "succeeded"
		switch {
		case p.State == "pending":
			s.Pending += n
		case counted && p.V == "":
			s.Missing += n
		case counted && p.Ghost:
			s.Unknown += n
		case counted:
			s.Counted += n
		}
		if counted && p.V != "" {
			s.Sum += int64(n) * milli(t, p.V)
		}
		if p.State == "ready" && !p.Ghost {
			ready += n
		}
	}
	return known, ready, s
}
