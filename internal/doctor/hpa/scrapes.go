package hpa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

const (
	// scrapeStart is what a new monitor needs: the operator writes a Secret, the
	// kubelet brings it to the pod, a reloader notices it, and the first scrape comes.
	scrapeStart = 3 * time.Minute
	// prometheusStart is what Prometheus needs to find pods after its start.
	prometheusStart = 30 * time.Second
)

func hasPrometheus(d *diagnosis) bool { return d.Prometheus() != nil }

func targetsUnreadable(d *diagnosis) *finding {
	if err := d.Targets.Err(); cluster.IsClientSide(err) {
		return unobserved("its targets", err)
	}
	return nil
}

// isUnscraped reports that the pods are not scraped. Mimir and Cortex have no list
// of targets: what counts there are series.
func isUnscraped(d *diagnosis) bool {
	targets, err := d.Targets.Get()
	if err != nil {
		samples, err := d.Series.Get()
		return err == nil && len(samples) == 0
	}
	return len(targets.Ours) == 0 && !d.HasFreshSeries()
}

func isScraped(d *diagnosis) bool { return len(d.Targets.Value().Ours) > 0 }

// ofFitting judges why a monitor that should have the pods scraped does not.
func ofFitting(judge func(*diagnosis, *cluster.Monitor) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		for _, c := range d.monitorCandidates() {
			if c.first() == nil {
				return judge(d, c.monitor)
			}
		}
		return nil
	}
}

// jobRelabels is a job that drops the pods.
func jobRelabels(d *diagnosis, m *cluster.Monitor) *finding {
	job, _ := jobOf(d, m)
	if job == "" {
		return nil
	}
	dropped, err := d.Prometheus().DroppedTargets(job)
	if err != nil {
		return nil
	}
	for i := range dropped {
		if e := d.ExporterOf(&dropped[i]); e != nil {
			f := failed("the job drops the pods", "Relabelling in the job of %s drops pod %s.", m, e.Pod.Metadata.Name).
				evidence("job", "%s", job).evidence("address", "%s", dropped[i].DiscoveredLabels["__address__"])
			return fixMonitor(f, m, "relabelings of the endpoint")
		}
	}
	return nil
}

// jobOf is the scrape job that was made of a monitor; empty if there is none.
func jobOf(d *diagnosis, m *cluster.Monitor) (string, error) {
	jobs, err := d.Prometheus().Jobs()
	if i := slices.IndexFunc(jobs, m.IsJob); i >= 0 {
		return jobs[i], err
	}
	return "", err
}

// monitorIsNew waits for Prometheus to load a monitor, and to find new pods.
func monitorIsNew(d *diagnosis, m *cluster.Monitor) *finding {
	pods := d.Pods.Value()
	changed := m.Metadata.Changed()
	if at := pods.Youngest(); at.After(changed) {
		changed = at
	}
	if d.isYoung(changed, scrapeStart) {
		return waitingUntil(changed.Add(scrapeStart), "Prometheus has not scraped for %s yet", m)
	}
	if began := d.Prometheus().Started(); d.isYoung(began, prometheusStart) {
		return waitingUntil(began.Add(prometheusStart), "Prometheus has just started")
	}
	return nil
}

func jobsUnreadable(d *diagnosis, m *cluster.Monitor) *finding {
	_, err := jobOf(d, m)
	return d.unreported("its jobs", err)
}

func monitorNotLoaded(d *diagnosis, m *cluster.Monitor) *finding {
	if job, err := jobOf(d, m); job != "" || err != nil {
		return nil
	}
	jobs, _ := d.Prometheus().Jobs() // they were read before
	return failed("the monitor is not loaded", "Prometheus at %s has no job for %s.", d.Prometheus().Name, m).evidence("jobs", "%s", names(jobs)).
		fix("check the log of prometheus-operator, and whether it manages this Prometheus")
}

func prometheusFindsNoPods(d *diagnosis, m *cluster.Monitor) *finding {
	job, _ := jobOf(d, m)
	return failed("Prometheus finds no pods", "Prometheus has a job for %s, but finds no pods for it.", m).evidence("job", "%s", job).
		fix("kubectl auth can-i list pods -n %s --as=system:serviceaccount:NAMESPACE:ACCOUNT   # the account of Prometheus; it needs get, list and watch", d.namespace())
}

// otherPortAlone is a Prometheus without operator that scrapes another port.
func otherPortAlone(d *diagnosis) *finding {
	if !withoutOperator(d) || len(d.Targets.Value().OtherPorts) == 0 {
		return nil
	}
	return otherPort(d, "Prometheus does not scrape the exporter")
}

// otherPortFails is another port that is scraped without success.
func otherPortFails(d *diagnosis) *finding {
	if !slices.ContainsFunc(d.Targets.Value().OtherPorts, func(t cluster.Target) bool { return t.Health != "up" }) {
		return nil
	}
	return otherPort(d, "another port is scraped")
}

func otherPort(d *diagnosis, step string) *finding {
	e := &d.Pods.Value().Exporters[0]
	f := failed(step, "Prometheus scrapes the pods, but not the port of the exporter.")
	return withOtherPorts(d, f, "scraped").fix("the port of the exporter is %d, in container %s", e.Port, e.Container)
}

func withOtherPorts(d *diagnosis, f *finding, name string) *finding {
	for _, t := range d.Targets.Value().OtherPorts {
		f.evidence(name, "%s by %s", t.ScrapeURL, t.ScrapePool)
	}
	return f
}

func jobMissing(d *diagnosis) *finding {
	if !withoutOperator(d) {
		return nil
	}
	f := failed("Prometheus does not scrape the pods", "No job of Prometheus finds the pods, and prometheus-operator, which would use monitors, is not installed.")
	if jobs, err := d.Prometheus().Jobs(); err == nil {
		f.evidence("jobs", "%s", names(jobs))
	}
	for _, key := range []string{"prometheus.io/scrape", "prometheus.io/port"} {
		f.evidence("annotation "+key, "%s", d.Pods.Value().Exporters[0].Pod.Metadata.Annotations[key])
	}
	return f.fix("if a job uses annotations: nginx-exporter inject --scrape-annotations").
		fix("otherwise add a job with kubernetes_sd_configs, role pod, to Prometheus")
}

func firstScrape(d *diagnosis) *finding {
	targets := d.Targets.Value()
	if targets.First("up") != nil || targets.First("down") != nil {
		return nil
	}
	return waitingUntil(d.Now().Add(targets.Ours[0].Interval()), "the first scrape has not happened yet")
}

func everyScrapeFails(d *diagnosis) *finding {
	targets := d.Targets.Value()
	down := targets.First("down")
	if down == nil || targets.First("up") != nil {
		return nil
	}
	return scrapeFails(d, down)
}

// someScrapeFails is a pod that cannot be scraped beside others. Pods that come or
// go cannot be scraped for a moment.
func someScrapeFails(d *diagnosis) *finding {
	for _, t := range d.Targets.Value().Ours {
		p := d.ExporterOf(&t).Pod
		if t.Health == "down" && p.Ready() && d.Age(p.Metadata.CreationTimestamp) > podStart {
			f := scrapeFails(d, &t)
			f.state = doctor.Warning
			return f
		}
	}
	return nil
}

func scrapeFails(d *diagnosis, t *cluster.Target) *finding {
	_, name := t.Pod()
	f := failed("every scrape fails", "Prometheus cannot scrape pod %s.", name).
		evidence("address", "%s", t.ScrapeURL).evidence("last error", "%s", t.LastError).evidence("job", "%s", t.ScrapePool)
	says := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(t.LastError, part) })
	}
	switch {
	case says("refused"):
		f.fix("the exporter listens elsewhere, or on loopback only: check --web.listen-address and the port of the monitor")
	case says("404"):
		f.fix("the path of the monitor must be that of --web.telemetry-path; both default to /metrics")
	case says("401", "x509", "tls", "HTTP response to HTTPS"):
		f.fix("the scheme, TLS and login of the monitor must match --web.config.file of the exporter")
	case says("deadline exceeded", "timeout"):
		f.fix("usually a NetworkPolicy that keeps Prometheus out; otherwise a timeout that is too short")
	default:
		f.fix("kubectl -n %s port-forward %s %d   # and request it yourself", d.namespace(), name, t.Port())
	}
	return f
}

// someUnscraped is a pod that was created some time ago and is not scraped.
func someUnscraped(d *diagnosis) *finding {
	targets := d.Targets.Value()
	var missing []string
	for _, e := range d.Pods.Value().Exporters {
		if name := e.Pod.Metadata.Name; e.Pod.Ready() && !targets.Scraped[name] && d.Age(e.Pod.Metadata.CreationTimestamp) > scrapeStart {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 || someScrapeFails(d) != nil {
		return nil
	}
	return warning("Prometheus does not scrape %d of the pods; they count as idle when the HPA scales up.", len(missing)).evidence("pods", "%s", names(missing)).
		fix("compare their labels with those of the others: kubectl -n %s get pods --show-labels", d.namespace())
}

func scrapesSummary(d *diagnosis) string {
	targets, err := d.Targets.Get()
	up := targets.First("up")
	switch {
	case err != nil:
		return fmt.Sprintf("not checked: %s has no list of targets", d.Prometheus().Name)
	case up == nil:
		return fmt.Sprintf("not checked: %s has series of the pods, but no targets for them", d.Prometheus().Name)
	}
	return fmt.Sprintf("%d of %d pods, every %s, by %s", len(targets.Scraped), len(d.Pods.Value().Exporters), up.ScrapeInterval, up.ScrapePool)
}
