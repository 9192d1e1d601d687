package chain

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/internal/doctor"
)

// triggers are those of the ScaledObject that are of a type.
func (w *walk) triggers(kind string) []trigger {
	if w.scaled == nil {
		return nil
	}
	var all []trigger
	for _, t := range w.scaled.Spec.Triggers {
		if t.Type == kind {
			all = append(all, t)
		}
	}
	return all
}

// trigger is the one of a type that is about nginx, or else the first.
func (w *walk) trigger(kind string) (trigger, bool) {
	all := w.triggers(kind)
	for _, t := range all {
		if strings.Contains(t.Metadata["query"]+t.Metadata["url"], "nginx") {
			return t, true
		}
	}
	if len(all) == 0 {
		return trigger{}, false
	}
	return all[0], true
}

// metricOf is how the metric of a trigger begins: s0-, s1-, by its place.
func (w *walk) metricOf(t *trigger) string {
	i := slices.IndexFunc(w.scaled.Spec.Triggers, func(other trigger) bool { return other.Type == t.Type && maps.Equal(other.Metadata, t.Metadata) })
	return fmt.Sprintf("s%d-", i)
}

// withoutPrometheus is a way on which nobody asks Prometheus: KEDA asks the
// exporters themselves, or a product with figures of its own answers.
func (w *walk) withoutPrometheus() bool {
	if w.scaled != nil {
		return len(w.triggers("prometheus")) == 0
	}
	return w.wanted.kind == externalKind && w.externalOwner() != ""
}

// externalOwner is the Service behind external metrics if it is of somebody who
// has figures of his own; empty for the adapter and for nobody.
func (w *walk) externalOwner() string {
	var api apiService
	if w.cluster.get(w.ctx, apiServices+"v1beta1."+externalMetrics, &api) == nil && api.Spec.Service != nil && isForeign(api.Spec.Service.Name) {
		return api.Spec.Service.Name
	}
	return ""
}

// lookRate asks an exporter for the rate that KEDA asks for.
func (w *walk) lookRate() doctor.Link {
	t, there := w.trigger("metrics-api")
	if !there {
		return nothing()
	}
	address := t.Metadata["url"]
	u, err := url.Parse(address)
	e := &w.exporters[0]
	if err != nil || u.Port() != "" && u.Port() != strconv.Itoa(e.port) {
		return fine("KEDA asks %s, which is not the exporter", withoutLogin(address))
	}
	scheme := "http"
	if u.Scheme == "https" {
		scheme = "https"
	}
	var text string
	err = w.cluster.get(w.ctx, proxied(w.namespace, "pods", scheme, e.pod.Metadata.Name, strconv.Itoa(e.port), u.EscapedPath()), &text)
	switch {
	case reasonOf(err) == notFound && !w.leadsHere(address):
		return fine("KEDA asks %s, which is not the exporter", withoutLogin(address))
	case reasonOf(err) == notFound:
		f := seen(found(codeRateWindow, "the exporter does not compute the rate that KEDA asks for"), "KEDA asks", "%s", withoutLogin(address))
		return broken("there is none", mend(f, "give the exporter --rate.window with the window at the end of that path"))
	case err != nil:
		return fine("not asked, since the API server does not get through to the pods")
	}
	return fine("the exporter answers at %s", u.Path)
}

// leadsHere tells whether an address may be that of a Service of the pods.
func (w *walk) leadsHere(address string) bool {
	s, inside := serviceOf(address, w.namespace)
	if !inside || s.namespace != w.namespace {
		return false
	}
	var there service
	if w.cluster.get(w.ctx, "/api/v1/namespaces/"+s.namespace+"/services/"+s.name, &there) != nil {
		return s.port == strconv.Itoa(w.exporters[0].port)
	}
	return labelsMatch(there.Spec.Selector, w.exporters[0].pod.Metadata.Labels)
}

// triggerFinding runs the query of the trigger; nil if it gives one number.
func (w *walk) triggerFinding() *doctor.Finding {
	t, there := w.trigger("prometheus")
	if !there || w.prometheus == nil {
		return nil
	}
	query := t.Metadata["query"]
	samples, err := w.prometheus.query(w.ctx, query)
	f := seen(found(codeTriggerEmpty, "the query of the trigger gives %d values in place of one", len(samples)), "query", "%s", query)
	switch {
	case reasonOf(err) == promBadQuery:
		f = seen(found(codeQuerySyntax, "Prometheus does not understand the query of the trigger"), "query", "%s", query)
		f = seen(f, "Prometheus says", "%s", err)
	case err != nil || len(samples) == 1:
		return nil
	case w.shortWindow(query, 2):
		f.Code, f.Says = codeQueryWindow, "the query of the trigger looks back less than two scrapes"
		f = seen(f, "scrape interval", "%s", w.interval)
	case len(w.series) > 0:
		f = seen(f, "series", "%s", labelText(w.series[0].Labels))
	}
	f = mend(f, "kubectl -n %s edit scaledobject %s   # query of the trigger; nginx-exporter snippet keda prints one", w.namespace, w.scaled.Metadata.Name)
	return f
}
