package chain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

const (
	podMonitor     = "PodMonitor"
	serviceMonitor = "ServiceMonitor"
)

// judged is what stands between a monitor and the pods.
type judged struct {
	monitor  *monitor
	selector *doctor.Finding // its selector misses them, or their Service
	space    *doctor.Finding // it looks into other namespaces
	port     *doctor.Finding // it names a port that they do not have
	ignored  *doctor.Finding // no Prometheus takes it
}

// first is what to mend first; nil if there is nothing.
func (j *judged) first() *doctor.Finding {
	for _, f := range []*doctor.Finding{j.selector, j.space, j.port, j.ignored} {
		if f != nil {
			return f
		}
	}
	return nil
}

// likeness counts what is right about it: the monitor that is meant for these
// pods is wrong in one thing, a stranger in most.
func (j *judged) likeness() int {
	n := 0
	if j.selector == nil {
		n += 3
	}
	for _, f := range []*doctor.Finding{j.space, j.port} {
		if f == nil {
			n++
		}
	}
	if strings.Contains(j.monitor.Metadata.Name, "nginx") {
		n++
	}
	return n
}

// noTargets tells why Prometheus does not scrape the pods.
func (w *walk) noTargets(other []target) doctor.Link {
	monitors, services, err := w.readMonitors()
	switch {
	case reasonOf(err) == notFound:
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
	const meant = 3
	if len(all) > 0 && all[0].likeness() >= meant {
		return broken("no monitor leads to the pods", all[0].first())
	}
	if len(other) > 0 {
		return broken("another port is scraped", w.otherPort(other))
	}
	f := found(codeNoMonitor, "there is no PodMonitor and no ServiceMonitor for the pods of %s", w.target.Metadata.Name)
	f = seen(f, "labels of the pods", "%s", labelText(w.pods[0].Metadata.Labels))
	f = seen(f, "monitors in the cluster", "%s", names(monitorNames(monitors)))
	return broken("no monitor leads to the pods", mend(f, "helm install with the chart, or see examples/kubernetes; a PodMonitor needs no Service"))
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
	if len(all) == 0 && missing != nil {
		return nil, nil, missing
	}
	var services list[service]
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+w.namespace+"/services", &services)
	return all, services.Items, err
}

// judge compares a monitor with the first pod that has an exporter.
func (w *walk) judge(m *monitor, services []service) judged {
	j := judged{monitor: m}
	if m.Kind == podMonitor {
		labels := w.exporters[0].pod.Metadata.Labels
		if missing := m.Spec.Selector.misses(labels); len(missing) > 0 {
			f := seen(found(codeMonitorSelector, "%s does not pick the pods", m), "it wants", "%s", join(missing))
			f = seen(f, "labels of "+w.exporters[0].pod.Metadata.Name, "%s", labelText(labels))
			j.selector = w.mendMonitor(f, m, "spec.selector.matchLabels")
		}
		j.port = w.judgePort(m, nil)
	} else {
		j.selector, j.port = w.judgeService(m, services)
	}
	j.space = w.judgeSpace(m)
	j.ignored = w.judgeObjects(m)
	return j
}

func (w *walk) mendMonitor(f *doctor.Finding, m *monitor, path string) *doctor.Finding {
	f = mend(f, "kubectl -n %s edit %s %s   # %s", m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name, path)
	return f
}

// judgeService follows a ServiceMonitor over the Services that it picks.
func (w *walk) judgeService(m *monitor, services []service) (selector, port *doctor.Finding) {
	var leading []service // to the pods
	var picked []service
	labels := w.exporters[0].pod.Metadata.Labels
	for _, s := range services {
		leads := len(s.Spec.Selector) > 0 && labelsMatch(s.Spec.Selector, labels)
		picks := m.Spec.Selector.matches(s.Metadata.Labels)
		if leads && picks {
			return nil, w.judgePort(m, &s)
		}
		if leads {
			leading = append(leading, s)
		}
		if picks {
			picked = append(picked, s)
		}
	}
	switch {
	case len(leading) > 0:
		f := seen(found(codeMonitorSelector, "%s does not pick Service %s of the pods: it goes by labels of Services, not of pods", m, leading[0].Metadata.Name),
			"it wants", "%s", join(m.Spec.Selector.misses(leading[0].Metadata.Labels)))
		f = seen(f, "labels of Service "+leading[0].Metadata.Name, "%s", labelText(leading[0].Metadata.Labels))
		return w.mendMonitor(f, m, "spec.selector.matchLabels"), w.judgePort(m, &leading[0])
	case len(picked) > 0:
		f := seen(found(codeServiceSelector, "Service %s, which %s picks, does not lead to the pods", picked[0].Metadata.Name, m), "its selector", "%s", labelText(picked[0].Spec.Selector))
		f = mend(seen(f, "labels of the pods", "%s", labelText(labels)), "kubectl -n %s edit service %s   # spec.selector", w.namespace, picked[0].Metadata.Name)
		return f, nil
	}
	f := found(codeServiceMissing, "%s needs a Service that leads to the pods, and there is none", m)
	f = mend(seen(f, "it wants one with", "%s", m.Spec.Selector.String()), "use a PodMonitor, which needs no Service, or create the Service")
	return f, f
}

func labelsMatch(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// judgePort looks for the port of the exporter in a monitor.
func (w *walk) judgePort(m *monitor, s *service) *doctor.Finding {
	e := &w.exporters[0]
	var wants []string
	for _, p := range m.endpoints() {
		wants = append(wants, p.String())
		if w.leadsTo(&p, e, s) {
			return nil
		}
	}
	f := seen(found(codeMonitorPort, "%s scrapes a port that is not the exporter's", m), "it wants", "%s", names(wants))
	f = seen(f, "container "+e.container, "port %d, name %q", e.port, e.portName)
	if s != nil {
		var ports []string
		for _, p := range s.Spec.Ports {
			ports = append(ports, fmt.Sprintf("%s %d to %v", p.Name, p.Port, p.TargetPort))
		}
		f = seen(f, "ports of Service "+s.Metadata.Name, "%s", names(ports))
		return w.mendMonitor(f, m, "port of the endpoint: the name of a port of the Service")
	}
	return w.mendMonitor(f, m, fmt.Sprintf("portNumber: %d of the endpoint, in place of port", e.port))
}

// String is the port that an endpoint names.
func (p *endpoint) String() string {
	switch {
	case p.Port != "":
		return "port " + strconv.Quote(p.Port)
	case p.PortNumber != 0:
		return "portNumber " + strconv.Itoa(p.PortNumber)
	case p.TargetPort != nil:
		return fmt.Sprintf("targetPort %v", p.TargetPort)
	}
	return "no port"
}

// leadsTo tells whether an endpoint of a monitor is the exporter's port.
func (w *walk) leadsTo(p *endpoint, e *exporterPort, s *service) bool {
	number := strconv.Itoa(e.port)
	isPort := func(port any) bool {
		text := fmt.Sprint(port)
		return text == number || e.portName != "" && text == e.portName
	}
	if s != nil && p.Port != "" {
		return slices.ContainsFunc(s.Spec.Ports, func(sp servicePort) bool {
			return sp.Name == p.Port && (isPort(sp.TargetPort) || sp.TargetPort == nil && sp.Port == e.port)
		})
	}
	if p.Port != "" {
		return p.Port == e.portName
	}
	return p.PortNumber == e.port || p.TargetPort != nil && isPort(p.TargetPort)
}

// judgeSpace tells whether a monitor looks into the namespace of the pods.
func (w *walk) judgeSpace(m *monitor) *doctor.Finding {
	s := &m.Spec.NamespaceSelector
	if s.Any || slices.Contains(s.MatchNames, w.namespace) || len(s.MatchNames) == 0 && m.Metadata.Namespace == w.namespace {
		return nil
	}
	looks := "its own, " + m.Metadata.Namespace
	if len(s.MatchNames) > 0 {
		looks = names(s.MatchNames)
	}
	f := seen(found(codeMonitorNamespace, "%s does not look into namespace %s", m, w.namespace), "it looks into", "%s", looks)
	f = mend(f, `kubectl -n %s patch %s %s --type merge -p '{"spec":{"namespaceSelector":{"matchNames":["%s"]}}}'`,
		m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name, w.namespace)
	return f
}

// judgeObjects tells whether a Prometheus object takes the monitor.
func (w *walk) judgeObjects(m *monitor) *doctor.Finding {
	var objects list[prometheusObject]
	if err := w.cluster.get(w.ctx, operatorAPI+"prometheuses", &objects); err != nil {
		return nil
	}
	f := found(codeMonitorIgnored, "no Prometheus takes %s", m)
	for i := range objects.Items {
		why := w.refuses(&objects.Items[i], m)
		if why == "" {
			return nil
		}
		f = seen(f, "Prometheus "+objects.Items[i].Metadata.Namespace+"/"+objects.Items[i].Metadata.Name, "%s", why)
	}
	if len(objects.Items) == 0 {
		f = seen(f, "Prometheus objects", "none")
		f = mend(f, "create a Prometheus object, or install kube-prometheus-stack")
		return f
	}
	f = seen(f, "labels of the monitor", "%s", labelText(m.Metadata.Labels))
	f = mend(f, "kubectl -n %s label %s %s KEY=VALUE   # what its selector wants; in the chart: monitor.labels", m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name)
	return f
}

// refuses is why a Prometheus object does not take a monitor; empty if it does.
func (w *walk) refuses(p *prometheusObject, m *monitor) string {
	byLabel, bySpace := p.Spec.PodMonitorSelector, p.Spec.PodMonitorNamespaceSelector
	field := "podMonitorSelector"
	if m.Kind == serviceMonitor {
		byLabel, bySpace, field = p.Spec.ServiceMonitorSelector, p.Spec.ServiceMonitorNamespaceSelector, "serviceMonitorSelector"
	}
	if byLabel == nil {
		return field + " is not set, which takes none"
	}
	if missing := byLabel.misses(m.Metadata.Labels); len(missing) > 0 {
		return field + " wants " + join(missing)
	}
	space := strings.TrimSuffix(field, "Selector") + "NamespaceSelector"
	if bySpace == nil {
		if p.Metadata.Namespace != m.Metadata.Namespace {
			return space + " is not set, which takes those of " + p.Metadata.Namespace + " alone"
		}
		return ""
	}
	var n struct{ Metadata meta }
	if w.cluster.get(w.ctx, "/api/v1/namespaces/"+m.Metadata.Namespace, &n) != nil {
		return ""
	}
	if missing := bySpace.misses(n.Metadata.Labels); len(missing) > 0 {
		return space + " wants a namespace with " + join(missing)
	}
	return ""
}

// notYetScraped is a monitor that is right, and Prometheus does not scrape.
func (w *walk) notYetScraped(m *monitor) doctor.Link {
	pools, err := w.prometheus.pools(w.ctx)
	prefix := strings.ToLower(m.Kind[:1]) + m.Kind[1:] + "/" + m.Metadata.Namespace + "/" + m.Metadata.Name + "/"
	i := slices.IndexFunc(pools, func(pool string) bool { return strings.HasPrefix(pool, prefix) })
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
	f := found(codePrometheusRights, "Prometheus has the job of %s, and finds no pods for it", m)
	if err == nil {
		f = seen(f, "job", "%s", pools[i])
	}
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
