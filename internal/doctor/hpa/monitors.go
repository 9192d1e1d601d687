package hpa

import (
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

const (
	podMonitor     = "PodMonitor"
	serviceMonitor = "ServiceMonitor"
)

// noTargets tells why Prometheus does not scrape the pods.
func (w *walk) noTargets(other []target) doctor.Step {
	monitors, services, err := w.readMonitors()
	switch {
	case reasonOf(err) == notFound && w.hidden != nil:
		return blind("monitors", w.hidden)
	case reasonOf(err) == notFound && len(monitors) == 0:
		return broken("Prometheus does not scrape the pods", w.noOperator(other))
	case err != nil:
		return blind("monitors", err)
	}
	var all []judged
	for i := range monitors {
		all = append(all, w.judge(&monitors[i], services))
	}
	slices.SortStableFunc(all, func(a, b judged) int { return b.likeness() - a.likeness() })
	for i := range all {
		if all[i].first() == nil {
			return w.notYetScraped(all[i].monitor)
		}
	}
	if f := w.meantFor(all, other); f != nil {
		return broken("no monitor leads to the pods", f)
	}
	if w.hidden != nil {
		return blind("monitors in other namespaces", w.hidden)
	}
	if slices.ContainsFunc(other, func(t target) bool { return t.Health != "up" }) {
		return broken("another port is scraped", w.otherPort(other))
	}
	f := found(codeNoMonitor, "there is no PodMonitor and no ServiceMonitor for the pods of %s", w.target.Metadata.Name)
	f = seen(f, "labels of the pods", "%s", labelText(w.pods[0].Metadata.Labels))
	for i := range other {
		f = seen(f, "another port is scraped", "%s by %s", other[i].ScrapeURL, other[i].ScrapePool)
	}
	f = seen(f, "monitors in the cluster", "%s", names(monitorNames(monitors)))
	return broken("no monitor leads to the pods", mend(f, "helm install with the chart, or see examples/kubernetes; a PodMonitor needs no Service"))
}

// meantFor is what is wrong with the monitor that is meant for the pods. One that
// scrapes other pods, or another port of these with success, does what it is
// there for.
func (w *walk) meantFor(all []judged, other []target) *doctor.Finding {
	const meant = 3
	for i := range all {
		if all[i].likeness() < meant || w.serves(all[i].monitor, other) {
			continue
		}
		f := all[i].first()
		if w.noList && f != all[i].ignored {
			f.Code = codeUnknown // nobody can tell whether it works for others
		}
		return f
	}
	return nil
}

// serves tells whether a monitor works for somebody else.
func (w *walk) serves(m *monitor, other []target) bool {
	for pool := range w.busy {
		if strings.HasPrefix(pool, m.pool()) {
			return true
		}
	}
	return slices.ContainsFunc(other, func(t target) bool { return t.Health == "up" && strings.HasPrefix(t.ScrapePool, m.pool()) })
}

// pool is how names of its jobs begin.
func (m *monitor) pool() string {
	return strings.ToLower(m.Kind[:1]) + m.Kind[1:] + "/" + m.Metadata.Namespace + "/" + m.Metadata.Name + "/"
}

func monitorNames(monitors []monitor) []string {
	var all []string
	for i := range monitors {
		all = append(all, monitors[i].String())
	}
	return all
}

// String is what people call it.
func (m *monitor) String() string {
	return m.Kind + " " + m.Metadata.Namespace + "/" + m.Metadata.Name
}

// readMonitors reads all monitors, and the Services that lead to the pods or
// are in their namespace.
func (w *walk) readMonitors() ([]monitor, []service, error) {
	var all []monitor
	var missing error
	kinds := []struct{ kind, plural string }{{podMonitor, "podmonitors"}, {serviceMonitor, "servicemonitors"}}
	for _, k := range kinds {
		var some list[monitor]
		err := w.cluster.get(w.ctx, operatorAPI+k.plural, &some)
		if reasonOf(err) == forbidden {
			w.hidden = err
			err = w.cluster.get(w.ctx, operatorAPI+"namespaces/"+w.namespace+"/"+k.plural, &some)
		}
		if err != nil {
			missing = err
			continue
		}
		for i := range some.Items {
			some.Items[i].Kind = k.kind
		}
		all = append(all, some.Items...)
	}
	if missing != nil && (len(all) == 0 || unsaid(missing)) {
		return nil, nil, missing
	}
	var services list[service]
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+w.namespace+"/services", &services)
	return all, services.Items, err
}

// notYetScraped is a monitor that is right, and Prometheus does not scrape.
func (w *walk) notYetScraped(m *monitor) doctor.Step {
	pools, err := w.prometheus.pools(w.ctx)
	i := slices.IndexFunc(pools, func(pool string) bool { return strings.HasPrefix(pool, m.pool()) })
	if i >= 0 {
		if f := w.relabelledAway(m, pools[i]); f != nil {
			return broken("the job drops the pods", f)
		}
	}
	changed := m.changed()
	if t := w.youngestTarget(); t.After(changed) {
		changed = t
	}
	began := w.prometheus.started(w.ctx)
	switch {
	case w.age(changed) < scrapeStart:
		return waiting("%s, when Prometheus should scrape for %s", clock(changed.Add(scrapeStart)), m)
	case w.age(began) < prometheusStart:
		return waiting("%s: Prometheus has just started", clock(began.Add(prometheusStart)))
	case err == nil && i < 0:
		f := seen(found(codeMonitorNotLoaded, "Prometheus at %s has no job for %s", w.prometheus.name, m), "jobs", "%s", names(pools))
		return broken("the monitor has not come to Prometheus", mend(f, "look at the log of prometheus-operator, and whether this is the Prometheus that it manages"))
	}
	if err != nil {
		return w.promBlind("its jobs", err)
	}
	f := seen(found(codePrometheusRights, "Prometheus has the job of %s, and finds no pods for it", m), "job", "%s", pools[i])
	return broken("Prometheus finds no pods", mend(f, "kubectl auth can-i list pods -n %s --as=system:serviceaccount:NAMESPACE:ACCOUNT   # the account of Prometheus; it needs get, list and watch", w.namespace))
}

// changed is when somebody last wrote to a monitor.
func (m *monitor) changed() time.Time {
	at := m.Metadata.CreationTimestamp
	for _, f := range m.Metadata.ManagedFields {
		if f.Time.After(at) {
			at = f.Time
		}
	}
	return at
}

// relabelledAway finds the pods among those that a job drops.
func (w *walk) relabelledAway(m *monitor, pool string) *doctor.Finding {
	dropped, err := w.prometheus.dropped(w.ctx, pool)
	if err != nil {
		return nil
	}
	for i := range dropped {
		e := w.exporterBehind(&dropped[i])
		if e == nil {
			continue
		}
		f := seen(found(codeMonitorRelabels, "relabelling of the job of %s drops %s", m, e.pod.Metadata.Name), "job", "%s", pool)
		f = seen(f, "address", "%s", dropped[i].DiscoveredLabels["__address__"])
		f = mend(f, "kubectl -n %s edit %s %s   # relabelings of the endpoint", m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name)
		return f
	}
	return nil
}

func (w *walk) otherPort(other []target) *doctor.Finding {
	e := &w.exporters[0]
	f := found(codeMonitorPort, "Prometheus scrapes the pods, but not the port of the exporter")
	for i := range other {
		f = seen(f, "scraped", "%s by %s", other[i].ScrapeURL, other[i].ScrapePool)
	}
	return mend(f, "port of the exporter: %d, in container %s", e.port, e.container)
}

// noOperator is a Prometheus with a configuration of somebody's own.
func (w *walk) noOperator(other []target) *doctor.Finding {
	if len(other) > 0 {
		return w.otherPort(other)
	}
	f := found(codeNoJob, "no job of Prometheus finds the pods, and there is no prometheus-operator whose monitors could")
	pools, err := w.prometheus.pools(w.ctx)
	if err == nil {
		f = seen(f, "jobs", "%s", names(pools))
	}
	for _, key := range []string{"prometheus.io/scrape", "prometheus.io/port"} {
		if value, found := w.exporters[0].pod.Metadata.Annotations[key]; found {
			f = seen(f, "annotation "+key, "%s", value)
		}
	}
	return mend(mend(f, "where a job goes by annotations: nginx-exporter inject --scrape-annotations"), "else add a job with kubernetes_sd_configs, role pod, to Prometheus")
}
