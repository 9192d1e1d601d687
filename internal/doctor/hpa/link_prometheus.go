package hpa

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// ourSeries are those of requests and connections: a few a pod, whatever else
// there is.
const ourSeries = `{__name__=~"nginx(plus)?_(http_requests|connections)_.+"}`

// operatorAPI is prometheus-operator's.
const operatorAPI = "/apis/monitoring.coreos.com/v1/"

// lookPrometheus finds the Prometheus that counts for this HPA.
func (w *walk) lookPrometheus() doctor.Step {
	if w.withoutPrometheus() {
		return nothing()
	}
	if w.options.PrometheusURL != "" {
		if f := w.triggerAddress(); f != nil {
			return broken("is looked for where nobody is", f)
		}
		return w.use(w.options.direct(w.options.PrometheusURL))
	}
	address := w.consumerURL()
	if address == "" {
		return w.discover()
	}
	s, inside := serviceOf(address, w.adapter.namespace)
	switch {
	case isLoopback(address):
		if spec := &w.adapter.podSpec; len(spec.Containers) == 1 && !spec.HostNetwork && w.scaled == nil {
			f := seen(w.wrongURL(address), "missing", "the pod of the adapter has no other container")
			return broken("is looked for where nobody is", w.othersThere(f))
		}
		return w.discover()
	case inside:
		return w.useService(address, s)
	}
	if l := w.use(w.options.direct(address)); l.State == doctor.OK {
		return l
	}
	return w.discover()
}

// triggerAddress is a trigger that asks where no Prometheus is, which another
// address for the doctor must not hide. Without .svc the name may be one of a
// network outside.
func (w *walk) triggerAddress() *doctor.Finding {
	if w.scaled == nil {
		return nil
	}
	address := w.consumerURL()
	s, inside := serviceOf(address, w.namespace)
	if !inside || !strings.Contains(address, ".svc") {
		return nil
	}
	return w.noServiceAt(address, s)
}

// isLoopback knows addresses of whoever uses them: a sidecar of the adapter that
// signs or logs in, most often, and nothing that is to be asked from here.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// consumerURL is where those look that make a metric of the series.
func (w *walk) consumerURL() string {
	if w.scaled != nil {
		t, _ := w.trigger("prometheus")
		return t.Metadata["serverAddress"]
	}
	return w.readAdapter().prometheusURL()
}

// use takes a Prometheus if it answers.
func (w *walk) use(p *prometheus) doctor.Step {
	samples, err := p.query(w.ctx, "vector(1)")
	switch {
	case reasonOf(err) == promAway:
		f := seen(found(codePrometheusAway, "Prometheus at %s cannot be asked from here, and may be well for others", p.name), "it says", "%s", err)
		return sightless("cannot be reached from here", mend(f, "kubectl port-forward to it, which takes another way, and --prometheus.url=http://127.0.0.1:9090"))
	case reasonOf(err) == promBadQuery:
		f := seen(found(codePrometheusStrange, "what answers at %s does not take the question vector(1)", p.name), "it says", "%s", err)
		return broken("is something else", mend(f, "look at the address: http or https, and the path, below which /api/v1/query must be"))
	case reasonOf(err) == forbidden:
		return sightless("may not be asked", mend(unseen(err),
			"or give its address as seen from here with --prometheus.url, after kubectl port-forward"))
	case isBlind(err):
		return blind("Prometheus", err)
	case reasonOf(err) == promLogin:
		f := seen(found(codePrometheusLogin, "Prometheus at %s wants a login, which the doctor does not have", p.name), "it says", "%s", err)
		f = mend(f, "kubectl port-forward to it, and give the login as NAME:PASSWORD@ before the host of --prometheus.url")
		return sightless("wants a login", mend(f, "or, if it is a proxy that wants it, kubectl port-forward behind that, and --prometheus.url=http://127.0.0.1:9090"))
	case reasonOf(err) == promStrange:
		f := seen(found(codePrometheusStrange, "what answers at %s is no Prometheus", p.name), "it says", "%s", err)
		return broken("is something else", mend(f, "look at the address, and its path: /api/v1/query must be right below it"))
	case err != nil:
		f := seen(found(codePrometheusDown, "Prometheus at %s does not answer", p.name), "it says", "%s", err)
		return broken("does not answer", mend(f, "look at its pods and their logs; without it no figures reach the HPA"))
	}
	w.prometheus = p
	if len(samples) == 1 {
		w.follow(samples[0].At)
	}
	return fine("answers at %s", p.name)
}

// useService takes a Service that the adapter or KEDA names.
func (w *walk) useService(address string, s serviceAddress) doctor.Step {
	var there service
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there)
	switch {
	case reasonOf(err) == notFound:
		// A host of two words may be one of a network as well.
		if l := w.use(w.options.direct(address)); l.State == doctor.OK {
			return l
		}
		f := seen(w.wrongURL(address), "missing", "there is no Service %s in %s", s.name, s.namespace)
		return broken("is looked for where nobody is", w.othersThere(f))
	case there.Spec.Type == "ExternalName":
		u, _ := url.Parse(address) // it was read before
		u.Host = net.JoinHostPort(there.Spec.ExternalName, s.port)
		if l := w.use(w.options.direct(u.String())); l.State == doctor.OK {
			return l
		}
		return w.discover()
	case !there.leadsFrom(s.port):
		f := seen(w.wrongURL(address), "ports of Service "+s.name, "%s", names(there.ports()))
		return broken("is looked for where nobody is", w.othersThere(f))
	}
	p := w.cluster.behind(s)
	if _, err := p.query(w.ctx, "vector(1)"); reasonOf(err) == promStrange {
		f := seen(w.wrongURL(address), "Service "+s.name, "%s", err)
		return broken("is looked for where something else is", mend(w.othersThere(f), "or it is the path that is wrong: /api/v1/query must be right below it"))
	}
	return w.use(p)
}

// othersThere adds where Prometheus is.
func (w *walk) othersThere(f *doctor.Finding) *doctor.Finding {
	for _, other := range w.candidates() {
		f = seen(f, "there is", "%s", other)
	}
	return f
}

// leadsFrom tells whether a Service has a port. One without an address of its
// own leads to every port of its pods, whatever it lists.
func (s *service) leadsFrom(port string) bool {
	return s.Spec.ClusterIP == "None" || len(s.Spec.Ports) == 0 ||
		slices.ContainsFunc(s.Spec.Ports, func(p servicePort) bool { return strconv.Itoa(p.Port) == port })
}

func (s *service) ports() []string {
	var all []string
	for _, p := range s.Spec.Ports {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %d", p.Name, p.Port)))
	}
	return all
}

// wrongURL is an adapter, or KEDA, that asks where no Prometheus is.
func (w *walk) wrongURL(address string) *doctor.Finding {
	if w.scaled != nil {
		return mend(found(codePrometheusURL, "the trigger of ScaledObject %s asks %s, where no Prometheus is", w.scaled.Metadata.Name, withoutLogin(address)),
			"kubectl -n %s edit scaledobject %s   # serverAddress of the trigger", w.namespace, w.scaled.Metadata.Name)
	}
	a := w.readAdapter()
	f := found(codePrometheusURL, "the adapter asks %s, where it finds no Prometheus", withoutLogin(address))
	return mend(f, "set --prometheus-url in the arguments of Deployment %s in %s; with the adapter's own chart it is prometheus.url and prometheus.port",
		a.workload.Metadata.Name, a.namespace)
}

// candidates are Services that look like a Prometheus.
func (w *walk) candidates() []string {
	var all []string
	services, _ := w.prometheusServices()
	for _, s := range services {
		all = append(all, s.String())
	}
	return all
}

// prometheusServices lists the Services of Prometheus objects, and those that
// have Prometheus' label; and why there may be more.
func (w *walk) prometheusServices() (all []serviceAddress, hidden error) {
	var objects list[prometheusObject]
	err := w.cluster.get(w.ctx, operatorAPI+"prometheuses", &objects)
	if unsaid(err) {
		hidden = err
	}
	for i := range objects.Items {
		o := &objects.Items[i]
		s := serviceAddress{"http", "prometheus-operated", o.Metadata.Namespace, "9090", strings.TrimSuffix(o.Spec.RoutePrefix, "/")}
		if len(o.Spec.Web.TLSConfig) > 0 {
			s.scheme = "https"
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	var services list[service]
	path := "/api/v1/services" + selectorQuery("app.kubernetes.io/name=prometheus")
	if err := w.cluster.get(w.ctx, path, &services); unsaid(err) {
		hidden = err
	}
	for i := range services.Items {
		s := &services.Items[i]
		known := slices.ContainsFunc(all, func(a serviceAddress) bool { return a.namespace == s.Metadata.Namespace })
		if len(s.Spec.Ports) > 0 && !known {
			all = append(all, serviceAddress{"http", s.Metadata.Name, s.Metadata.Namespace, strconv.Itoa(s.Spec.Ports[0].Port), ""})
		}
	}
	return all, hidden
}

// discover takes the only Prometheus that there is, or the only one that knows
// these pods.
func (w *walk) discover() doctor.Step {
	all, hidden := w.prometheusServices()
	var answering, knowing []*prometheus
	var last doctor.Step
	for _, s := range all {
		last = w.use(w.cluster.behind(s))
		if last.State != doctor.OK {
			continue
		}
		answering = append(answering, w.prometheus)
		if samples, err := w.prometheus.query(w.ctx, strings.TrimSuffix(ourSeries, "}")+`,namespace="`+w.namespace+`"}`); err == nil && len(samples) > 0 {
			knowing = append(knowing, w.prometheus)
		}
	}
	w.prometheus = nil
	switch {
	case len(answering) == 1:
		w.prometheus = answering[0]
	case len(knowing) == 1:
		w.prometheus = knowing[0]
	case len(answering) > 1:
		f := seen(found(codeSeveralPrometheus, "there are %d Prometheus, and nothing tells which one counts", len(answering)), "they are", "%s", names(w.candidates()))
		return sightless("is there more than once", mend(f, "kubectl port-forward to the one that counts, and --prometheus.url=http://127.0.0.1:9090"))
	case len(all) > 0 && !strings.Contains(w.platform(), "openshift"):
		return last // those of Google and Azure stand beside one of one's own
	case hidden != nil && len(all) == 0:
		l := blind("where Prometheus is", hidden)
		mend(&l.Findings[0], "or kubectl port-forward to it, and give its address: --prometheus.url=http://127.0.0.1:9090")
		return l
	default:
		return w.noPrometheus()
	}
	return fine("answers at %s", w.prometheus.name)
}

// noPrometheus names what is there in its place.
func (w *walk) noPrometheus() doctor.Step {
	f := found(codeNoPrometheus, "there is no Prometheus to be found")
	if group := w.platform(); group != "" {
		f = seen(found(codeManaged, "this is %s, which the doctor cannot ask", managedBy(group)), "API group", "%s", group)
	}
	f = mend(f, "kubectl port-forward to it, then give its address: --prometheus.url=http://127.0.0.1:9090")
	return sightless("cannot be found", f)
}

// platform is the API group by which a platform is known that hides its
// Prometheus; empty for any other.
func (w *walk) platform() string {
	var groups struct{ Groups []struct{ Name string } }
	if w.cluster.get(w.ctx, "/apis", &groups) != nil {
		return ""
	}
	for _, g := range groups.Groups {
		if managedBy(g.Name) != "" {
			return g.Name
		}
	}
	return ""
}

// managedBy is whose monitoring an API group belongs to, of those that hide
// their Prometheus.
func managedBy(group string) string {
	switch group {
	case "monitoring.googleapis.com":
		return "Google Cloud Managed Service for Prometheus"
	case "azmonitoring.coreos.com":
		return "Azure Monitor managed service for Prometheus"
	case "config.openshift.io":
		return "OpenShift, whose Prometheus wants a token"
	}
	return ""
}

// reachable asks an address that is no Service from here, as well as it goes:
// false only if somebody says no.
func (w *walk) reachable(address string) (bool, string) {
	u, err := url.Parse(address)
	if err != nil || net.ParseIP(u.Hostname()) == nil {
		return true, ""
	}
	const patience = 3 * time.Second
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	_, err = w.options.direct(address).query(ctx, "vector(1)")
	switch reason := reasonOf(err); {
	case reason == promStrange, (reason == promDown || reason == promAway) && isNo(err.Error()):
		return false, err.Error()
	}
	return true, ""
}

// isNo tells an answer that is no from a way that is closed: nobody listens there,
// or somebody who speaks no TLS.
func isNo(text string) bool {
	return strings.Contains(text, "refused") || strings.Contains(text, "HTTP response to HTTPS client")
}
