package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/autoscale/hpa"
	"nginx-exporter/internal/autoscale/manifest"
	"nginx-exporter/internal/autoscale/simulate"
)

// settingFlags are the flags for the HPA and its surroundings. Lists with several
// values are compared; those that are empty were not given.
type settingFlags struct {
	manifests  []string
	metricName string
	metric     string

	targets                  []float64
	mins, maxs               []int32
	upWindows, downWindows   []time.Duration
	upPolicies, downPolicies []hpa.Policy
	upSelect, downSelect     string
	upTolerance              []float64
	downTolerance            []float64

	keda              bool
	activation        []float64
	polling, cooldown []time.Duration

	above      []float64
	kubernetes string
	common     simulate.Setting
}

// maxSettings is how many settings can be compared.
const maxSettings = 24

// defaultMaxReplicas is the maximum without a manifest and --max. The API has no
// default.
const defaultMaxReplicas = 100

func (f *settingFlags) add(cmd *kingpin.CmdClause) {
	durations := func(to *[]time.Duration) listValue[time.Duration] { return listValue[time.Duration]{to, days} }
	rates := func(to *[]float64) listValue[float64] { return listValue[float64]{to, rate} }
	counts := func(to *[]int32) listValue[int32] { return listValue[int32]{to, replicas} }
	policies := func(to *[]hpa.Policy) listValue[hpa.Policy] { return listValue[hpa.Policy]{to, policy} }
	cmd.Flag("hpa", "Manifest of an HPA (autoscaling/v2) or ScaledObject. Flags override it. Repeat to compare.").PlaceHolder("FILE").StringsVar(&f.manifests)
	cmd.Flag("metric-name", "Metric of the manifest that follows the load, if it has several.").PlaceHolder("NAME").StringVar(&f.metricName)
	cmd.Flag("target", "Requests per second of a pod that the HPA aims at. Several, separated by commas, are compared.").PlaceHolder("RATE").SetValue(rates(&f.targets))
	cmd.Flag("min", "Minimum number of replicas (default 1; 0 with --keda). Several are compared.").PlaceHolder("N").SetValue(counts(&f.mins))
	cmd.Flag("max", "Maximum number of replicas (default 100). Several are compared.").PlaceHolder("N").SetValue(counts(&f.maxs))
	cmd.Flag("metric", "Type of the metric without a manifest: pods, external or object.").Default("pods").EnumVar(&f.metric, "pods", "external", "object")
	cmd.Flag("up-window", "Stabilization window for scaling up (behavior). Several are compared.").PlaceHolder("DURATION").SetValue(durations(&f.upWindows))
	cmd.Flag("down-window", "Stabilization window for scaling down (behavior). Several are compared.").PlaceHolder("DURATION").SetValue(durations(&f.downWindows))
	cmd.Flag("up-policy", "Policy for scaling up, such as 4pods/15s or 100%/1m. Repeatable.").PlaceHolder("POLICY").SetValue(policies(&f.upPolicies))
	cmd.Flag("down-policy", "Policy for scaling down. Repeatable.").PlaceHolder("POLICY").SetValue(policies(&f.downPolicies))
	cmd.Flag("up-select", "selectPolicy for scaling up: max, min or disabled.").PlaceHolder("SELECT").EnumVar(&f.upSelect, "max", "min", "disabled")
	cmd.Flag("down-select", "selectPolicy for scaling down.").PlaceHolder("SELECT").EnumVar(&f.downSelect, "max", "min", "disabled")
	cmd.Flag("up-tolerance", "Tolerance for scaling up, such as 0.05, from Kubernetes 1.35 on.").PlaceHolder("SHARE").SetValue(rates(&f.upTolerance))
	cmd.Flag("down-tolerance", "Tolerance for scaling down.").PlaceHolder("SHARE").SetValue(rates(&f.downTolerance))
	cmd.Flag("keda", "Scale to and from 0 replicas as KEDA does, with an external metric.").BoolVar(&f.keda)
	cmd.Flag("activation", "activationThreshold of KEDA (default 0).").PlaceHolder("RATE").SetValue(rates(&f.activation))
	cmd.Flag("polling", "pollingInterval of KEDA (default 30s).").PlaceHolder("DURATION").SetValue(durations(&f.polling))
	cmd.Flag("cooldown", "cooldownPeriod of KEDA (default 5m).").PlaceHolder("DURATION").SetValue(durations(&f.cooldown))
	cmd.Flag("above", "Requests per second of a pod that count as above target (default: the target).").PlaceHolder("RATE").SetValue(rates(&f.above))
	f.addSurroundings(cmd)
}

// addSurroundings defines the flags for the cluster, the metrics and the pods.
func (f *settingFlags) addSurroundings(cmd *kingpin.CmdClause) {
	s := &f.common
	*s = simulate.Setting{
		Options: hpa.Defaults(), SyncPeriod: 15 * time.Second, Start: -1,
		Delay:   simulate.Delay{Scrape: 15 * time.Second, Window: time.Minute},
		Startup: simulate.Startup{Pending: 10 * time.Second, Starting: 20 * time.Second},
	}
	cmd.Flag("kubernetes-version", "Version of Kubernetes, 1.29 to 1.37.").Default("1.37").StringVar(&f.kubernetes)
	cmd.Flag("tolerance", "Tolerance of the HPA controller.").Default("0.1").FloatVar(&s.Options.Tolerance)
	for _, d := range []struct {
		name, help string
		to         *time.Duration
	}{
		{"sync-period", "Sync period of the HPA controller.", &s.SyncPeriod},
		{"downscale-stabilization", "Window of the HPA controller for scaling down without behavior.", &s.Options.DownscaleStabilization},
		{"scrape-interval", "Scrape interval of Prometheus.", &s.Delay.Scrape},
		{"rate-window", "Window of rate() in the query of the metric.", &s.Delay.Window},
		{"adapter-delay", "Age of values in the metrics API, beyond that of the last scrape.", &s.Delay.Adapter},
		{"pod-pending", "Time from the creation of a pod until its containers run.", &s.Startup.Pending},
		{"pod-starting", "Time from then until the pod gets requests.", &s.Startup.Starting},
	} {
		cmd.Flag(d.name, d.help).Default(simulate.Duration(*d.to)).SetValue(daysValue{d.to})
	}
	cmd.Flag("capacity", "Requests per second that a pod can serve; 0: unlimited.").Default("0").FloatVar(&s.Capacity)
	cmd.Flag("start", "Replicas at the start; -1: what the load needs.").Default("-1").Int32Var(&s.Start)
}

// rate parses a number. That of a target in thousandths must be exact in JSON, below 2^53.
func rate(text string) (float64, error) {
	const most = 1e12
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > most {
		return 0, fmt.Errorf("%q is not a number from 0 to %.0e", text, most)
	}
	return f, nil
}

// policy parses a policy such as 4pods/15s or 100%/1m.
func policy(text string) (hpa.Policy, error) {
	value, period, found := strings.Cut(text, "/")
	var p hpa.Policy
	count, isPods := strings.CutSuffix(value, "pods")
	share, isPercent := strings.CutSuffix(value, "%")
	if isPercent {
		count, p.Percent = share, true
	}
	n, countErr := strconv.ParseInt(count, 10, 32)
	d, periodErr := days(period)
	if !found || isPods == isPercent || countErr != nil || periodErr != nil || d%time.Second != 0 {
		return p, fmt.Errorf("%q is not a policy such as 4pods/15s or 100%%/1m", text)
	}
	p.Value, p.Period = int32(n), d
	return p, nil
}

// all returns the settings to compare, and remarks about the manifests.
func (f *settingFlags) all() (settings []simulate.Setting, notes []string, err error) {
	bases, notes, err := f.bases()
	if err != nil {
		return nil, nil, err
	}
	for _, base := range bases {
		settings = append(settings, f.variants(base)...)
		if len(settings) > maxSettings {
			return nil, nil, fmt.Errorf("more than %d settings cannot be compared", maxSettings)
		}
	}
	for i := range settings {
		if err := f.complete(&settings[i]); err != nil {
			return nil, nil, err
		}
	}
	return settings, notes, nil
}

// bases returns the settings of the manifests, or the one of the flags.
func (f *settingFlags) bases() (list []simulate.Setting, notes []string, err error) {
	if f.common.Options.Version, err = minorVersion(f.kubernetes); err != nil {
		return nil, nil, err
	}
	if len(f.manifests) == 0 {
		base, err := f.withoutManifest()
		return []simulate.Setting{base}, nil, err
	}
	if f.keda {
		return nil, nil, &usageError{errors.New("--keda is for settings without --hpa: use the manifest of a ScaledObject")}
	}
	for _, path := range f.manifests {
		h, err := readManifest(path, f.metricName)
		if err != nil {
			return nil, nil, err
		}
		base := f.common
		base.Name, base.Spec, base.KEDA = h.Name, h.Spec, h.KEDA
		if len(f.manifests) > 1 {
			base.Name = path // names of objects may be the same
		}
		list = append(list, base)
		for _, ignored := range h.Ignored {
			notes = append(notes, fmt.Sprintf("%s of %s is not simulated.", strings.ToUpper(ignored[:1])+ignored[1:], path))
		}
	}
	return list, notes, nil
}

func readManifest(path, metric string) (*manifest.HPA, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	h, err := manifest.Read(file, metric)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if h.Name == "" {
		h.Name = path
	}
	return h, nil
}

// withoutManifest returns the setting that only flags describe.
func (f *settingFlags) withoutManifest() (simulate.Setting, error) {
	base := f.common
	if len(f.targets) == 0 {
		return base, &usageError{errors.New("give the target with --target, or a manifest with --hpa")}
	}
	m := hpa.Metric{Source: hpa.Pods, Name: "requests_per_second", Average: true}
	switch f.metric {
	case "external":
		m.Source = hpa.External
	case "object":
		m.Source, m.Kind = hpa.Object, "Service"
	}
	base.Spec = hpa.Spec{Min: 1, Max: defaultMaxReplicas, Metrics: []hpa.Metric{m}}
	if f.keda {
		base.KEDA = &simulate.KEDA{Polling: 30 * time.Second, Cooldown: 5 * time.Minute}
		base.Spec.Metrics[0].Source, base.Spec.Min = hpa.External, 0
	}
	return base, nil
}

// minorVersion parses 1.N.
func minorVersion(text string) (int, error) {
	text = strings.TrimPrefix(text, "v")
	minor, found := strings.CutPrefix(text, "1.")
	minor, _, _ = strings.Cut(minor, ".") // a patch release
	n, err := strconv.Atoi(minor)
	if !found || err != nil {
		return 0, fmt.Errorf("--kubernetes-version=%s is not a version such as 1.%d", strconv.Quote(text), hpa.Newest)
	}
	return n, nil
}

// dimension is a flag whose values are compared.
type dimension struct {
	label string
	count int
	value func(int) string
	set   func(*simulate.Setting, int)
}

// dimensions are the flags of which several values can be given. An empty list keeps
// the value of the manifest.
func (f *settingFlags) dimensions() []dimension {
	return []dimension{
		{"target", len(f.targets), func(i int) string { return fmt.Sprint(f.targets[i]) }, func(s *simulate.Setting, i int) {
			s.Spec.Metrics = []hpa.Metric{s.Spec.Metrics[0]}
			s.Spec.Metrics[0].Target = int64(math.Ceil(f.targets[i] * 1000))
		}},
		{"min", len(f.mins), func(i int) string { return strconv.Itoa(int(f.mins[i])) }, func(s *simulate.Setting, i int) { s.Spec.Min = f.mins[i] }},
		{"max", len(f.maxs), func(i int) string { return strconv.Itoa(int(f.maxs[i])) }, func(s *simulate.Setting, i int) { s.Spec.Max = f.maxs[i] }},
		{"up window", len(f.upWindows), func(i int) string { return simulate.Duration(f.upWindows[i]) }, func(s *simulate.Setting, i int) { behavior(s).Up.Window = &f.upWindows[i] }},
		{"down window", len(f.downWindows), func(i int) string { return simulate.Duration(f.downWindows[i]) }, func(s *simulate.Setting, i int) { behavior(s).Down.Window = &f.downWindows[i] }},
	}
}

// behavior returns a behavior of the setting that can be changed.
func behavior(s *simulate.Setting) *hpa.Behavior {
	b := hpa.Behavior{}
	if s.Spec.Behavior != nil {
		b = *s.Spec.Behavior
	}
	s.Spec.Behavior = &b
	return &b
}

// variants returns the setting with all combinations of values.
func (f *settingFlags) variants(base simulate.Setting) []simulate.Setting {
	list := []simulate.Setting{base}
	for _, d := range f.dimensions() {
		if d.count == 0 {
			continue
		}
		var next []simulate.Setting
		for _, s := range list {
			for i := range min(d.count, maxSettings+1) {
				variant := s
				d.set(&variant, i)
				if d.count > 1 {
					variant.Name = strings.TrimPrefix(variant.Name+", "+d.label+" "+d.value(i), ", ")
				}
				next = append(next, variant)
			}
		}
		list = next[:min(len(next), maxSettings+1)]
	}
	return list
}

// complete sets what has one value for all settings, and validates the setting.
func (f *settingFlags) complete(s *simulate.Setting) error {
	f.setRules(s)
	if err := f.setKEDA(s); err != nil {
		return err
	}
	m := s.Spec.Metrics[0]
	if s.Name == "" {
		s.Name = fmt.Sprintf("target %v", float64(m.Target)/1000)
	}
	if err := s.Validate(); err != nil {
		return err
	}
	s.Above = float64(m.Target) / 1000
	switch {
	case len(f.above) > 0:
		s.Above = f.above[0]
	case !m.Average:
		return &usageError{errors.New("the target is for all pods together: give the limit of a pod with --above")}
	}
	return nil
}

// setRules sets what makes an HPA have a behavior.
func (f *settingFlags) setRules(s *simulate.Setting) {
	for _, d := range []struct {
		policies  []hpa.Policy
		choose    string
		tolerance []float64
		rules     func() *hpa.Rules
	}{
		{f.upPolicies, f.upSelect, f.upTolerance, func() *hpa.Rules { return &behavior(s).Up }},
		{f.downPolicies, f.downSelect, f.downTolerance, func() *hpa.Rules { return &behavior(s).Down }},
	} {
		if len(d.policies) > 0 {
			d.rules().Policies = d.policies
		}
		if d.choose != "" {
			d.rules().Select = hpa.Select(strings.ToUpper(d.choose[:1]) + d.choose[1:])
		}
		if len(d.tolerance) > 0 {
			d.rules().Tolerance = &d.tolerance[0]
		}
	}
}

func (f *settingFlags) setKEDA(s *simulate.Setting) error {
	if s.KEDA == nil {
		if len(f.activation)+len(f.polling)+len(f.cooldown) > 0 {
			return &usageError{errors.New("--activation, --polling and --cooldown require --keda or a ScaledObject")}
		}
		return nil
	}
	k := *s.KEDA
	if len(f.activation) > 0 {
		k.Activation = f.activation[0]
	}
	if len(f.polling) > 0 {
		k.Polling = f.polling[0]
	}
	if len(f.cooldown) > 0 {
		k.Cooldown = f.cooldown[0]
	}
	s.KEDA = &k
	return nil
}
