package hpa

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
)

// controller is whom the HPA controller is to the API server. An administrator
// gets answers that it does not.
const controller = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"

const (
	relistGrace = 30 * time.Second
	// firstRate is what a rate needs besides two scrapes.
	firstRate = 30 * time.Second
)

// lookValue asks for the metric as the HPA controller does.
func (w *walk) lookValue() doctor.Step {
	err := w.cluster.getAs(w.ctx, controller, w.valuePath(), &w.values)
	note, who := "as the HPA sees it", controller
	var mute []*doctor.Finding
	if reasonOf(err) == forbidden && strings.Contains(err.Error(), "cannot impersonate") {
		note, who = "as you see it, since you may not ask in the name of the HPA", ""
		mute = append(mute, lacking(err))
		err = w.cluster.get(w.ctx, w.valuePath(), &w.values)
	}
	switch {
	case who == "" && isBlind(err) && !w.behindIsSilent(err):
		l := blind("the value", err)
		return with(l, mute...)
	case err != nil:
		return w.valueFails(err)
	case len(w.values.Items) == 0:
		return w.noValue(who)
	}
	var texts []string
	for _, item := range w.values.Items {
		texts = append(texts, item.Value)
	}
	of := fmt.Sprintf("%d of %d pods", len(w.values.Items), len(w.pods))
	if w.wanted.kind != podsKind {
		of = w.wanted.name
	}
	l := fine("%s for %s, %s", names(texts), of, note)
	if f := w.triggerFinding(); f != nil {
		// KEDA takes no values for 0, unless it is told otherwise.
		return broken("it is of nothing", seen(f, "value", "%s", names(texts)))
	}
	return with(w.check(l), mute...)
}

// valuePath is where the value is.
func (w *walk) valuePath() string {
	query := url.Values{}
	object := "pods/*"
	switch w.wanted.kind {
	case externalKind:
		path := "/apis/" + externalMetrics + "/v1beta1/namespaces/" + w.namespace + "/" + url.PathEscape(w.wanted.name)
		return path + selectorQuery(w.wanted.selector.String())
	case objectKind:
		object = w.plural() + "/" + url.PathEscape(w.wanted.object.Name)
		if w.plural() == "namespaces" {
			object = "metrics"
		}
	default:
		query.Set("labelSelector", w.selector())
	}
	if text := w.wanted.selector.String(); text != "" {
		query.Set("metricLabelSelector", text)
	}
	path := w.apiPath() + "/namespaces/" + w.namespace + "/" + object + "/" + url.PathEscape(w.wanted.name)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// valueFails tells errors apart by who makes them.
func (w *walk) valueFails(err error) doctor.Step {
	text := err.Error()
	answer := func(f *doctor.Finding) *doctor.Finding { return seen(f, "the API answers", "%s", err) }
	group := customMetrics
	if w.wanted.kind == externalKind {
		group = externalMetrics
	}
	a := w.readAdapter()
	switch {
	case strings.Contains(text, "subjectaccessreviews"):
		return broken("the adapter refuses the HPA", w.noDelegator(answer))
	case isBlind(err) && reasonOf(err) == forbidden:
		f := answer(found(codeHPARights, "the HPA controller may not read metrics of %s", group))
		return broken("the HPA may not read it", mend(f, "kubectl describe clusterrole system:controller:horizontal-pod-autoscaler; it must have get and list on *.%s", group))
	case isBlind(err) && !w.behindIsSilent(err):
		return blind("the value", err)
	case w.wanted.kind == externalKind:
		return w.noExternalValue(answer)
	case isBlind(err) && a.workload == nil && a.hidden != nil:
		return blind("the adapter", a.hidden)
	case isBlind(err) && a.workload != nil:
		return w.adapterCannotAsk(answer) // it waits for Prometheus
	case strings.Contains(text, "unable to list matching resources"):
		f := answer(found(codeAdapterPodRights, "the adapter may not list pods, so that it cannot tell which ones the HPA means"))
		return broken("the adapter cannot list pods", mend(f, "kubectl create clusterrole %[1]s --verb=get,list,watch --resource=pods,namespaces && kubectl create clusterrolebinding %[1]s --clusterrole=%[1]s --serviceaccount=%[2]s",
			w.bindingName("pods"), w.accountName()))
	case reasonOf(err) == notFound:
		return w.listedOnly(answer)
	case strings.Contains(text, "unable to fetch metrics"):
		return w.adapterCannotAsk(answer)
	}
	if l := w.adapterStarts(); a.workload != nil && l.State != "" {
		return l
	}
	return broken("there is none", mend(answer(found(codeUnknown, "the metrics API gives no value, for a reason that the doctor does not know")),
		"kubectl -n %s logs deploy/%s", a.namespace, w.bindingName("")))
}

// noDelegator is an adapter that cannot find out who may do what.
func (w *walk) noDelegator(answer func(*doctor.Finding) *doctor.Finding) *doctor.Finding {
	f := answer(found(codeAdapterDelegator, "the adapter may not ask who may read metrics; administrators get values, the HPA does not"))
	return mend(f, "kubectl create clusterrolebinding %s --clusterrole=system:auth-delegator --serviceaccount=%s", w.bindingName("auth-delegator"), w.accountName())
}

// noExternalValue is a metric of KEDA, or of another adapter, whose ways the
// doctor does not know.
func (w *walk) noExternalValue(answer func(*doctor.Finding) *doctor.Finding) doctor.Step {
	if w.scaled == nil {
		f := answer(found(codeUnknown, "whoever serves %s has no value for %s, for a reason that the doctor does not know", externalMetrics, w.wanted.name))
		return broken("there is none", mend(f, "kubectl describe apiservice v1beta1.%s names who serves it; look at its log", externalMetrics))
	}
	if t, there := w.trigger("prometheus"); !there || strings.HasPrefix(w.wanted.name, w.metricOf(&t)) || len(w.scaled.Spec.Triggers) == 1 {
		if f := w.triggerFinding(); f != nil {
			return broken("there is none", answer(f))
		}
	}
	f := answer(found(codeExternalValue, "%s has no value for the HPA", w.wanted.name))
	f = seen(f, "KEDA said", "%s", w.kedaSaid())
	return broken("there is none", mend(f, "kubectl -n %s describe scaledobject %s; kubectl -n %s logs deploy/keda-operator", w.namespace, w.scaled.Metadata.Name, w.kedaNamespace()))
}

// kedaNamespace is where the API of external metrics leads to.
func (w *walk) kedaNamespace() string {
	var api apiService
	if w.cluster.get(w.ctx, apiServices+"v1beta1."+externalMetrics, &api) == nil && api.Spec.Service != nil {
		return api.Spec.Service.Namespace
	}
	return "keda" // that of its chart
}

// bindingName is a name for an object that the adapter needs.
func (w *walk) bindingName(suffix string) string {
	name := "prometheus-adapter"
	if w.adapter.workload != nil {
		name = w.adapter.workload.Metadata.Name
	}
	return strings.TrimSuffix(name+"-"+suffix, "-")
}

// accountName is the adapter's account as kubectl takes it.
func (w *walk) accountName() string {
	if w.adapter.workload == nil {
		return "NAMESPACE:ACCOUNT"
	}
	return strings.TrimPrefix(w.adapter.account(), "system:serviceaccount:")
}

// maker is the rule that makes the metric of the series.
func (w *walk) maker() (*rule, string) {
	all, _ := w.tryRules()
	var last *rule
	name := ""
	for i := range all {
		if !slices.Contains(all[i].names, w.wanted.name) {
			continue
		}
		last = all[i].rule
		for _, s := range all[i].series {
			if last.metric(s.Labels["__name__"]) == w.wanted.name {
				name = s.Labels["__name__"]
			}
		}
	}
	return last, name
}

// render is the query that the adapter sends for the pods.
func (w *walk) render() (*rule, string, error) {
	r, series := w.maker()
	if r == nil {
		return nil, "", nil
	}
	objects := podNames(w.asked())
	if w.wanted.kind == objectKind {
		objects = []string{w.wanted.object.Name}
	}
	query, err := r.query(series, w.plural(), w.namespace, objects, w.wanted.selector.requirements())
	return r, query, err
}

// listedOnly is a metric that is listed and not found: its query cannot be made.
func (w *walk) listedOnly(answer func(*doctor.Finding) *doctor.Finding) doctor.Step {
	r, _, err := w.render()
	if !w.listed {
		return w.notListed(w.plural()+"/"+w.wanted.name, nil, 0)
	}
	if l := w.adapterHidden(); r == nil && l.State != "" {
		return l
	}
	if r == nil || err == nil {
		f := answer(found(codeUnknown, "the adapter lists the metric and does not find it"))
		return broken("is listed only", mend(f, "kubectl -n %s logs deploy/%s", w.adapter.namespace, w.bindingName("")))
	}
	if _, spaces := r.label("namespaces"); spaces != nil {
		f := answer(seen(found(codeRuleNamespace, "the rule has no label for namespaces, so that no query for pods can be made"), "it says", "%s", spaces))
		return broken("its query cannot be made", w.mendRules(f, "resources.overrides: namespace: {resource: namespace}"))
	}
	f := seen(found(codeRuleTemplate, "the metricsQuery of the rule is no template that works"), "metricsQuery", "%s", r.MetricsQuery)
	return broken("its query cannot be made", w.mendRules(answer(seen(f, "it says", "%s", err)), "metricsQuery; it may name .Series, .LabelMatchers, .LabelValuesByName, .GroupBy and .GroupBySlice"))
}

// adapterCannotAsk is an adapter that gets no answer from Prometheus.
func (w *walk) adapterCannotAsk(answer func(*doctor.Finding) *doctor.Finding) doctor.Step {
	r, query, err := w.render()
	if r != nil && err == nil && w.prometheus != nil {
		if _, err := w.prometheus.query(w.ctx, query); reasonOf(err) == promBadQuery {
			f := seen(found(codeQuerySyntax, "the metricsQuery of the rule makes a query that Prometheus does not understand"), "metricsQuery", "%s", r.MetricsQuery)
			f = seen(seen(f, "query", "%s", query), "Prometheus says", "%s", err)
			return broken("its query is wrong", w.mendRules(answer(f), "metricsQuery"))
		}
	}
	if f := w.adapterPrometheus(); f != nil {
		return broken("the adapter gets no answer from Prometheus", answer(f))
	}
	f := answer(found(codeAdapterPrometheus, "the adapter gets no answer from Prometheus at %s", withoutLogin(w.adapter.prometheusURL())))
	f = seen(f, "its last words", "%s", w.adapterLog())
	return broken("the adapter gets no answer from Prometheus", mend(f, "kubectl -n %s logs deploy/%s; DNS, NetworkPolicies, TLS and logins between both are the usual reasons",
		w.adapter.namespace, w.bindingName("")))
}

// adapterHidden is an adapter that cannot be seen by who asks, so that nobody
// can tell what is wrong with it.
func (w *walk) adapterHidden() doctor.Step {
	if err := w.readAdapter().hidden; err != nil {
		return blind("the adapter", err)
	}
	return nothing()
}

// noValue is an answer without pods.
func (w *walk) noValue(who string) doctor.Step {
	if w.wanted.kind == externalKind {
		return w.noExternalValue(func(f *doctor.Finding) *doctor.Finding { return seen(f, "the API answers", "no values") })
	}
	r, query, err := w.render()
	if l := w.adapterHidden(); r == nil && l.State != "" {
		return l
	}
	if r == nil || err != nil || w.prometheus == nil {
		f := found(codeUnknown, "the adapter has no values for these pods, and none of its rules that the doctor sees makes %s", w.wanted.name)
		f = seen(f, "it says", "%s", errorText(err))
		return broken("there is none", mend(f, "look at the metricsQuery of the rule for %s", w.wanted.name))
	}
	samples, err := w.prometheus.query(w.ctx, query)
	evidence := func(f *doctor.Finding) *doctor.Finding { return seen(f, "query", "%s", query) }
	label, _ := r.label(w.plural())
	switch {
	case err != nil:
		return w.promBlind("the query of the adapter", err)
	case len(samples) > 0 && samples[0].Labels[label] == "":
		f := seen(evidence(found(codeQueryGroupBy, "the query gives values that name no pods: by (<<.GroupBy>>) is missing")), "labels of its values", "%s", labelNames(samples[0]))
		return broken("its values belong to nobody", w.mendRules(f, "metricsQuery: sum by (<<.GroupBy>>) (...)"))
	case w.shortWindow(query, 2):
		return broken("there is none", w.windowFinding(evidence, query))
	case w.newSeries(2*w.interval + firstRate):
		return waiting("%s: a rate needs two scrapes", clock(w.now.Add(2*w.interval+firstRate)))
	case len(samples) > 0:
		return w.valueByNow(who, evidence, len(samples))
	}
	f := evidence(found(codeQueryEmpty, "the query of the adapter gives nothing for these pods"))
	for _, s := range w.series[:min(len(w.series), 1)] {
		f = seen(f, "series", "%s", labelText(s.Labels))
	}
	return broken("there is none", w.mendRules(f, "metricsQuery; compare its matchers with the labels of the series"))
}

// valueByNow is a query that gives values, of which the adapter had none.
func (w *walk) valueByNow(who string, evidence func(*doctor.Finding) *doctor.Finding, count int) doctor.Step {
	w.cluster.forget(who, w.valuePath())
	if err := w.cluster.getAs(w.ctx, who, w.valuePath(), &w.values); err == nil && len(w.values.Items) > 0 {
		return waiting("the HPA asks again; the adapter has %d values by now", len(w.values.Items))
	}
	f := evidence(found(codeUnknown, "the adapter has no values for these pods, though Prometheus at %s has %d for its query", w.prometheus.name, count))
	f = seen(f, "the adapter asks", "%s", withoutLogin(w.adapter.prometheusURL()))
	return broken("there is none", mend(f, "kubectl -n %s logs deploy/%s; does it ask the same Prometheus, as the same tenant?", w.adapter.namespace, w.bindingName("")))
}

// firstSeries is since when there can be series: the youngest pod.
func (w *walk) firstSeries() time.Time { return w.youngestTarget() }

// shortWindow tells whether the range of a query is shorter than so many
// scrapes.
func (w *walk) shortWindow(query string, scrapes time.Duration) bool {
	over := window(query)
	return over > 0 && w.interval > 0 && over < scrapes*w.interval
}

func (w *walk) windowFinding(evidence func(*doctor.Finding) *doctor.Finding, query string) *doctor.Finding {
	f := found(codeQueryWindow, "the query looks back %s, and Prometheus scrapes every %s: a rate needs two scrapes, and four to be safe", window(query), w.interval)
	f = mend(f, "have Prometheus scrape more often (interval of the monitor), or:")
	return w.mendRules(evidence(f), fmt.Sprintf("metricsQuery: [%ds]", int((4*w.interval).Seconds())))
}

// check compares values with what the pods really have.
func (w *walk) check(l doctor.Step) doctor.Step {
	r, query, err := w.render()
	if r == nil || err != nil || w.prometheus == nil {
		return l
	}
	evidence := func(f *doctor.Finding) *doctor.Finding { return seen(f, "query", "%s", query) }
	const safe = 3
	if w.shortWindow(query, safe) {
		l = with(l, w.windowFinding(evidence, query))
	}
	if !strings.Contains(r.MetricsQuery, ".LabelMatchers") && !strings.Contains(r.MetricsQuery, ".LabelValuesByName") {
		l = with(l, w.mendRules(evidence(found(codeQueryMatchers, "the query reads the series of every pod of the cluster, each time that the HPA looks")), "metricsQuery: {<<.LabelMatchers>>}"))
	}
	if f := w.doubled(query); f != nil {
		l.State = doctor.Failed
		l.Findings = append(l.Findings, *evidence(f))
	}
	return l
}

// doubled compares the query of the adapter with one that counts each pod once.
func (w *walk) doubled(query string) *doctor.Finding {
	if !w.double || window(query) == 0 {
		return nil
	}
	theirs, err := w.prometheus.query(w.ctx, "sum("+query+")")
	ours, err2 := w.rates(fmt.Sprintf("%ds", int(window(query).Seconds())))
	if err != nil || err2 != nil || len(theirs) == 0 {
		return nil
	}
	sum := 0.0
	for _, rate := range ours {
		sum += rate
	}
	const tooMuch = 1.5
	if sum <= 0 || theirs[0].Value/sum < tooMuch || math.IsNaN(theirs[0].Value) {
		return nil
	}
	f := found(codeCountedTwice, "the HPA sees %s times the requests that there are, since pods are scraped more than once", strconv.FormatFloat(theirs[0].Value/sum, 'f', 1, 64))
	f = seen(f, "requests per second", "%.2f by the rule, %.2f really", theirs[0].Value, sum)
	f = w.mendRules(f, "metricsQuery: sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(...)))")
	return f
}
