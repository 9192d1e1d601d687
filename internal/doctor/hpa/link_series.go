package hpa

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

const requestSeries = `{__name__=~"nginx(plus)?_http_requests_total"`

// podPattern matches the names of the pods.
func (w *walk) podPattern() string {
	var all []string
	for _, name := range podNames(w.asked()) {
		all = append(all, regexp.QuoteMeta(name))
	}
	return strings.ReplaceAll(strings.Join(all, "|"), `\`, `\\`)
}

// asked are the pods that questions to Prometheus name: all, but for so many
// that addresses become longer than what is in between lets through.
func (w *walk) asked() []pod {
	const longest = 3000
	length := 0
	for i := range w.pods {
		if length += len(w.pods[i].Metadata.Name) + len("%7C"); length > longest {
			return w.pods[:max(i, 1)]
		}
	}
	return w.pods
}

// seriesQuery asks for the counter of requests of the pods.
func (w *walk) seriesQuery() string {
	return fmt.Sprintf(`%s,namespace=%q,pod=~"%s"}`, requestSeries, w.namespace, w.podPattern())
}

// lookSeries looks for the counter of requests of the pods.
func (w *walk) lookSeries() doctor.Step {
	if w.prometheus == nil {
		return nothing()
	}
	samples, err := w.prometheus.query(w.ctx, w.seriesQuery())
	if err != nil {
		return w.promBlind("the series", err)
	}
	if len(samples) == 0 {
		return w.noSeries()
	}
	samples = w.living(samples)
	w.series = samples
	times := map[string]int{}
	pods := map[string]bool{}
	var twice string
	for _, s := range samples {
		pods[s.Labels["pod"]] = true
		key := s.Labels["pod"] + " " + s.Labels["addr"] + " " + s.Labels["__name__"]
		if times[key]++; times[key] > 1 {
			twice = s.Labels["pod"]
		}
	}
	l := fine("%s of %d of %d pods", samples[0].Labels["__name__"], len(pods), len(w.asked()))
	// Without targets nobody can tell two jobs from two replicas of Prometheus, or
	// from one job that is gone.
	if twice == "" || len(w.targets) == 0 {
		return l
	}
	w.double = true
	return with(l, w.scrapedTwice(twice))
}

// living leaves out series of jobs that are gone, whose last samples stay for five
// minutes. Where series do not say whose they are, all count.
func (w *walk) living(samples []sample) []sample {
	scraped := map[string]bool{}
	for i := range w.targets {
		scraped[w.targets[i].Labels["job"]+" "+w.targets[i].Labels["instance"]] = true
	}
	var alive []sample
	for _, s := range samples {
		if scraped[s.Labels["job"]+" "+s.Labels["instance"]] {
			alive = append(alive, s)
		}
	}
	if len(alive) == 0 {
		return samples
	}
	return alive
}

// scrapedTwice shows the labels that tell the copies apart.
func (w *walk) scrapedTwice(pod string) *doctor.Finding {
	f := found(codeScrapedTwice, "each request counts twice for whoever adds up: %s is scraped more than once", pod)
	for _, s := range w.series {
		if s.Labels["pod"] == pod {
			f = seen(f, "series", "%s", labelText(s.Labels))
		}
	}
	var jobs []string
	for i := range w.targets {
		if !slices.Contains(jobs, w.targets[i].ScrapePool) {
			jobs = append(jobs, w.targets[i].ScrapePool)
		}
	}
	f = seen(f, "jobs", "%s", names(jobs))
	return mend(f, "delete all monitors of these pods but one; a rule with max by (pod, addr) inside of its sum counts right meanwhile")
}

// newSeries tells whether the series of the pods were not there so long ago: after
// a monitor was mended, say, or with pods that have just come.
func (w *walk) newSeries(ago time.Duration) bool {
	if w.prometheus == nil {
		return false
	}
	samples, err := w.prometheus.query(w.ctx, fmt.Sprintf("%s offset %ds", w.seriesQuery(), int(ago.Seconds())))
	return err == nil && len(samples) == 0 && w.wanted.kind == podsKind
}

// noSeries tells what is scraped instead.
func (w *walk) noSeries() doctor.Step {
	if w.noList {
		return w.noTargets(nil)
	}
	for i := range w.targets {
		if l := w.seriesOf(&w.targets[i]); l.State != "" {
			return l
		}
	}
	if w.age(w.youngestTarget()) < podStart+2*w.interval {
		return waiting("%s: the first scrapes", clock(w.youngestTarget().Add(podStart+2*w.interval)))
	}
	f := found(codeNoSeries, "Prometheus has no series of nginx of the pods")
	for i := range w.targets {
		f = seen(f, "scraped", "%s, %s", w.targets[i].ScrapeURL, w.targets[i].Health)
	}
	return broken("there are none", mend(f, "kubectl -n %s port-forward POD 9113, and look at /metrics", w.namespace))
}

// seriesOf tells what there is of a target; nothing if nothing is.
func (w *walk) seriesOf(t *target) doctor.Step {
	own := fmt.Sprintf(`instance=%q,job=%q`, t.Labels["instance"], t.Labels["job"])
	samples, err := w.prometheus.query(w.ctx, requestSeries+","+own+"}")
	switch {
	case err != nil:
		return w.promBlind("the series", err)
	case len(samples) > 0 && w.usable(t, samples[0]):
		w.series = samples
		return fine("%s, which name pods by labels of their own", samples[0].Labels["__name__"])
	case len(samples) > 0 && w.adapter.hidden != nil && len(w.adapter.rules) == 0:
		return blind("the rules of the adapter, which may be for these labels", w.adapter.hidden)
	case len(samples) > 0:
		return broken("the series are another pod's by their labels", w.relabelled(t, samples[0]))
	}
	up, err := w.prometheus.query(w.ctx, `{__name__=~"nginx(plus)?_up",`+own+"}")
	if err == nil && len(up) > 0 && up[0].Value == 0 {
		_, name := t.pod()
		return broken("nginx_up of "+name+" is 0", w.exporterTarget(w.exporterBehind(t), nil))
	}
	if err == nil && len(up) > 0 {
		return w.droppedSeries(t)
	}
	return nothing()
}

// usable tells whether somebody makes a metric of series whose labels are not
// namespace and pod: whoever asks for one figure for all pods, and a rule of the
// adapter that goes by the labels that they have.
func (w *walk) usable(t *target, s sample) bool {
	if w.wanted.kind != podsKind {
		return true
	}
	_, name := t.pod()
	return slices.ContainsFunc(w.readAdapter().rules, func(r rule) bool {
		spaces, err := r.label("namespaces")
		pods, err2 := r.label("pods")
		return err == nil && err2 == nil && s.Labels[spaces] == w.namespace && s.Labels[pods] == name
	})
}

// relabelled shows series whose labels say another pod or namespace.
func (w *walk) relabelled(t *target, s sample) *doctor.Finding {
	_, name := t.pod()
	f := found(codeRelabelled, "the series of %s say namespace=%q, pod=%q", name, s.Labels["namespace"], s.Labels["pod"])
	f = seen(f, "series", "%s", labelText(s.Labels))
	f = seen(f, "wanted", "namespace=%s, pod=%s", w.namespace, name)
	for _, label := range []string{"namespace", "pod"} {
		if _, found := s.Labels["exported_"+label]; !found && s.Labels[label] != "" {
			return mend(mend(f, "set honorLabels: false in the monitor (job %s)", t.ScrapePool),
				"take the labels namespace and pod from the exporter (--prometheus.const-label) and from relabelings")
		}
	}
	return mend(f, "a job of Prometheus for pods sets namespace and pod from __meta_kubernetes_namespace and __meta_kubernetes_pod_name: nginx-exporter snippet prometheus")
}

func (w *walk) droppedSeries(t *target) doctor.Step {
	f := found(codeSeriesDropped, "Prometheus has nginx_up of the pods, but not the counter of requests")
	f = seen(f, "job", "%s", t.ScrapePool)
	return broken("the counter is left out", mend(f, "look at metricRelabelings of the monitor: one drops nginx_http_requests_total or keeps others only"))
}

// rates are what the pods really have a second, as the chart's rule counts.
func (w *walk) rates(over string) (map[string]float64, error) {
	expr := fmt.Sprintf(`sum by (pod) (max by (pod, addr) (rate(%s,namespace=%q,pod=~"%s"}[%s])))`, requestSeries, w.namespace, w.podPattern(), over)
	samples, err := w.prometheus.query(w.ctx, expr)
	rates := map[string]float64{}
	for _, s := range samples {
		rates[s.Labels["pod"]] = s.Value
	}
	return rates, err
}

// labelNames are those of a series.
func labelNames(s sample) string {
	return names(slices.Sorted(maps.Keys(s.Labels)))
}

// youngestTarget is when the youngest of the pods came.
func (w *walk) youngestTarget() (at time.Time) {
	for i := range w.exporters {
		if t := w.exporters[i].pod.Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}
