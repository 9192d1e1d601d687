package hpa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor"
)

// judged is what stands between a monitor and the pods.
type judged struct {
	monitor  *monitor
	selector *doctor.Finding // its selector misses them, or their Service
	space    *doctor.Finding // it looks into other namespaces
	port     *doctor.Finding // it names a port that they do not have
	ignored  *doctor.Finding // no Prometheus takes it
	kin      bool            // its name says that it is for these pods
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
	if j.kin {
		n++
	}
	if j.kin && j.space == nil { // others have an nginx, too
		n++
	}
	return n
}

// isKin tells whether a monitor is called after nginx, or after the workload.
func (w *walk) isKin(name string) bool {
	target := w.target.Metadata.Name
	return strings.Contains(name, "nginx") || name == target || strings.HasPrefix(name, target+"-")
}

// judge compares a monitor with the first pod that has an exporter.
func (w *walk) judge(m *monitor, services []service) judged {
	j := judged{monitor: m, kin: w.isKin(m.Metadata.Name)}
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
	labels := w.exporters[0].pod.Metadata.Labels
	var both, leading, picked []service // leading: to the pods
	for _, s := range services {
		leads := len(s.Spec.Selector) > 0 && labelsMatch(s.Spec.Selector, labels)
		picks := m.Spec.Selector.matches(s.Metadata.Labels)
		switch {
		case leads && picks:
			both = append(both, s)
		case leads && w.hasExporter(m, &s):
			leading = append(leading, s)
		case picks && !leads:
			picked = append(picked, s)
		}
	}
	// One of several Services with the same labels is enough.
	for i := range both {
		if port = w.judgePort(m, &both[i]); port == nil {
			break
		}
	}
	switch {
	case len(both) > 0:
		return nil, port
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

// hasExporter tells whether a Service has a port for the exporter. One for the
// application alone is not the one that is meant, unless the monitor goes by
// ports of pods.
func (w *walk) hasExporter(m *monitor, s *service) bool {
	e := &w.exporters[0]
	return slices.ContainsFunc(m.endpoints(), func(p endpoint) bool { return p.TargetPort != nil }) ||
		slices.ContainsFunc(s.Spec.Ports, func(p servicePort) bool {
			to := fmt.Sprint(p.TargetPort)
			return to == strconv.Itoa(e.port) || to == e.portName && e.portName != "" || p.TargetPort == nil && p.Port == e.port
		})
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
	var objects, agents list[prometheusObject]
	if err := w.cluster.get(w.ctx, operatorAPI+"prometheuses", &objects); err != nil {
		return nil
	}
	const agentAPI = "/apis/monitoring.coreos.com/v1alpha1/prometheusagents"
	if len(objects.Items) == 0 && w.cluster.get(w.ctx, agentAPI, &agents) == nil {
		objects = agents
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
