package chain

import (
	"net/url"
	"strconv"

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

// byKEDAalone is a way without Prometheus: KEDA asks the exporters themselves.
func (w *walk) byKEDAalone() bool {
	return w.scaled != nil && len(w.triggers("prometheus")) == 0
}

// lookRate asks an exporter for the rate that KEDA asks for.
func (w *walk) lookRate() doctor.Link {
	triggers := w.triggers("metrics-api")
	if len(triggers) == 0 {
		return nothing()
	}
	address := triggers[0].Metadata["url"]
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
	case reasonOf(err) == notFound:
		f := seen(found(codeRateWindow, "the exporter does not compute the rate that KEDA asks for"), "KEDA asks", "%s", withoutLogin(address))
		return broken("there is none", mend(f, "give the exporter --rate.window with the window at the end of that path"))
	case err != nil:
		return fine("not asked, since the API server does not get through to the pods")
	}
	return fine("the exporter answers at %s", u.Path)
}

// triggerFinding runs the query of the trigger; nil if it gives one number.
func (w *walk) triggerFinding() *doctor.Finding {
	triggers := w.triggers("prometheus")
	if len(triggers) == 0 || w.prometheus == nil {
		return nil
	}
	query := triggers[0].Metadata["query"]
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
