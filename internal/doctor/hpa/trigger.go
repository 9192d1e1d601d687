package hpa

import (
	"fmt"
	"maps"
	"slices"
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
		f.Code, f.Message = codeQueryWindow, "the query of the trigger looks back less than two scrapes"
		f = seen(f, "scrape interval", "%s", w.interval)
	case len(w.series) > 0:
		f = seen(f, "series", "%s", labelText(w.series[0].Labels))
	}
	f = mend(f, "kubectl -n %s edit scaledobject %s   # query of the trigger; nginx-exporter snippet keda prints one", w.namespace, w.scaled.Metadata.Name)
	if err == nil && len(samples) == 0 && t.Metadata["ignoreNullValues"] != "false" {
		f = mend(f, `set ignoreNullValues: "false" there as well; without it KEDA takes a query that gives nothing for 0, and scales down`)
	}
	return f
}
