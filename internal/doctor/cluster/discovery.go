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

// operatorAPI is the API of prometheus-operator. See
// https://prometheus-operator.dev/docs/api-reference/api/.
const operatorAPI = "/apis/monitoring.coreos.com/v1/"

// OperatedService leads to all Prometheus objects of its namespace.
const OperatedService = "prometheus-operated"

// NginxSeries selects the series of requests and connections, of which each pod has
// only a few.
const NginxSeries = `{__name__=~"nginx(plus)?_(http_requests|connections)_.+"}`

// PrometheusLookup is the result of the search for the Prometheus on which the HPA
// depends.
type PrometheusLookup struct {
	// Prometheus is the one that was found and responds; nil if there is none.
	Prometheus *Prometheus
	// Wrong is the address that the adapter or KEDA uses, if there is no Prometheus.
	Wrong *WrongAddress
	// Failed is a Prometheus that does not respond to queries; Err is why.
	Failed *Prometheus
	Err    error
	// Several means that several respond, and it is unknown which of them is used.
	Several bool
	// Hidden is why not all could be found.
	Hidden error
	// Platform is the API group of a platform with its own Prometheus, if none was
	// found.
	Platform string
}

// WrongAddress is an address without a Prometheus, and one of the reasons.
type WrongAddress struct {
	Address  string
	Service  ServiceAddress // to which the address leads; zero for any other address
	Missing  bool           // the Service does not exist
	Ports    []string       // of the Service, which lacks the port of the address
	Response error          // from another program, or from the host
	Loopback bool           // there is nothing else in the pod of the adapter
}

// UsesPrometheus reports whether the HPA depends on Prometheus. KEDA may request the
// exporters directly, and products such as Datadog have their own metrics.
func (o *Observation) UsesPrometheus() bool {
	if s := o.ScaledObject(); s != nil {
		return s.Trigger("prometheus") != nil
	}
	if o.Metric().Type != ExternalMetric {
		return true
	}
	api := o.ExternalAPI.Value()
	return api == nil || !HasOwnMetrics(api.Spec.Service.Name)
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

// consumedAddress is the URL of Prometheus that the adapter or KEDA uses, and the
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

// wrongTrigger is the address in KEDA's trigger if it is wrong, even if the user gave
// another one. A host name without .svc may be outside of the cluster.
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

// WrongAdapterAddress is the address that the adapter uses if it is certainly wrong.
func (o *Observation) WrongAdapterAddress() *WrongAddress {
	a := o.Adapter.Value()
	address := a.PrometheusURL()
	if isLoopback(address) {
		return nil
	}
	if s, inside := ParseService(address, a.Namespace); inside {
		return o.wrongService(address, s)
	}
	if err := o.probe(address); err != nil {
		return &WrongAddress{Address: address, Response: err}
	}
	return nil
}

// wrongService reports an address whose Service does not exist or lacks the port; nil
// for any other.
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

// probe queries an IP address from here. It returns an error only if there certainly is
// no Prometheus: after a timeout, other clients may still reach one.
func (o *Observation) probe(address string) error {
	u, err := url.Parse(address)
	if err != nil || net.ParseIP(u.Hostname()) == nil {
		return nil
	}
	const timeout = 3 * time.Second
	ctx, cancel := context.WithTimeout(o.ctx, timeout)
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

// try queries a Prometheus, to find out whether it responds.
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

// tryService queries the Prometheus behind the Service that the adapter or KEDA uses.
func (o *Observation) tryService(address string, s ServiceAddress) PrometheusLookup {
	if service, _ := o.Service(s.Namespace, s.Name); service.Spec.Type == "ExternalName" {
		u, _ := url.Parse(address) // it was parsed before
		u.Host = net.JoinHostPort(service.Spec.ExternalName, s.Port)
		if l := o.try(o.direct(o.ctx, u.String())); l.Prometheus != nil {
			return l
		}
		return o.discoverPrometheus()
	}
	if wrong := o.wrongService(address, s); wrong != nil {
		if wrong.Missing { // or the host is outside of the cluster
			if l := o.try(o.direct(o.ctx, address)); l.Prometheus != nil {
				return l
			}
		}
		return PrometheusLookup{Wrong: wrong}
	}
	l := o.try(o.behind(s))
	if ReasonOf(l.Err) == NotPrometheus {
		return PrometheusLookup{Wrong: &WrongAddress{Address: address, Service: s, Response: l.Err}}
	}
	return l
}

// PrometheusServices are Services that may belong to a Prometheus.
type PrometheusServices struct {
	Addresses []ServiceAddress
	Hidden    error // why not all could be found
}

// readPrometheusServices lists the Services of Prometheus objects, and those with the
// recommended label for Prometheus.
func (o *Observation) readPrometheusServices() (all PrometheusServices, _ error) {
	objects, err := readList[PrometheusObject](o, operatorAPI+"prometheuses")
	if isUnknown(err) {
		all.Hidden = err
	}
	for _, p := range objects {
		s := p.At(OperatedService)
		if !slices.Contains(all.Addresses, s) {
			all.Addresses = append(all.Addresses, s)
		}
	}
	services, err := readList[Service](o, "/api/v1/services"+selectorQuery("app.kubernetes.io/name=prometheus"))
	if isUnknown(err) {
		all.Hidden = err
	}
	for _, s := range services {
		known := slices.ContainsFunc(all.Addresses, func(a ServiceAddress) bool { return a.Namespace == s.Metadata.Namespace })
		if len(s.Spec.Ports) > 0 && !known {
			all.Addresses = append(all.Addresses, ServiceAddress{"http", s.Metadata.Name, s.Metadata.Namespace, strconv.Itoa(s.Spec.Ports[0].Port), ""})
		}
	}
	return all, nil
}

// discoverPrometheus finds the only Prometheus that responds, or the only one that has
// series of nginx in the namespace.
func (o *Observation) discoverPrometheus() PrometheusLookup {
	services := o.PrometheusServices.Value()
	var responding, withSeries []*Prometheus
	var last PrometheusLookup
	for _, s := range services.Addresses {
		l := o.try(o.behind(s))
		if l.Prometheus == nil {
			last = l
			continue
		}
		responding = append(responding, l.Prometheus)
		if samples, err := l.Prometheus.Query(strings.TrimSuffix(NginxSeries, "}") + `,namespace="` + o.Namespace.Value() + `"}`); err == nil && len(samples) > 0 {
			withSeries = append(withSeries, l.Prometheus)
		}
	}
	switch {
	case len(responding) == 1:
		return PrometheusLookup{Prometheus: responding[0]}
	case len(withSeries) == 1:
		return PrometheusLookup{Prometheus: withSeries[0]}
	case len(responding) > 1:
		return PrometheusLookup{Several: true}
	}
	last.Hidden = services.Hidden
	if last.Failed != nil || last.Hidden == nil {
		last.Platform = o.platform()
	}
	return last
}

// API groups of platforms whose Prometheus cannot be queried.
const (
	GooglePlatform    = "monitoring.googleapis.com"
	AzurePlatform     = "azmonitoring.coreos.com"
	OpenShiftPlatform = "config.openshift.io"
)

func (o *Observation) platform() string {
	for _, g := range o.Groups.Value() {
		switch g {
		case GooglePlatform, AzurePlatform, OpenShiftPlatform:
			return g
		}
	}
	return ""
}

func (o *Observation) readGroups() ([]string, error) {
	known, err := read[struct{ Groups []struct{ Name string } }](o, "/apis")
	var names []string
	for _, g := range known.Groups {
		names = append(names, g.Name)
	}
	return names, err
}
