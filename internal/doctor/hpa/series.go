package hpa

import (
	"fmt"
	"maps"
	"slices"

	"nginx-exporter/internal/doctor/cluster"
)

func seriesUnreadable(d *diagnosis) *finding { return d.unreported("the series", d.Series.Err()) }

func lacksSeries(d *diagnosis) bool { return len(d.RequestSeries()) == 0 }

// seriesMismatch reports what is wrong with the series of a target.
func seriesMismatch(d *diagnosis) *finding {
	t := d.FirstTargetSeries()
	if t == nil {
		return nil
	}
	switch {
	case t.Err != nil:
		return d.unreported("the series", t.Err)
	case len(t.Series) > 0:
		if a := d.Adapter.Value(); len(a.Rules) == 0 && a.Hidden != nil {
			return unobserved("the rules of the adapter, which may use these labels", a.Hidden)
		}
		return seriesRelabelled(d, t)
	case t.Up.Value == 0: // the step nginx could not check it
		e := d.ExporterOf(t.Target)
		return nginxDown(d, "nginx_up of "+e.Pod.Metadata.Name+" is 0", e, nil)
	}
	return failed("the request counter is dropped", "Prometheus has nginx_up of the pods, but not their request counter.").as("series-dropped").
		evidence("job", t.Target.ScrapePool).
		fix("check metricRelabelings of the monitor: they must keep nginx_http_requests_total")
}

// seriesRelabelled reports series whose labels name another pod or namespace.
func seriesRelabelled(d *diagnosis, t *cluster.TargetSeries) *finding {
	_, pod := t.Target.Pod()
	labels := t.Series[0].Labels
	f := failed("their labels name another pod", "The series of pod %s have the labels namespace=%q, pod=%q.", pod, labels["namespace"], labels["pod"]).as("series-relabelled").
		evidence("series", cluster.FormatLabels(labels)).
		evidencef("wanted", "namespace=%s, pod=%s", d.namespace(), pod)
	for _, label := range []string{"namespace", "pod"} {
		if _, found := labels["exported_"+label]; !found && labels[label] != "" {
			return f.fix("set honorLabels: false in the monitor (job %s)", t.Target.ScrapePool).
				fix("remove the labels namespace and pod from the exporter (--prometheus.const-label) and from relabelings")
		}
	}
	return f.fix("a job for pods must set namespace and pod from __meta_kubernetes_namespace and __meta_kubernetes_pod_name: nginx-exporter snippet prometheus")
}

func firstScrapes(d *diagnosis) *finding {
	return d.starting(d.Pods.Value().Youngest(), podStart+2*d.ScrapeInterval(), "the first scrapes have not happened yet")
}

func seriesMissing(d *diagnosis) *finding {
	f := failed("no series", "Prometheus has no nginx series of the pods.")
	for _, t := range d.Targets.Value().Exporters {
		f.evidencef("target", "%s, %s", t.ScrapeURL, t.Health)
	}
	return f.fix("kubectl -n %s port-forward POD 9113   # and check /metrics", d.namespace())
}

// podScrapedTwice is a pod with several series of the same counter; empty if there is none.
// Without targets, two jobs look like two replicas of Prometheus or a removed job.
func podScrapedTwice(d *diagnosis) (pod string) {
	if len(d.Targets.Value().Exporters) == 0 {
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
	pod := podScrapedTwice(d)
	if pod == "" {
		return nil
	}
	f := warning("Pod %s is scraped more than once, so sums count each request more than once.", pod)
	for _, s := range d.Series.Value() {
		if s.Labels["pod"] == pod {
			f.evidence("series", cluster.FormatLabels(s.Labels))
		}
	}
	var jobs []string
	for _, t := range d.Targets.Value().Exporters {
		if !slices.Contains(jobs, t.ScrapePool) {
			jobs = append(jobs, t.ScrapePool)
		}
	}
	return f.evidence("jobs", names(jobs)).
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

// labelNames lists the names of a sample's labels.
func labelNames(s *cluster.Sample) string { return names(slices.Sorted(maps.Keys(s.Labels))) }
