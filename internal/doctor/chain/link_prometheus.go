package chain

import (
	"context"
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
func (w *walk) lookPrometheus() doctor.Link {
	if w.byKEDAalone() {
		return nothing()
	}
	if w.options.PrometheusURL != "" {
		return w.use(w.options.direct(w.options.PrometheusURL))
	}
	if address := w.consumerURL(); address != "" {
		if s, inside := serviceOf(address, w.adapter.namespace); inside {
			return w.useService(address, s)
		}
		if l := w.use(w.options.direct(address)); l.State == doctor.OK {
			return l
		}
	}
	return w.discover()
}

// consumerURL is where those look that make a metric of the series.
func (w *walk) consumerURL() string {
	if w.scaled != nil {
		return w.triggers("prometheus")[0].Metadata["serverAddress"]
	}
	return w.readAdapter().prometheusURL()
}

// use takes a Prometheus if it answers.
func (w *walk) use(p *prometheus) doctor.Link {
	_, err := p.query(w.ctx, "vector(1)")
	switch {
	case reasonOf(err) == forbidden:
		return sightless("may not be asked", mend(unseen(err),
			"or give its address as seen from here with --prometheus.url, after kubectl port-forward"))
	case isBlind(err):
		return blind("Prometheus", err)
	case reasonOf(err) == promLogin:
		f := seen(found(codePrometheusLogin, "Prometheus at %s wants a login, which the doctor does not have", p.name), "it says", "%s", err)
		return sightless("wants a login", mend(f, "kubectl port-forward behind its proxy, and --prometheus.url=http://127.0.0.1:9090"))
	case reasonOf(err) == promStrange:
		f := seen(found(codePrometheusStrange, "what answers at %s is no Prometheus", p.name), "it says", "%s", err)
		return broken("is something else", mend(f, "look at the address, and its path: /api/v1/query must be right below it"))
	case err != nil:
		f := seen(found(codePrometheusDown, "Prometheus at %s does not answer", p.name), "it says", "%s", err)
		return broken("does not answer", mend(f, "look at its pods and their logs; without it no figures reach the HPA"))
	}
	w.prometheus = p
	return fine("answers at %s", p.name)
}

// useService takes a Service that the adapter or KEDA names.
func (w *walk) useService(address string, s serviceAddress) doctor.Link {
	var there service
	err := w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there)
	if reasonOf(err) == notFound {
		f := seen(w.wrongURL(address), "missing", "there is no Service %s in %s", s.name, s.namespace)
		for _, other := range w.candidates() {
			f = seen(f, "there is", "%s", other)
		}
		return broken("is looked for where nobody is", f)
	}
	return w.use(w.cluster.behind(s))
}

// wrongURL is an adapter, or KEDA, that asks where no Prometheus is.
func (w *walk) wrongURL(address string) *doctor.Finding {
	if w.scaled != nil {
		return mend(found(codePrometheusURL, "the trigger of ScaledObject %s asks %s, where no Prometheus is", w.scaled.Metadata.Name, withoutLogin(address)),
			"set serverAddress of the trigger")
	}
	a := w.readAdapter()
	f := found(codePrometheusURL, "the adapter asks %s, where it finds no Prometheus", withoutLogin(address))
	return mend(f, "set --prometheus-url in the arguments of Deployment %s in %s; with the adapter's own chart it is prometheus.url and prometheus.port",
		a.workload.Metadata.Name, a.namespace)
}

// candidates are Services that look like a Prometheus.
func (w *walk) candidates() []string {
	var all []string
	for _, s := range w.prometheusServices() {
		all = append(all, s.String())
	}
	return all
}

// prometheusServices lists the Services of Prometheus objects, and those that
// have Prometheus' label.
func (w *walk) prometheusServices() []serviceAddress {
	var all []serviceAddress
	var objects list[prometheusObject]
	if w.cluster.get(w.ctx, operatorAPI+"prometheuses", &objects) == nil {
		for i := range objects.Items {
			s := serviceAddress{"http", "prometheus-operated", objects.Items[i].Metadata.Namespace, "9090", strings.TrimSuffix(objects.Items[i].Spec.RoutePrefix, "/")}
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	var services list[service]
	path := "/api/v1/services" + selectorQuery("app.kubernetes.io/name=prometheus")
	if w.cluster.get(w.ctx, path, &services) != nil {
		return all
	}
	for i := range services.Items {
		s := &services.Items[i]
		known := slices.ContainsFunc(all, func(a serviceAddress) bool { return a.namespace == s.Metadata.Namespace })
		if len(s.Spec.Ports) > 0 && !known {
			all = append(all, serviceAddress{"http", s.Metadata.Name, s.Metadata.Namespace, strconv.Itoa(s.Spec.Ports[0].Port), ""})
		}
	}
	return all
}

// discover takes the only Prometheus that there is, or the only one that knows
// these pods.
func (w *walk) discover() doctor.Link {
	all := w.prometheusServices()
	var answering, knowing []*prometheus
	var last doctor.Link
	for _, s := range all {
		last = w.use(w.cluster.behind(s))
		if last.State != doctor.OK {
			continue
		}
		answering = append(answering, w.prometheus)
		if samples, err := w.prometheus.query(w.ctx, ourSeries+" and on (namespace) "+`{namespace="`+w.namespace+`"}`); err == nil && len(samples) > 0 {
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
		return sightless("is there more than once", mend(f, "say which with --prometheus.url"))
	case len(all) > 0 && w.platform() == "":
		return last
	default:
		return w.noPrometheus()
	}
	return fine("answers at %s", w.prometheus.name)
}

// noPrometheus names what is there in its place.
func (w *walk) noPrometheus() doctor.Link {
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
	if reasonOf(err) == promDown && strings.Contains(err.Error(), "refused") || reasonOf(err) == promStrange {
		return false, err.Error()
	}
	return true, ""
}
