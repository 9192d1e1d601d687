package hpa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// candidate is a monitor, and why it does not have the pods scraped. Each finding is nil if
// that part is right.
type candidate struct {
	monitor   *cluster.Monitor
	selector  *finding // it does not select the pods, or their Service
	namespace *finding // it does not select their namespace
	port      *finding // it does not have the port of the exporter
	ignored   *finding // no Prometheus uses it
	named     bool     // after nginx or the workload
}

// mismatch is what to fix first; nil if the monitor matches.
func (c *candidate) mismatch() *finding {
	for _, f := range []*finding{c.selector, c.namespace, c.port, c.ignored} {
		if f != nil {
			return f
		}
	}
	return nil
}

// score tells how likely the monitor is meant for the pods: usually only one part of such
// a monitor is wrong.
func (c *candidate) score() int {
	n := 0
	if c.selector == nil {
		n += 3
	}
	for _, f := range []*finding{c.namespace, c.port} {
		if f == nil {
			n++
		}
	}
	if c.named {
		n++
		if c.namespace == nil { // other namespaces may have an nginx, too
			n++
		}
	}
	return n
}

// monitorCandidates compares all monitors with the pods, the most likely first.
func (d *diagnosis) monitorCandidates() []candidate {
	if d.candidates == nil {
		for _, m := range d.Monitors.Value().All {
			d.candidates = append(d.candidates, d.compare(&m))
		}
		slices.SortStableFunc(d.candidates, func(a, b candidate) int { return b.score() - a.score() })
	}
	return d.candidates
}

// monitorMismatch reports what is wrong with the monitor that is meant for the pods. One
// that scrapes other pods, or another port of these, is meant for those.
func monitorMismatch(d *diagnosis) *finding {
	const enough = 3
	all := d.monitorCandidates()
	i := slices.IndexFunc(all, func(c candidate) bool { return c.score() >= enough && !d.servesOthers(c.monitor) })
	if i < 0 {
		return nil
	}
	f := all[i].mismatch()
	if d.Targets.Err() != nil && all[i].ignored != f {
		return f.as(unknown) // it may work for other pods
	}
	return f
}

// servesOthers reports whether a monitor works for other pods or ports.
func (d *diagnosis) servesOthers(m *cluster.Monitor) bool {
	targets := d.Targets.Value()
	for job := range targets.OtherJobs {
		if m.IsJob(job) {
			return true
		}
	}
	return slices.ContainsFunc(targets.OtherPorts, func(t cluster.Target) bool { return t.Health == "up" && m.IsJob(t.ScrapePool) })
}

// compare compares a monitor with the first pod that has an exporter.
func (d *diagnosis) compare(m *cluster.Monitor) candidate {
	name, target := m.Metadata.Name, d.Target.Value().Metadata.Name
	c := candidate{
		monitor: m, named: strings.Contains(name, "nginx") || name == target || strings.HasPrefix(name, target+"-"),
		namespace: d.namespaceMismatch(m), ignored: d.monitorIgnored(m),
	}
	if m.Kind == cluster.PodMonitor {
		c.selector, c.port = d.podSelectorMismatch(m), d.portMismatch(m, nil)
	} else {
		c.selector, c.port = d.serviceMismatch(m)
	}
	return c
}

const noMonitor = "no monitor matches the pods"

// fixMonitor adds how to edit a monitor; path says which field.
func fixMonitor(f *finding, m *cluster.Monitor, path string) *finding {
	return f.fix("kubectl -n %s edit %s %s   # %s", m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name, path)
}

func (d *diagnosis) podSelectorMismatch(m *cluster.Monitor) *finding {
	pod := d.exporter().Pod
	unmet := m.Spec.Selector.Unmet(pod.Metadata.Labels)
	if len(unmet) == 0 {
		return nil
	}
	f := failed(noMonitor, "%s does not select the pods.", m).as("monitor-selector").evidence("its selector", cluster.Join(unmet)).
		evidence("labels of "+pod.Metadata.Name, cluster.FormatLabels(pod.Metadata.Labels))
	return fixMonitor(f, m, "spec.selector.matchLabels")
}

// serviceMismatch compares a ServiceMonitor with the Services of the namespace.
func (d *diagnosis) serviceMismatch(m *cluster.Monitor) (selector, port *finding) {
	labels := d.exporter().Pod.Metadata.Labels
	// Services that the monitor selects and that select the pods, and those with only one
	// of these.
	var both, ofPods, ofMonitor []*cluster.Service
	for _, s := range d.Monitors.Value().Services {
		selectsPods := s.Selects(labels)
		selected := m.Spec.Selector.Matches(s.Metadata.Labels)
		switch {
		case selectsPods && selected:
			both = append(both, &s)
		case selectsPods && d.hasExporterPort(m, &s):
			ofPods = append(ofPods, &s)
		case selected && !selectsPods:
			ofMonitor = append(ofMonitor, &s)
		}
	}
	// One of several Services with the same labels is enough.
	for _, s := range both {
		if port = d.portMismatch(m, s); port == nil {
			break
		}
	}
	switch {
	case len(both) > 0:
		return nil, port
	case len(ofPods) > 0:
		s := ofPods[0]
		f := failed(noMonitor, "%s does not select Service %s of the pods: it selects by labels of Services, not of pods.", m, s.Metadata.Name).as("monitor-selector").
			evidence("its selector", cluster.Join(m.Spec.Selector.Unmet(s.Metadata.Labels))).
			evidence("labels of Service "+s.Metadata.Name, cluster.FormatLabels(s.Metadata.Labels))
		return fixMonitor(f, m, "spec.selector.matchLabels"), d.portMismatch(m, s)
	case len(ofMonitor) > 0:
		s := ofMonitor[0]
		return failed(noMonitor, "%s selects Service %s, which does not select the pods.", m, s.Metadata.Name).as("monitor-service-selector").
			evidence("selector of Service "+s.Metadata.Name, cluster.FormatLabels(s.Spec.Selector)).
			evidence("labels of the pods", cluster.FormatLabels(labels)).
			fix("kubectl -n %s edit service %s   # spec.selector", d.namespace(), s.Metadata.Name), nil
	}
	f := failed(noMonitor, "%s requires a Service that selects the pods, and there is none.", m).as("monitor-service-missing").
		evidence("its selector", &m.Spec.Selector).
		fix("use a PodMonitor, which needs no Service, or create the Service")
	return f, f
}

// hasExporterPort reports whether a Service has a port for the exporter. If not, it is not
// the one that is meant, unless the monitor names ports of pods.
func (d *diagnosis) hasExporterPort(m *cluster.Monitor, s *cluster.Service) bool {
	e := d.exporter()
	return slices.ContainsFunc(m.All(), func(p cluster.Endpoint) bool { return p.TargetPort != nil }) ||
		slices.ContainsFunc(s.Spec.Ports, func(p cluster.ServicePort) bool { return leadsTo(&p, e) })
}

// isPort reports whether the number or name of a port is that of an exporter.
func isPort(port any, e *cluster.Exporter) bool {
	text := fmt.Sprint(port)
	return text == strconv.Itoa(e.Port) || e.PortName != "" && text == e.PortName
}

// leadsTo reports whether a port of a Service leads to an exporter.
func leadsTo(p *cluster.ServicePort, e *cluster.Exporter) bool {
	return isPort(p.TargetPort, e) || p.TargetPort == nil && p.Port == e.Port
}

// portMismatch reports a monitor without an endpoint for the exporter; the Service is that
// of a ServiceMonitor, else nil.
func (d *diagnosis) portMismatch(m *cluster.Monitor, s *cluster.Service) *finding {
	e := d.exporter()
	var wanted []string
	for _, p := range m.All() {
		wanted = append(wanted, p.String())
		if scrapesExporter(&p, e, s) {
			return nil
		}
	}
	f := failed(noMonitor, "%s does not scrape the port of the exporter.", m).as("monitor-port").
		evidence("its endpoints", names(wanted)).
		evidencef("container "+e.Container, "port %d, name %q", e.Port, e.PortName)
	if s == nil {
		return fixMonitor(f, m, fmt.Sprintf("portNumber: %d of the endpoint, instead of port", e.Port))
	}
	var ports []string
	for _, p := range s.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%s %d to %v", p.Name, p.Port, p.TargetPort))
	}
	f.evidence("ports of Service "+s.Metadata.Name, names(ports))
	return fixMonitor(f, m, "port of the endpoint: the name of a port of the Service")
}

// scrapesExporter reports whether an endpoint of a monitor leads to the exporter's port.
func scrapesExporter(p *cluster.Endpoint, e *cluster.Exporter, s *cluster.Service) bool {
	switch {
	case s != nil && p.Port != "":
		return slices.ContainsFunc(s.Spec.Ports, func(sp cluster.ServicePort) bool { return sp.Name == p.Port && leadsTo(&sp, e) })
	case p.Port != "":
		return p.Port == e.PortName
	}
	return p.PortNumber == e.Port || p.TargetPort != nil && isPort(p.TargetPort, e)
}

// namespaceMismatch reports a monitor for other namespaces.
func (d *diagnosis) namespaceMismatch(m *cluster.Monitor) *finding {
	if m.SelectsNamespace(d.namespace()) {
		return nil
	}
	selected := "its own, " + m.Metadata.Namespace
	if all := m.Spec.NamespaceSelector.MatchNames; len(all) > 0 {
		selected = names(all)
	}
	return failed(noMonitor, "%s does not select namespace %s.", m, d.namespace()).as("monitor-namespace").evidence("its namespaces", selected).
		fix(`kubectl -n %s patch %s %s --type merge -p '{"spec":{"namespaceSelector":{"matchNames":["%s"]}}}'`,
			m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name, d.namespace())
}

// monitorIgnored reports a monitor that no Prometheus object selects.
func (d *diagnosis) monitorIgnored(m *cluster.Monitor) *finding {
	objects, err := d.PrometheusObjects.Get()
	if err != nil {
		return nil
	}
	f := failed(noMonitor, "No Prometheus selects %s.", m).as("monitor-ignored")
	for _, p := range objects {
		why := d.whyIgnored(&p, m)
		if why == "" {
			return nil
		}
		f.evidence("Prometheus "+p.Metadata.Namespace+"/"+p.Metadata.Name, why)
	}
	if len(objects) == 0 {
		return f.evidence("Prometheus objects", "none").fix("create a Prometheus object, or install kube-prometheus-stack")
	}
	return f.evidence("labels of the monitor", cluster.FormatLabels(m.Metadata.Labels)).
		fix("kubectl -n %s label %s %s KEY=VALUE   # as the selector requires; in the chart: monitor.labels", m.Metadata.Namespace, strings.ToLower(m.Kind), m.Metadata.Name)
}

// whyIgnored is why a Prometheus object does not select a monitor; empty if it does.
func (d *diagnosis) whyIgnored(p *cluster.PrometheusObject, m *cluster.Monitor) string {
	selector, namespaces, field := p.Spec.PodMonitorSelector, p.Spec.PodMonitorNamespaceSelector, "podMonitor"
	if m.Kind == cluster.ServiceMonitor {
		selector, namespaces, field = p.Spec.ServiceMonitorSelector, p.Spec.ServiceMonitorNamespaceSelector, "serviceMonitor"
	}
	if selector == nil {
		return field + "Selector is not set, so it selects none"
	}
	if unmet := selector.Unmet(m.Metadata.Labels); len(unmet) > 0 {
		return field + "Selector requires " + cluster.Join(unmet)
	}
	if namespaces == nil {
		if p.Metadata.Namespace != m.Metadata.Namespace {
			return field + "NamespaceSelector is not set, so it selects only namespace " + p.Metadata.Namespace
		}
		return ""
	}
	labels, err := d.NamespaceLabels(m.Metadata.Namespace)
	if unmet := namespaces.Unmet(labels); err == nil && len(unmet) > 0 {
		return field + "NamespaceSelector requires a namespace with " + cluster.Join(unmet)
	}
	return ""
}

// lacksOperator reports whether prometheus-operator is not installed.
func lacksOperator(d *diagnosis) bool {
	all, err := d.Monitors.Get()
	return cluster.ReasonOf(err) == cluster.NotFound && len(all.All) == 0 && all.Hidden == nil
}

func monitorsUnreadable(d *diagnosis) *finding {
	all, err := d.Monitors.Get()
	if cluster.ReasonOf(err) == cluster.NotFound && all.Hidden != nil {
		err = all.Hidden
	}
	return unobserved("monitors", err)
}

func monitorsHidden(d *diagnosis) *finding {
	return unobserved("monitors in other namespaces", d.Monitors.Value().Hidden)
}

func monitorMissing(d *diagnosis) *finding {
	var known []string
	for _, m := range d.Monitors.Value().All {
		known = append(known, m.String())
	}
	f := failed(noMonitor, "There is no PodMonitor or ServiceMonitor for the pods of %s.", d.targetRef()).
		evidence("labels of the pods", cluster.FormatLabels(d.Pods.Value().Live[0].Metadata.Labels))
	return withOtherPorts(d, f, "another port is scraped").
		evidence("monitors in the cluster", names(known)).
		fix("create one: helm install with the chart, or see examples/kubernetes; a PodMonitor needs no Service")
}
