package hpa

import (
	"fmt"
	"maps"
	"slices"

	"nginx-exporter/internal/doctor/cluster"
)

func seriesUnreadable(d *diagnosis) *finding { return d.unreported("the series", d.Series.Err()) }

func lacksSeries(d *diagnosis) bool { return len(d.RequestSeries()) == 0 }

// ofTrace judges what Prometheus has of the first target that it has anything of.
func ofTrace(judge func(*diagnosis, *cluster.Trace) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		if t := d.FirstTrace(); t != nil {
			return judge(d, t)
		}
		return nil
	}
}

func traceUnreadable(d *diagnosis, t *cluster.Trace) *finding {
	return d.unreported("the series", t.Err)
}

// rulesForLabelsHidden are rules that may use labels other than namespace and pod.
func rulesForLabelsHidden(d *diagnosis, t *cluster.Trace) *finding {
	if len(t.Series) == 0 || len(d.Adapter.Value().Rules) > 0 {
		return nil
	}
	return unobserved("the rules of the adapter, which may use these labels", d.Adapter.Value().Hidden)
}

// seriesRelabelled are series whose labels name another pod or namespace.
func seriesRelabelled(d *diagnosis, t *cluster.Trace) *finding {
	if len(t.Series) == 0 {
		return nil
	}
	_, pod := t.Target.Pod()
	labels := t.Series[0].Labels
	f := failed("their labels name another pod", "The series of pod %s have the labels namespace=%q, pod=%q.", pod, labels["namespace"], labels["pod"]).
		evidence("series", "%s", cluster.FormatLabels(labels)).
		evidence("wanted", "namespace=%s, pod=%s", d.namespace(), pod)
	for _, label := range []string{"namespace", "pod"} {
		if _, found := labels["exported_"+label]; !found && labels[label] != "" {
			return f.fix("set honorLabels: false in the monitor (job %s)", t.Target.ScrapePool).
				fix("remove the labels namespace and pod from the exporter (--prometheus.const-label) and from relabelings")
		}
	}
	return f.fix("a job for pods must set namespace and pod from __meta_kubernetes_namespace and __meta_kubernetes_pod_name: nginx-exporter snippet prometheus")
}

// nginxDownInSeries is nginx_up of 0, where the exposition could not be read.
func nginxDownInSeries(d *diagnosis, t *cluster.Trace) *finding {
	if t.Up == nil || t.Up.Value != 0 {
		return nil
	}
	e := d.ExporterOf(t.Target)
	f := failed("nginx_up of "+e.Pod.Metadata.Name+" is 0", "The exporter of pod %s is running, but cannot read the status of nginx.", e.Pod.Metadata.Name)
	return withScrapeURI(d, f, e, nil)
}

func seriesDropped(_ *diagnosis, t *cluster.Trace) *finding {
	if t.Up == nil {
		return nil
	}
	return failed("the request counter is dropped", "Prometheus has nginx_up of the pods, but not their request counter.").
		evidence("job", "%s", t.Target.ScrapePool).
		fix("check metricRelabelings of the monitor: one drops nginx_http_requests_total, or keeps only others")
}

func firstScrapes(d *diagnosis) *finding {
	pods := d.Pods.Value()
	start := podStart + 2*d.ScrapeInterval()
	if !d.isYoung(pods.Youngest(), start) {
		return nil
	}
	return waitingUntil(pods.Youngest().Add(start), "the first scrapes have not happened yet")
}

func seriesMissing(d *diagnosis) *finding {
	f := failed("there are none", "Prometheus has no nginx series of the pods.")
	for _, t := range d.Targets.Value().Ours {
		f.evidence("target", "%s, %s", t.ScrapeURL, t.Health)
	}
	return f.fix("kubectl -n %s port-forward POD 9113   # and check /metrics", d.namespace())
}

// doubled is a pod with several series for the same counter; empty if there is none.
// Without targets, two jobs cannot be told from two replicas of Prometheus, or from
// a job that was removed.
func doubled(d *diagnosis) (pod string) {
	if len(d.Targets.Value().Ours) == 0 {
		return ""
	}
	times := map[string]int{}
	for _, s := range d.Series.Value() {
		key := s.Labels["pod"] + " " + s.Labels["addr"] + " " + s.Labels["__name__"]
		if times[key]++; times[key] > 1 {
			pod = s.Labels["pod"]
		}
	}
	return pod
}

func scrapedTwice(d *diagnosis) *finding {
	pod := doubled(d)
	if pod == "" {
		return nil
	}
	f := warning("Pod %s is scraped more than once, so that sums count each request more than once.", pod)
	for _, s := range d.Series.Value() {
		if s.Labels["pod"] == pod {
			f.evidence("series", "%s", cluster.FormatLabels(s.Labels))
		}
	}
	var jobs []string
	for _, t := range d.Targets.Value().Ours {
		if !slices.Contains(jobs, t.ScrapePool) {
			jobs = append(jobs, t.ScrapePool)
		}
	}
	return f.evidence("jobs", "%s", names(jobs)).
		fix("delete all monitors of these pods except one; until then, a rule with max by (pod, addr) inside its sum counts correctly")
}

func seriesSummary(d *diagnosis) string {
	samples := d.Series.Value()
	if len(samples) == 0 {
		return d.RequestSeries()[0].Labels["__name__"] + ", with other labels for the pods"
	}
	pods := map[string]bool{}
	for _, s := range samples {
		pods[s.Labels["pod"]] = true
	}
	return fmt.Sprintf("%s of %d of %d pods", samples[0].Labels["__name__"], len(pods), len(d.QueriedPods()))
}

// labelNames are those of a sample.
func labelNames(s *cluster.Sample) string { return names(slices.Sorted(maps.Keys(s.Labels))) }
