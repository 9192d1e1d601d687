package cluster

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operatorAPI is that of prometheus-operator. See
// https://prometheus-operator.dev/docs/api-reference/api/.
const operatorAPI = "/apis/monitoring.coreos.com/v1/"

// NginxSeries selects the series of requests and connections: a few of each pod.
const NginxSeries = `{__name__=~"nginx(plus)?_(http_requests|connections)_.+"}`

// PrometheusLookup is the result of looking for the Prometheus that the HPA depends
// on.
type PrometheusLookup struct {
	// Prometheus is the one; nil if there is none that can be used.
	Prometheus *Prometheus
	// Wrong is the address that the adapter or KEDA uses, if there is no Prometheus
	// at it.
	Wrong *WrongAddress
	// Failed is one that does not respond to a query, Err why.
	Failed *Prometheus
	Err    error
	// Several says that more than one responds, and none is known to be the one.
	Several bool
	// Hidden is why there may be others.
	Hidden error
	// Platform is an API group by which a platform with a Prometheus of its own is
	// known, if none was found.
	Platform string
}

// WrongAddress is an address at which there is no Prometheus, and one of the
// reasons.
type WrongAddress struct {
	Address  string
	Service  ServiceAddress // that it names; zero for any other address
	Missing  bool           // the Service does not exist
	Ports    []string       // of the Service, which has not that of the address
	Response error          // of another program, or of the host
	Loopback bool           // it leads to the pod of the adapter, which has no other container
}

// UsesPrometheus reports whether Prometheus is part of the path. KEDA may request
// the exporters themselves, and products like Datadog have metrics of their own.
func (o *Observation) UsesPrometheus() bool {
	if s := o.ScaledObject(); s != nil {
		return s.Trigger("prometheus") != nil
	}
	if o.Metric().Type != ExternalMetric {
		return true
	}
	api := o.ExternalAPI.Value()
	return api == nil || api.Spec.Service == nil || !IsForeign(api.Spec.Service.Name)
}

// Prometheus is the Prometheus that the HPA depends on; nil if there is none.
func (o *Observation) Prometheus() *Prometheus {
	if !o.UsesPrometheus() {
		return nil
	}
	return o.PrometheusLookup.Value().Prometheus
}

func (o *Observation) lookUpPrometheus() (PrometheusLookup, error) {
	if o.options.PrometheusURL != "" {
		if wrong := o.wrongTrigger(); wrong != nil {
			return PrometheusLookup{Wrong: wrong}, nil
		}
		return o.try(o.direct(o.ctx, o.options.PrometheusURL)), nil
	}
	address, namespace := o.consumedAddress()
	s, inside := ParseService(address, namespace)
	switch {
	case address == "":
	case isLoopback(address):
		if o.ScaledObject() == nil && o.Adapter.Value().isAlone() {
			return PrometheusLookup{Wrong: &WrongAddress{Address: address, Loopback: true}}, nil
		}
	case inside:
		return o.tryService(address, s), nil
	default:
		if l := o.try(o.direct(o.ctx, address)); l.Prometheus != nil {
			return l, nil
		}
	}
	return o.discoverPrometheus(), nil
}

// consumedAddress is where the adapter or KEDA expects Prometheus, and the
// namespace of host names without one.
func (o *Observation) consumedAddress() (address, namespace string) {
	if s := o.ScaledObject(); s != nil {
		if t := s.Trigger("prometheus"); t != nil {
			address = t.Metadata["serverAddress"]
		}
		return address, ""
	}
	a := o.Adapter.Value()
	return a.PrometheusURL(), a.Namespace
}

// wrongTrigger is the address in KEDA's trigger if it is wrong. That the user gives
// another address must not hide it. Without .svc the name may be one outside of the
// cluster.
func (o *Observation) wrongTrigger() *WrongAddress {
	if o.ScaledObject() == nil {
		return nil
	}
	address, _ := o.consumedAddress()
	s, inside := ParseService(address, o.Namespace.Value())
	if !inside || !strings.Contains(address, ".svc") {
		return nil
	}
	return o.wrongService(address, s)
}

// WrongAdapterAddress is the address that the adapter uses, if it is known to be
// wrong.
func (o *Observation) WrongAdapterAddress() *WrongAddress {
	a := o.Adapter.Value()
	address := a.PrometheusURL()
	if isLoopback(address) {
		return nil
	}
	if s, inside := ParseService(address, a.Namespace); inside {
		return o.wrongService(address, s)
	}
	if err := o.rejects(address); err != nil {
		return &WrongAddress{Address: address, Response: err}
	}
	return nil
}

// wrongService is an address of a Service that does not exist or lacks the port.
func (o *Observation) wrongService(address string, s ServiceAddress) *WrongAddress {
	service, err := o.Service(s.Namespace, s.Name)
	switch {
	case ReasonOf(err) == NotFound:
		return &WrongAddress{Address: address, Service: s, Missing: true}
	case err == nil && service.Spec.Type != "ExternalName" && !service.HasPort(s.Port):
		return &WrongAddress{Address: address, Service: s, Ports: service.Ports()}
	}
	return nil
}

// rejects requests an IP address from here: the error is nil unless there is
// clearly no Prometheus. A timeout tells nothing of other clients.
func (o *Observation) rejects(address string) error {
	u, err := url.Parse(address)
	if err != nil || net.ParseIP(u.Hostname()) == nil {
		return nil
	}
	const patience = 3 * time.Second
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	_, err = o.direct(ctx, address).Query("vector(1)")
	switch ReasonOf(err) {
	case NotPrometheus:
		return err
	case Down, Unreachable:
		if text := err.Error(); strings.Contains(text, "refused") || strings.Contains(text, "HTTP response to HTTPS client") {
			return err
		}
	}
	return nil
}

// try takes a Prometheus if it responds to a query.
func (o *Observation) try(p *Prometheus) PrometheusLookup {
	samples, err := p.Query("vector(1)")
	if err != nil {
		return PrometheusLookup{Failed: p, Err: err}
	}
	if len(samples) == 1 {
		o.syncClock(samples[0].At)
	}
	return PrometheusLookup{Prometheus: p}
}

// tryService takes the Prometheus behind the Service that the adapter or KEDA uses.
func (o *Observation) tryService(address string, s ServiceAddress) PrometheusLookup {
	service, err := o.Service(s.Namespace, s.Name)
	switch {
	case ReasonOf(err) == NotFound:
		// A host of two words may also be one outside of the cluster.
		if l := o.try(o.direct(o.ctx, address)); l.Prometheus != nil {
			return l
		}
		return PrometheusLookup{Wrong: &WrongAddress{Address: address, Service: s, Missing: true}}
	case service.Spec.Type == "ExternalName":
		u, _ := url.Parse(address) // it was parsed before
		u.Host = net.JoinHostPort(service.Spec.ExternalName, s.Port)
		if l := o.try(o.direct(o.ctx, u.String())); l.Prometheus != nil {
			return l
		}
		return o.discoverPrometheus()
	case !service.HasPort(s.Port):
		return PrometheusLookup{Wrong: &WrongAddress{Address: address, Service: s, Ports: service.Ports()}}
	}
	l := o.try(o.behind(s))
	if ReasonOf(l.Err) == NotPrometheus {
		return PrometheusLookup{Wrong: &WrongAddress{Address: address, Service: s, Response: l.Err}}
	}
	return l
}

// PrometheusServices are Services that may lead to a Prometheus, and why there may
// be more.
type PrometheusServices struct {
	Addresses []ServiceAddress
	Hidden    error
}

// readPrometheusServices lists the Services of Prometheus objects, and those with
// the label of Prometheus.
func (o *Observation) readPrometheusServices() (all PrometheusServices, _ error) {
	objects, err := readList[PrometheusObject](o, operatorAPI+"prometheuses")
	if isUnknown(err) {
		all.Hidden = err
	}
	for i := range objects {
		p := &objects[i]
		s := ServiceAddress{"http", "prometheus-operated", p.Metadata.Namespace, "9090", strings.TrimSuffix(p.Spec.RoutePrefix, "/")}
		if len(p.Spec.Web.TLSConfig) > 0 {
			s.Scheme = "https"
		}
		if !slices.Contains(all.Addresses, s) {
			all.Addresses = append(all.Addresses, s)
		}
	}
	services, err := readList[Service](o, "/api/v1/services"+selectorQuery("app.kubernetes.io/name=prometheus"))
	if isUnknown(err) {
		all.Hidden = err
	}
	for i := range services {
		s := &services[i]
		known := slices.ContainsFunc(all.Addresses, func(a ServiceAddress) bool { return a.Namespace == s.Metadata.Namespace })
		if len(s.Spec.Ports) > 0 && !known {
			all.Addresses = append(all.Addresses, ServiceAddress{"http", s.Metadata.Name, s.Metadata.Namespace, strconv.Itoa(s.Spec.Ports[0].Port), ""})
		}
	}
	return all, nil
}

// discoverPrometheus takes the only Prometheus that responds, or the only one that
// has series of nginx in the namespace.
func (o *Observation) discoverPrometheus() PrometheusLookup {
	services := o.PrometheusServices.Value()
	var responding, knowing []*Prometheus
	var last PrometheusLookup
	for _, s := range services.Addresses {
		l := o.try(o.behind(s))
		if l.Prometheus == nil {
			last = l
			continue
		}
		responding = append(responding, l.Prometheus)
		if samples, err := l.Prometheus.Query(strings.TrimSuffix(NginxSeries, "}") + `,namespace="` + o.Namespace.Value() + `"}`); err == nil && len(samples) > 0 {
			knowing = append(knowing, l.Prometheus)
		}
	}
	switch {
	case len(responding) == 1:
		return PrometheusLookup{Prometheus: responding[0]}
	case len(knowing) == 1:
		return PrometheusLookup{Prometheus: knowing[0]}
	case len(responding) > 1:
		return PrometheusLookup{Several: true}
	}
	last.Hidden = services.Hidden
	if last.Failed != nil || last.Hidden == nil {
		last.Platform = o.platform()
	}
	return last
}

// API groups by which platforms are known that hide their Prometheus.
const (
	GooglePlatform    = "monitoring.googleapis.com"
	AzurePlatform     = "azmonitoring.coreos.com"
	OpenShiftPlatform = "config.openshift.io"
)

func (o *Observation) platform() string {
	known, err := read[struct{ Groups []struct{ Name string } }](o, "/apis")
	if err != nil {
		return ""
	}
	for _, g := range known.Groups {
		switch g.Name {
		case GooglePlatform, AzurePlatform, OpenShiftPlatform:
			return g.Name
		}
	}
	return ""
}
