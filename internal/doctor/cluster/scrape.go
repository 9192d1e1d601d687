package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Targets are the scrape targets of Prometheus.
type Targets struct {
	Exporters  []Target        // the exporters of the pods
	OtherPorts []Target        // other ports of the pods
	OtherJobs  map[string]bool // jobs with targets other than the pods
	Scraped    map[string]bool // names of the pods in Exporters
}

func byHealth(targets []Target, health string) *Target {
	return find(targets, func(t *Target) bool { return t.Health == health })
}

// First is the first target in Exporters with a health, "up" or "down"; nil if there is none.
func (t *Targets) First(health string) *Target { return byHealth(t.Exporters, health) }

func (o *Observation) readTargets() (targets Targets, _ error) {
	p := o.Prometheus()
	if p == nil {
		return targets, nil
	}
	all, err := p.activeTargets()
	if err != nil {
		return targets, err
	}
	targets.OtherJobs, targets.Scraped = map[string]bool{}, map[string]bool{}
	for _, t := range all {
		switch e := o.ExporterOf(&t); {
		case e == nil:
			targets.OtherJobs[t.ScrapePool] = true
		case t.Port() != e.Port:
			targets.OtherPorts = append(targets.OtherPorts, t)
		default:
			targets.Exporters = append(targets.Exporters, t)
			targets.Scraped[e.Pod.Metadata.Name] = true
		}
	}
	return targets, nil
}

// ExporterOf is the exporter of the target's pod; nil if it is not one of the pods.
func (o *Observation) ExporterOf(t *Target) *Exporter {
	namespace, name := t.Pod()
	for _, e := range o.Pods.Value().Exporters {
		if name == e.Pod.Metadata.Name && namespace == o.Namespace.Value() {
			return &e
		}
		if ip := e.Pod.Status.PodIP; name == "" && ip != "" && strings.Contains(t.ScrapeURL, "//"+net.JoinHostPort(ip, "")) {
			return &e
		}
	}
	return nil
}

// ScrapeInterval is how often the pods are scraped; 0 if it is unknown.
func (o *Observation) ScrapeInterval() time.Duration {
	targets := o.Targets.Value()
	up := targets.First("up")
	if len(targets.Exporters) == 0 {
		up = byHealth(targets.OtherPorts, "up") // such as a proxy in front of the exporter
	}
	if up == nil {
		return 0
	}
	return up.Interval()
}

const requestSeries = `{__name__=~"nginx(plus)?_http_requests_total"`

// QueriedPods are the pods that queries select: all, or as many as fit into a URL.
func (o *Observation) QueriedPods() []Pod {
	const longest = 3000 // bytes of names; proxies limit the length of URLs
	pods := o.Pods.Value().Live
	length := 0
	for i, p := range pods {
		if length += len(p.Metadata.Name) + len("%7C"); length > longest {
			return pods[:max(i, 1)]
		}
	}
	return pods
}

// requestQuery selects the request counters of the pods.
func (o *Observation) requestQuery() string {
	var names []string
	for _, name := range PodNames(o.QueriedPods()) {
		names = append(names, regexp.QuoteMeta(name))
	}
	pattern := strings.ReplaceAll(strings.Join(names, "|"), `\`, `\\`)
	return fmt.Sprintf(`%s,namespace=%q,pod=~"%s"}`, requestSeries, o.Namespace.Value(), pattern)
}

func (o *Observation) readSeries() ([]Sample, error) {
	p := o.Prometheus()
	if p == nil {
		return nil, nil
	}
	samples, err := p.Query(o.requestQuery())
	if err != nil {
		return nil, err
	}
	// Series of a removed job can be queried for another five minutes: only those of
	// current targets count, if there are any.
	scraped := map[string]bool{}
	for _, t := range o.Targets.Value().Exporters {
		scraped[t.Labels["job"]+" "+t.Labels["instance"]] = true
	}
	var live []Sample
	for _, s := range samples {
		if scraped[s.Labels["job"]+" "+s.Labels["instance"]] {
			live = append(live, s)
		}
	}
	if len(live) == 0 {
		return samples, nil
	}
	return live, nil
}

// RequestSeries are the request counters of the pods, or else those of a target that are
// usable although their labels do not name the pods.
func (o *Observation) RequestSeries() []Sample {
	if samples := o.Series.Value(); len(samples) > 0 {
		return samples
	}
	if t := o.FirstTargetSeries(); t != nil && t.Usable {
		return t.Series
	}
	return nil
}

// TargetSeries are the series of one target, found by instance and job.
type TargetSeries struct {
	Target *Target
	Series []Sample // request counters
	Usable bool     // by a rule of the adapter, or by an HPA with one value for all pods
	Up     *Sample  // nginx_up, if there are no request counters
	Err    error
}

// FirstTargetSeries are the series of the first target that has any; nil if none has.
func (o *Observation) FirstTargetSeries() *TargetSeries {
	p := o.Prometheus()
	for _, target := range o.Targets.Value().Exporters {
		t := TargetSeries{Target: &target}
		own := fmt.Sprintf(`instance=%q,job=%q`, t.Target.Labels["instance"], t.Target.Labels["job"])
		t.Series, t.Err = p.Query(requestSeries + "," + own + "}")
		if t.Err != nil || len(t.Series) > 0 {
			t.Usable = t.Err == nil && o.isUsable(t.Target, &t.Series[0])
			return &t
		}
		up, err := p.Query(`{__name__=~"nginx(plus)?_up",` + own + "}")
		if t.Err = err; err != nil {
			return &t
		}
		if len(up) > 0 {
			t.Up = &up[0]
			return &t
		}
	}
	return nil
}

// isUsable reports whether series without the right labels namespace and pod can be used:
// by an HPA with one value for all pods, or by a rule that maps other labels.
func (o *Observation) isUsable(t *Target, s *Sample) bool {
	if m := o.Metric(); m.Type != PodsMetric {
		return true
	}
	_, pod := t.Pod()
	return slices.ContainsFunc(o.Adapter.Value().Rules, func(r Rule) bool {
		namespaces, err := r.Label("namespaces")
		pods, err2 := r.Label("pods")
		return err == nil && err2 == nil && s.Labels[namespaces] == o.Namespace.Value() && s.Labels[pods] == pod
	})
}

// HasFreshSeries reports whether the request counters of the pods still get samples.
// Without targets they may come from remote write, from the Prometheus behind Thanos, or
// from a proxy in front of the exporter.
func (o *Observation) HasFreshSeries() bool {
	p := o.Prometheus()
	samples, err := p.Query("timestamp(" + o.requestQuery() + ")")
	if err != nil || len(samples) == 0 {
		return false
	}
	newest := slices.MaxFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Value, b.Value) })
	// Samples from before the last start of Prometheus can be queried for minutes.
	if began := p.Started(); !began.IsZero() && newest.Value < float64(began.Unix()) {
		return false
	}
	// So can those of a removed job: the last one is more than two intervals old, as far
	// as the interval is known from the sample before it.
	const missed, moment = 2, 0.001
	earlier, err := p.Query(fmt.Sprintf("timestamp(%s @ %.3f)", o.requestQuery(), newest.Value-moment))
	if err != nil {
		return true
	}
	i := slices.IndexFunc(earlier, func(s Sample) bool { return maps.Equal(s.Labels, newest.Labels) })
	age := float64(newest.At.UnixMilli())/1e3 - newest.Value
	return i < 0 || age <= missed*(newest.Value-earlier[i].Value)
}

// HadNoSeries reports whether the pods had no series some time ago, because they are new
// or a monitor was fixed.
func (o *Observation) HadNoSeries(ago time.Duration) bool {
	p := o.Prometheus()
	if p == nil {
		return false
	}
	samples, err := p.Query(fmt.Sprintf("%s offset %ds", o.requestQuery(), int(ago.Seconds())))
	return err == nil && len(samples) == 0 && o.Metric().Type == PodsMetric
}

// RequestRate is the request rate of all pods over a window. It counts pods that are
// scraped twice only once.
func (o *Observation) RequestRate(window time.Duration) (sum float64, _ error) {
	expr := fmt.Sprintf(`sum by (pod) (max by (pod, addr) (rate(%s[%ds])))`, o.requestQuery(), int(window.Seconds()))
	samples, err := o.Prometheus().Query(expr)
	for _, s := range samples {
		sum += s.Value
	}
	return sum, err
}
