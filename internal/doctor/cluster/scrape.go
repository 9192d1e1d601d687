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

// Targets are those of Prometheus, as far as they concern the pods.
type Targets struct {
	Ours       []Target        // the exporters of the pods
	OtherPorts []Target        // other ports of the pods
	BusyJobs   map[string]bool // jobs that scrape anything else
	Scraped    map[string]bool // names of the pods among Ours
}

func byHealth(targets []Target, health string) *Target {
	if i := slices.IndexFunc(targets, func(t Target) bool { return t.Health == health }); i >= 0 {
		return &targets[i]
	}
	return nil
}

// First is the first exporter whose target has a health, "up" or "down"; nil if
// there is none.
func (t *Targets) First(health string) *Target { return byHealth(t.Ours, health) }

func (o *Observation) readTargets() (targets Targets, _ error) {
	p := o.Prometheus()
	if p == nil {
		return targets, nil
	}
	all, err := p.activeTargets()
	if err != nil {
		return targets, err
	}
	targets.BusyJobs, targets.Scraped = map[string]bool{}, map[string]bool{}
	for _, t := range all {
		switch e := o.ExporterOf(&t); {
		case e == nil:
			targets.BusyJobs[t.ScrapePool] = true
		case t.Port() != e.Port:
			targets.OtherPorts = append(targets.OtherPorts, t)
		default:
			targets.Ours = append(targets.Ours, t)
			targets.Scraped[e.Pod.Metadata.Name] = true
		}
	}
	return targets, nil
}

// ExporterOf is the exporter of the pod behind a target; nil if it is another pod.
func (o *Observation) ExporterOf(t *Target) *Exporter {
	namespace, name := t.Pod()
	pods := o.Pods.Value()
	for i := range pods.Exporters {
		e := &pods.Exporters[i]
		if name == e.Pod.Metadata.Name && namespace == o.Namespace.Value() {
			return e
		}
		if ip := e.Pod.Status.PodIP; name == "" && ip != "" && strings.Contains(t.ScrapeURL, "//"+net.JoinHostPort(ip, "")) {
			return e
		}
	}
	return nil
}

// ScrapeInterval is how often the pods are scraped; 0 if it is unknown.
func (o *Observation) ScrapeInterval() time.Duration {
	targets := o.Targets.Value()
	up := targets.First("up")
	if len(targets.Ours) == 0 {
		up = byHealth(targets.OtherPorts, "up") // a proxy before the exporter, perhaps
	}
	if up == nil {
		return 0
	}
	return up.Interval()
}

const requestSeries = `{__name__=~"nginx(plus)?_http_requests_total"`

// QueriedPods are the pods that queries name: all, or as many as fit into a URL
// that proxies let through.
func (o *Observation) QueriedPods() []Pod {
	const longest = 3000
	pods := o.Pods.Value().Live
	length := 0
	for i := range pods {
		if length += len(pods[i].Metadata.Name) + len("%7C"); length > longest {
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
	// Series of a job that was removed keep their last sample for five minutes.
	// Where series do not name their target, all count.
	scraped := map[string]bool{}
	targets := o.Targets.Value()
	for i := range targets.Ours {
		scraped[targets.Ours[i].Labels["job"]+" "+targets.Ours[i].Labels["instance"]] = true
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

// RequestSeries are the request counters of the pods, or those of the first target
// if a consumer can use its series though they do not name the pods.
func (o *Observation) RequestSeries() []Sample {
	if samples := o.Series.Value(); len(samples) > 0 {
		return samples
	}
	if t := o.FirstTrace(); t != nil && t.Usable {
		return t.Series
	}
	return nil
}

// Trace is what Prometheus has of a target whose series do not name the pods.
type Trace struct {
	Target *Target
	Series []Sample // its request counters
	Usable bool     // a rule of the adapter, or a query for all pods, uses them
	Up     *Sample  // its nginx_up, if it has no request counters
	Err    error
}

// FirstTrace is that of the first target that has any; nil if none has.
func (o *Observation) FirstTrace() *Trace {
	p := o.Prometheus()
	targets := o.Targets.Value()
	for i := range targets.Ours {
		t := Trace{Target: &targets.Ours[i]}
		own := fmt.Sprintf(`instance=%q,job=%q`, t.Target.Labels["instance"], t.Target.Labels["job"])
		t.Series, t.Err = p.Query(requestSeries + "," + own + "}")
		if t.Err != nil || len(t.Series) > 0 {
			t.Usable = t.Err == nil && o.isUsable(t.Target, &t.Series[0])
			return &t
		}
		if up, err := p.Query(`{__name__=~"nginx(plus)?_up",` + own + "}"); err == nil && len(up) > 0 {
			t.Up = &up[0]
			return &t
		}
	}
	return nil
}

// isUsable reports whether there is a consumer of series whose labels are not
// namespace and pod: an HPA that wants one value for all pods, or a rule of the
// adapter that goes by the labels that they have.
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

// HasFreshSeries reports whether the request counters of the pods still get
// samples. Without targets they may come from agents that write to Prometheus, from
// the Prometheus behind Thanos, or from a proxy before the exporter.
func (o *Observation) HasFreshSeries() bool {
	p := o.Prometheus()
	samples, err := p.Query("timestamp(" + o.requestQuery() + ")")
	if err != nil || len(samples) == 0 {
		return false
	}
	newest := slices.MaxFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Value, b.Value) })
	// Samples of before the last start of Prometheus are found for minutes.
	if began := p.Started(); !began.IsZero() && newest.Value < float64(began.Unix()) {
		return false
	}
	// So is the last sample of a job that was removed: more than two intervals old,
	// as far as the sample before it tells the interval.
	const missed, moment = 2, 0.001
	earlier, err := p.Query(fmt.Sprintf("timestamp(%s @ %.3f)", o.requestQuery(), newest.Value-moment))
	if err != nil {
		return true
	}
	i := slices.IndexFunc(earlier, func(s Sample) bool { return maps.Equal(s.Labels, newest.Labels) })
	age := float64(newest.At.UnixMilli())/1e3 - newest.Value
	return i < 0 || age <= missed*(newest.Value-earlier[i].Value)
}

// HadNoSeries reports whether the pods had no series so long ago, as after a
// monitor was fixed or with new pods.
func (o *Observation) HadNoSeries(ago time.Duration) bool {
	p := o.Prometheus()
	if p == nil {
		return false
	}
	samples, err := p.Query(fmt.Sprintf("%s offset %ds", o.requestQuery(), int(ago.Seconds())))
	return err == nil && len(samples) == 0 && o.Metric().Type == PodsMetric
}

// RequestRate is the rate of requests of all pods, each counted once, over a
// window.
func (o *Observation) RequestRate(window time.Duration) (sum float64, _ error) {
	expr := fmt.Sprintf(`sum by (pod) (max by (pod, addr) (rate(%s[%ds])))`, o.requestQuery(), int(window.Seconds()))
	samples, err := o.Prometheus().Query(expr)
	for _, s := range samples {
		sum += s.Value
	}
	return sum, err
}
