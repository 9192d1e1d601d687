package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kinds of monitors.
const (
	PodMonitor     = "PodMonitor"
	ServiceMonitor = "ServiceMonitor"
)

// Monitor is a PodMonitor or a ServiceMonitor of prometheus-operator.
type Monitor struct {
	Kind     string `json:"-"`
	Metadata Meta
	Spec     struct {
		Selector          Selector
		NamespaceSelector struct {
			Any        bool
			MatchNames []string
		}
		PodMetricsEndpoints, Endpoints []Endpoint
	}
}

// String is KIND NAMESPACE/NAME.
func (m *Monitor) String() string { return m.Kind + " " + m.Metadata.Namespace + "/" + m.Metadata.Name }

// All lists the endpoints of the monitor.
func (m *Monitor) All() []Endpoint {
	if m.Kind == PodMonitor {
		return m.Spec.PodMetricsEndpoints
	}
	return m.Spec.Endpoints
}

// SelectsNamespace reports whether the monitor selects a namespace: without a selector, only
// its own.
func (m *Monitor) SelectsNamespace(name string) bool {
	s := &m.Spec.NamespaceSelector
	return s.Any || slices.Contains(s.MatchNames, name) || len(s.MatchNames) == 0 && m.Metadata.Namespace == name
}

// IsJob reports whether a scrape job is that of the monitor.
func (m *Monitor) IsJob(job string) bool {
	return strings.HasPrefix(job, strings.ToLower(m.Kind[:1])+m.Kind[1:]+"/"+m.Metadata.Namespace+"/"+m.Metadata.Name+"/")
}

// Endpoint is a port that a monitor scrapes.
type Endpoint struct {
	Port       string
	PortNumber int
	TargetPort any // a number, a name or nil
}

// String is the port as the monitor names it.
func (p *Endpoint) String() string {
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

// PrometheusObject is a Prometheus or a PrometheusAgent of prometheus-operator.
type PrometheusObject struct {
	Metadata Meta
	Spec     struct {
		PodMonitorSelector, PodMonitorNamespaceSelector         *Selector
		ServiceMonitorSelector, ServiceMonitorNamespaceSelector *Selector
		RoutePrefix, ScrapeInterval                             string
		Web                                                     struct{ TLSConfig map[string]any }
	}
}

// At is the URL of a Service of the Prometheus.
func (p *PrometheusObject) At(service string) ServiceAddress {
	scheme := "http"
	if len(p.Spec.Web.TLSConfig) > 0 {
		scheme = "https"
	}
	return ServiceAddress{scheme, service, p.Metadata.Namespace, "9090", strings.TrimSuffix(p.Spec.RoutePrefix, "/")}
}

// Monitors are the monitors of the cluster, and the Services of the namespace.
type Monitors struct {
	All      []Monitor
	Services []Service
	Hidden   error // why those of other namespaces could not be listed
}

func (o *Observation) readMonitors() (m Monitors, _ error) {
	var missing, unknown error // a kind is not installed; or may exist
	kinds := 0
	for _, k := range []struct{ kind, plural string }{{PodMonitor, "podmonitors"}, {ServiceMonitor, "servicemonitors"}} {
		some, err := readList[Monitor](o, operatorAPI+k.plural)
		if ReasonOf(err) == Forbidden {
			m.Hidden = err
			some, err = readList[Monitor](o, operatorAPI+"namespaces/"+o.Namespace.Value()+"/"+k.plural)
		}
		switch {
		case isUnknown(err):
			unknown = err
		case err != nil:
			missing = err
		default:
			kinds++
		}
		for i := range some {
			some[i].Kind = k.kind
		}
		m.All = append(m.All, some...)
	}
	if unknown != nil || kinds == 0 {
		m.All = nil
		return m, cmp.Or(unknown, missing)
	}
	var err error
	if m.Services, err = readList[Service](o, o.corePath("services")); ReasonOf(err) == NotFound {
		err = &Error{"", err.Error()} // Services always exist; without them, nothing is known
	}
	return m, err
}

// readPrometheusObjects lists the Prometheus objects, or else the agents.
func (o *Observation) readPrometheusObjects() ([]PrometheusObject, error) {
	objects, err := readList[PrometheusObject](o, operatorAPI+"prometheuses")
	if err != nil || len(objects) > 0 {
		return objects, err
	}
	agents, err := readList[PrometheusObject](o, "/apis/monitoring.coreos.com/v1alpha1/prometheusagents")
	if err != nil {
		return nil, nil // most clusters do not have this kind
	}
	return agents, nil
}

// NamespaceLabels are the labels of a namespace.
func (o *Observation) NamespaceLabels(name string) (map[string]string, error) {
	namespace, err := read[struct{ Metadata Meta }](o, "/api/v1/namespaces/"+name)
	return namespace.Metadata.Labels, err
}
