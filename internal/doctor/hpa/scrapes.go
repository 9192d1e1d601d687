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
	// scrapeStart is how long it may take until a new monitor is scraped: the operator
	// writes a Secret, the kubelet mounts it, and a reloader notices it.
	scrapeStart = 3 * time.Minute
	// prometheusStart is how long Prometheus may take to find pods after its start.
	prometheusStart = 30 * time.Second
)

func hasPrometheus(d *diagnosis) bool { return d.Prometheus() != nil }

func targetsUnreadable(d *diagnosis) *finding {
	return d.unobservedLocally("its targets", d.Targets.Err())
}

// isUnscraped reports whether the pods are not scraped. Mimir and Cortex do not list
// targets; there, series show it.
func isUnscraped(d *diagnosis) bool {
	targets, err := d.Targets.Get()
	if err != nil {
		samples, err := d.Series.Get()
		return err == nil && len(samples) == 0
	}
	return len(targets.Exporters) == 0 && !d.HasFreshSeries()
}

func isScraped(d *diagnosis) bool { return len(d.Targets.Value().Exporters) > 0 }

// monitorHasNoTargets reports why a monitor that matches the pods does not have them
// scraped.
func monitorHasNoTargets(d *diagnosis) *finding {
	all := d.monitorCandidates()
	i := slices.IndexFunc(all, func(c candidate) bool { return c.mismatch() == nil })
	if i < 0 {
		return nil
	}
	m, p := all[i].monitor, d.Prometheus()
	jobs, err := p.Jobs()
	job := ""
	if i := slices.IndexFunc(jobs, m.IsJob); i >= 0 {
		job = jobs[i]
		if f := jobRelabels(d, m, job); f != nil {
			return f
		}
	}
	if f := monitorIsNew(d, m); f != nil {
		return f
	}
	switch {
	case err != nil:
		return d.unreported("its jobs", err)
	case job == "":
		return failed("the monitor is not loaded", "Prometheus at %s has no job for %s.", p.Name, m).as("monitor-not-loaded").evidence("jobs", names(jobs)).
			fix("check the log of prometheus-operator, and whether it manages this Prometheus")
	}
	return failed("Prometheus finds no pods", "Prometheus has a job for %s, but finds no pods for it.", m).as("prometheus-finds-no-pods").evidence("job", job).
		fix("kubectl auth can-i list pods -n %s --as=system:serviceaccount:NAMESPACE:ACCOUNT   # the account of Prometheus; it needs get, list and watch", d.namespace())
}

// jobRelabels reports a job that drops the pods.
func jobRelabels(d *diagnosis, m *cluster.Monitor, job string) *finding {
	dropped, err := d.Prometheus().DroppedTargets(job)
	if err != nil {
		return nil
	}
	for _, t := range dropped {
		if e := d.ExporterOf(&t); e != nil {
			f := failed("the job drops the pods", "Relabeling in the job of %s drops pod %s.", m, e.Pod.Metadata.Name).as("monitor-relabelings").
				evidence("job", job).evidence("address", t.DiscoveredLabels["__address__"])
			return fixMonitor(f, m, "relabelings of the endpoint")
		}
	}
	return nil
}

// monitorIsNew waits for Prometheus to load a monitor, and to find new pods.
func monitorIsNew(d *diagnosis, m *cluster.Monitor) *finding {
	changed := m.Metadata.Changed()
	if at := d.Pods.Value().Youngest(); at.After(changed) {
		changed = at
	}
	if f := d.starting(changed, scrapeStart, "Prometheus does not use %s yet", m); f != nil {
		return f
	}
	return d.starting(d.Prometheus().Started(), prometheusStart, "Prometheus has just started")
}

// otherPortFails reports failing scrapes of another port.
func otherPortFails(d *diagnosis) *finding {
	if !slices.ContainsFunc(d.Targets.Value().OtherPorts, func(t cluster.Target) bool { return t.Health != "up" }) {
		return nil
	}
	return otherPort(d, "another port is scraped")
}

func otherPort(d *diagnosis, step string) *finding {
	e := d.exporter()
	f := failed(step, "Prometheus scrapes the pods, but not the port of the exporter.")
	return withOtherPorts(d, f, "scraped").fix("the port of the exporter is %d, in container %s", e.Port, e.Container)
}

// withOtherPorts adds the scraped URLs of other ports, as evidence with a name.
func withOtherPorts(d *diagnosis, f *finding, name string) *finding {
	for _, t := range d.Targets.Value().OtherPorts {
		f.evidencef(name, "%s by %s", t.ScrapeURL, t.ScrapePool)
	}
	return f
}

// jobMissing reports a Prometheus without operator that does not scrape the exporters.
func jobMissing(d *diagnosis) *finding {
	switch {
	case !lacksOperator(d):
		return nil
	case len(d.Targets.Value().OtherPorts) > 0:
		return otherPort(d, "Prometheus does not scrape the exporter").as("monitor-port")
	}
	f := failed("Prometheus does not scrape the pods", "No scrape job of Prometheus finds the pods, and prometheus-operator, which would create one, is not installed.")
	if jobs, err := d.Prometheus().Jobs(); err == nil {
		f.evidence("jobs", names(jobs))
	}
	for _, key := range []string{"prometheus.io/scrape", "prometheus.io/port"} {
		f.evidence("annotation "+key, d.exporter().Pod.Metadata.Annotations[key])
	}
	return f.fix("if a job uses these annotations: nginx-exporter inject --scrape-annotations").
		fix("otherwise add a job with kubernetes_sd_configs, role pod, to Prometheus")
}

func scrapesFail(d *diagnosis) *finding {
	targets := d.Targets.Value()
	switch down := targets.First("down"); {
	case targets.First("up") != nil:
		return someScrapeFails(d)
	case down == nil:
		return waitingUntil(d.Now().Add(targets.Exporters[0].Interval()), "the first scrape has not happened yet")
	default:
		return failedScrape(d, down)
	}
}

// someScrapeFails reports a pod that cannot be scraped, while others can. Unready and new
// pods do not count.
func someScrapeFails(d *diagnosis) *finding {
	for _, t := range d.Targets.Value().Exporters {
		p := d.ExporterOf(&t).Pod
		if t.Health == "down" && p.Ready() && d.Age(p.Metadata.CreationTimestamp) > podStart {
			f := failedScrape(d, &t)
			f.state = doctor.Warning
			return f
		}
	}
	return nil
}

func failedScrape(d *diagnosis, t *cluster.Target) *finding {
	_, name := t.Pod()
	f := failed("every scrape fails", "Prometheus cannot scrape pod %s.", name).
		evidence("address", t.ScrapeURL).evidence("last error", t.LastError).evidence("job", t.ScrapePool)
	errorHas := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(t.LastError, part) })
	}
	switch {
	case errorHas("refused"):
		f.fix("the exporter listens on another port, or on loopback only: check --web.listen-address and the port of the monitor")
	case errorHas("404"):
		f.fix("the path of the monitor must be that of --web.telemetry-path; both default to /metrics")
	case errorHas("401", "x509", "tls", "HTTP response to HTTPS"):
		f.fix("the scheme, TLS and login of the monitor must match --web.config.file of the exporter")
	case errorHas("deadline exceeded", "timeout"):
		f.fix("usually a NetworkPolicy that does not allow Prometheus; otherwise a scrape timeout that is too short")
	default:
		f.fix("kubectl -n %s port-forward %s %d   # and request the address yourself", d.namespace(), name, t.Port())
	}
	return f
}

// someUnscraped reports pods that are not new and not scraped, while others are.
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
	return warning("Prometheus does not scrape %d of the pods; the HPA counts them as idle when it scales up.", len(missing)).evidence("pods", names(missing)).
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
