package hpa

import (
	"fmt"
	"math"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

const (
	// firstRate is what a rate needs besides two scrapes.
	firstRate = 30 * time.Second
	noValue   = "there is none"
)

func valueFails(d *diagnosis) bool { return d.Values.Err() != nil }

func lacksCustomValue(d *diagnosis) bool { return isCustom(d) && valueFails(d) }

// addResponse adds what the metrics API responds.
func addResponse(d *diagnosis, f *finding) {
	if err := d.Values.Err(); err != nil {
		f.evidence("response of the API", "%s", err)
		return
	}
	f.evidence("response of the API", "no values")
}

// valueDenied is a value that the user may not read, and not impersonate the HPA
// controller either.
func valueDenied(d *diagnosis) *finding {
	values, err := d.Values.Get()
	if values.Denied == nil || !d.IsLocal(err) {
		return nil
	}
	f := unobserved("the value", err)
	f.also = &forbidden(values.Denied).Finding
	return f
}

func valueLacksDelegator(d *diagnosis) *finding {
	if !strings.Contains(d.Values.Err().Error(), "subjectaccessreviews") {
		return nil
	}
	return lacksDelegator(d, "the adapter rejects the HPA")
}

func hpaLacksPermission(d *diagnosis) *finding {
	if cluster.ReasonOf(d.Values.Err()) != cluster.Forbidden {
		return nil
	}
	group := cluster.CustomMetrics
	if isExternal(d) {
		group = cluster.ExternalMetrics
	}
	return failed("the HPA may not read it", "The HPA controller does not have permission to read metrics of %s.", group).
		fix("kubectl describe clusterrole system:controller:horizontal-pod-autoscaler   # it must have get and list on *.%s", group)
}

func valueUnreadable(d *diagnosis) *finding {
	if err := d.Values.Err(); d.IsLocal(err) {
		return unobserved("the value", err)
	}
	return nil
}

// lacksExternalValue reports that the HPA gets no value of an external metric.
func lacksExternalValue(d *diagnosis) bool {
	return isExternal(d) && (valueFails(d) || isEmpty(d))
}

// ofTrigger judges the result of the query of KEDA's trigger: because there is no
// value, or because the value is of nothing, since KEDA takes no result for 0.
func ofTrigger(judge func(d *diagnosis, samples []cluster.Sample, err error) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		s := d.ScaledObject()
		t := s.Trigger("prometheus")
		if t == nil || d.Prometheus() == nil {
			return nil
		}
		lacking := lacksExternalValue(d)
		if lacking && !s.IsMetricOf(t, d.Metric().Name) && len(s.Spec.Triggers) > 1 {
			return nil
		}
		query := t.Metadata["query"]
		samples, err := d.Prometheus().Query(query)
		f := judge(d, samples, err)
		if f == nil {
			return nil
		}
		f.step = "it is not of the query"
		f.Evidence = append([]doctor.Evidence{{Name: "query", Value: query}}, f.Evidence...)
		f.fix("kubectl -n %s edit scaledobject %s   # query of the trigger; nginx-exporter snippet keda prints one", d.namespace(), s.Metadata.Name)
		if err == nil && len(samples) == 0 && t.Metadata["ignoreNullValues"] != "false" {
			f.fix(`also set ignoreNullValues: "false"; otherwise KEDA takes a query without result for 0, and scales down`)
		}
		if lacking {
			f.step = noValue
			addResponse(d, f)
			return f
		}
		return f.evidence("value", "%s", names(d.Values.Value().Items))
	}
}

func triggerSyntax(_ *diagnosis, _ []cluster.Sample, err error) *finding {
	if cluster.ReasonOf(err) != cluster.BadQuery {
		return nil
	}
	return failed("", "Prometheus rejects the query of the trigger.").evidence("Prometheus", "%s", err)
}

func triggerWindow(d *diagnosis, samples []cluster.Sample, err error) *finding {
	if err != nil || len(samples) == 1 || !windowIsShort(d, d.ScaledObject().Trigger("prometheus").Metadata["query"], 2) {
		return nil
	}
	return failed("", "The query of the trigger has a window of less than two scrapes.").evidence("scrape interval", "%s", d.ScrapeInterval())
}

func triggerResult(d *diagnosis, samples []cluster.Sample, err error) *finding {
	if err != nil || len(samples) == 1 {
		return nil
	}
	return withSeries(d, failed("", "The query of the trigger returns %d values instead of one.", len(samples)))
}

func kedaWithoutValue(d *diagnosis) *finding {
	s := d.ScaledObject()
	if s == nil {
		return nil
	}
	namespace := "keda" // that of its chart
	if api := d.ExternalAPI.Value(); api != nil && api.Spec.Service != nil {
		namespace = api.Spec.Service.Namespace
	}
	return failed(noValue, "KEDA has no value of %s for the HPA.", d.Metric().Name).
		evidence("event of KEDA", "%s", kedaEvent(d)).
		fix("kubectl -n %s describe scaledobject %s; kubectl -n %s logs deploy/keda-operator", d.namespace(), s.Metadata.Name, namespace)
}

func externalWithoutValue(d *diagnosis) *finding {
	return failed(noValue, "The server of %s has no value of %s; the doctor does not know why.", cluster.ExternalMetrics, d.Metric().Name).
		fix("kubectl describe apiservice v1beta1.%s   # names the server; check its log", cluster.ExternalMetrics)
}

func valueAdapterHidden(d *diagnosis) *finding {
	if !cluster.IsClientSide(d.Values.Err()) || d.Adapter.Value().Deployment != nil {
		return nil
	}
	return unobserved("the adapter", d.Adapter.Value().Hidden)
}

// queriesFail reports that the adapter gets no response from Prometheus: it says so,
// or does not respond in time itself.
func queriesFail(d *diagnosis) bool {
	err := d.Values.Err()
	switch {
	case !lacksCustomValue(d):
		return false
	case cluster.IsClientSide(err):
		return d.Adapter.Value().Deployment != nil
	}
	return cluster.ReasonOf(err) != cluster.NotFound && strings.Contains(err.Error(), "unable to fetch metrics")
}

const noResponse = "the adapter gets no response from Prometheus"

func querySyntax(d *diagnosis) *finding {
	rule, query, err := d.AdapterQuery()
	if rule == nil || err != nil {
		return nil
	}
	if _, err = d.Prometheus().Query(query); cluster.ReasonOf(err) != cluster.BadQuery {
		return nil
	}
	f := failed("its query is wrong", "The metricsQuery of the rule makes a query that Prometheus rejects.").
		evidence("metricsQuery", "%s", rule.MetricsQuery).evidence("query", "%s", query).evidence("Prometheus", "%s", err)
	return fixRules(d, f, "metricsQuery")
}

func valueAddressWrong(d *diagnosis) *finding {
	return wrongAddress(d, noResponse, d.WrongAdapterAddress())
}

func valueLosesPrometheus(d *diagnosis) *finding {
	a := d.Adapter.Value()
	return failed(noResponse, "The adapter gets no response from Prometheus at %s.", cluster.WithoutLogin(a.PrometheusURL())).
		evidence("last log line", "%s", d.AdapterLog()).
		fix("kubectl -n %s logs deploy/%s   # DNS, NetworkPolicies, TLS and logins between both are the usual reasons", a.Namespace, adapterName(d))
}

func adapterLacksPods(d *diagnosis) *finding {
	if !strings.Contains(d.Values.Err().Error(), "unable to list matching resources") {
		return nil
	}
	return failed("the adapter cannot list pods", "The adapter does not have permission to list pods, so that it does not know those of the HPA.").
		fix("kubectl create clusterrole %[1]s --verb=get,list,watch --resource=pods,namespaces && kubectl create clusterrolebinding %[1]s --clusterrole=%[1]s --serviceaccount=%[2]s",
			adapterName(d)+"-pods", adapterAccount(d))
}

// isListedOnly reports that the adapter lists the metric and does not find it: it
// cannot make its query.
func isListedOnly(d *diagnosis) bool {
	return isCustom(d) && cluster.ReasonOf(d.Values.Err()) == cluster.NotFound
}

// rulesForValueHidden are rules that may make the metric.
func rulesForValueHidden(d *diagnosis) *finding {
	if rule, _, _ := d.AdapterQuery(); rule != nil {
		return nil
	}
	return unobserved("the adapter", d.Adapter.Value().Hidden)
}

func ruleLacksNamespace(d *diagnosis) *finding {
	rule, _, err := d.AdapterQuery()
	if err == nil {
		return nil
	}
	_, err = rule.Label("namespaces")
	if err == nil {
		return nil
	}
	f := failed("its query cannot be made", "The rule maps no label to namespaces, so that no query for pods can be made.").evidence("error", "%s", err)
	return fixRules(d, f, "resources.overrides: namespace: {resource: namespace}")
}

func ruleTemplate(d *diagnosis) *finding {
	rule, _, err := d.AdapterQuery()
	if err == nil {
		return nil
	}
	f := failed("its query cannot be made", "The metricsQuery of the rule is not a valid template.").evidence("metricsQuery", "%s", rule.MetricsQuery)
	return fixRules(d, f.evidence("error", "%s", err), "metricsQuery; it may use .Series, .LabelMatchers, .LabelValuesByName, .GroupBy and .GroupBySlice")
}

func listedUnexplained(d *diagnosis) *finding {
	return failed("it is only listed", "The adapter lists the metric, but does not find it.").
		fix("kubectl -n %s logs deploy/%s", d.Adapter.Value().Namespace, adapterName(d))
}

func valueAdapterStarts(d *diagnosis) *finding {
	if d.Adapter.Value().Deployment == nil {
		return nil
	}
	return adapterStarts(d)
}

func valueUnexplained(d *diagnosis) *finding {
	return failed(noValue, "The metrics API returns no value; the doctor does not know why.").
		fix("kubectl -n %s logs deploy/%s", d.Adapter.Value().Namespace, adapterName(d))
}

// isEmpty reports a response without values.
func isEmpty(d *diagnosis) bool { return !valueFails(d) && len(d.Values.Value().Items) == 0 }

func emptyWithoutRule(d *diagnosis) *finding {
	rule, _, err := d.AdapterQuery()
	if rule != nil && err == nil {
		return nil
	}
	return failed(noValue, "The adapter has no values for these pods, and none of its known rules makes %s.", d.Metric().Name).evidence("error", "%s", errorText(err)).
		fix("check the metricsQuery of the rule for %s", d.Metric().Name)
}

// ofQuery judges the result of the adapter's query, after a response without values.
func ofQuery(judge func(d *diagnosis, rule *cluster.Rule, samples []cluster.Sample) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		rule, query, _ := d.AdapterQuery()
		samples, err := d.Prometheus().Query(query)
		if err != nil {
			return d.unreported("the query of the adapter", err)
		}
		f := judge(d, rule, samples)
		if f != nil && f.state == doctor.Failed {
			f.Evidence = append([]doctor.Evidence{{Name: "query", Value: query}}, f.Evidence...)
		}
		return f
	}
}

func queryLacksGroupBy(d *diagnosis, rule *cluster.Rule, samples []cluster.Sample) *finding {
	m := d.Metric()
	label, _ := rule.Label(m.Resource()) // the query was made with it
	if len(samples) == 0 || samples[0].Labels[label] != "" {
		return nil
	}
	f := failed("its values name no pods", "The query returns values that name no pods: by (<<.GroupBy>>) is missing.").
		evidence("labels of the values", "%s", labelNames(&samples[0]))
	return fixRules(d, f, "metricsQuery: sum by (<<.GroupBy>>) (...)")
}

func queryWindow(d *diagnosis, _ *cluster.Rule, _ []cluster.Sample) *finding {
	_, query, _ := d.AdapterQuery()
	if !windowIsShort(d, query, 2) {
		return nil
	}
	return shortWindow(d, failed(noValue, "%s", windowText(d, query)))
}

// windowIsShort reports whether the window of a query is shorter than some scrapes.
func windowIsShort(d *diagnosis, query string, scrapes time.Duration) bool {
	window, interval := cluster.Window(query), d.ScrapeInterval()
	return window > 0 && interval > 0 && window < scrapes*interval
}

func windowText(d *diagnosis, query string) string {
	return fmt.Sprintf("The query has a window of %s, but Prometheus scrapes every %s: a rate needs at least two scrapes, better four.", cluster.Window(query), d.ScrapeInterval())
}

func shortWindow(d *diagnosis, f *finding) *finding {
	f.fix("make Prometheus scrape more often (interval of the monitor), or:")
	return fixRules(d, f, fmt.Sprintf("metricsQuery: [%ds]", int((4*d.ScrapeInterval()).Seconds())))
}

func rateNeedsScrapes(d *diagnosis, _ *cluster.Rule, _ []cluster.Sample) *finding {
	start := 2*d.ScrapeInterval() + firstRate
	if !d.HadNoSeries(start) {
		return nil
	}
	return waitingUntil(d.Now().Add(start), "a rate needs two scrapes")
}

func valuesByNow(d *diagnosis, _ *cluster.Rule, samples []cluster.Sample) *finding {
	if len(samples) == 0 {
		return nil
	}
	items, err := d.ValuesByNow()
	if err != nil || len(items) == 0 {
		return nil
	}
	return waiting("the adapter has %d values by now, and the HPA will request them again", len(items))
}

func queryUnexplained(d *diagnosis, _ *cluster.Rule, samples []cluster.Sample) *finding {
	if len(samples) == 0 {
		return nil
	}
	a := d.Adapter.Value()
	return failed(noValue, "The adapter has no values for these pods, but Prometheus at %s returns %d for its query.", d.Prometheus().Name, len(samples)).
		evidence("queried by the adapter", "%s", cluster.WithoutLogin(a.PrometheusURL())).
		fix("kubectl -n %s logs deploy/%s   # does it query the same Prometheus, as the same tenant?", a.Namespace, adapterName(d))
}

func queryEmpty(d *diagnosis, _ *cluster.Rule, _ []cluster.Sample) *finding {
	f := withSeries(d, failed(noValue, "The query of the adapter returns nothing for these pods."))
	return fixRules(d, f, "metricsQuery; compare its matchers with the labels of the series")
}

// ofValue judges the query behind values that the HPA gets.
func ofValue(judge func(d *diagnosis, rule *cluster.Rule, query string) *finding) func(*diagnosis) *finding {
	return func(d *diagnosis) *finding {
		rule, query, err := d.AdapterQuery()
		if rule == nil || err != nil {
			return nil
		}
		return judge(d, rule, query)
	}
}

func valueWindow(d *diagnosis, _ *cluster.Rule, query string) *finding {
	const safe = 3
	if !windowIsShort(d, query, safe) {
		return nil
	}
	return shortWindow(d, warning("%s", windowText(d, query)).evidence("query", "%s", query))
}

func queryLacksMatchers(d *diagnosis, rule *cluster.Rule, query string) *finding {
	if strings.Contains(rule.MetricsQuery, ".LabelMatchers") || strings.Contains(rule.MetricsQuery, ".LabelValuesByName") {
		return nil
	}
	f := warning("The query reads the series of all pods of the cluster, at each sync of the HPA.").evidence("query", "%s", query)
	return fixRules(d, f, "metricsQuery: {<<.LabelMatchers>>}")
}

// queryCountsTwice compares the query with one that counts each pod once.
func queryCountsTwice(d *diagnosis, _ *cluster.Rule, query string) *finding {
	window := cluster.Window(query)
	if doubled(d) == "" || window == 0 {
		return nil
	}
	samples, err := d.Prometheus().Query("sum(" + query + ")")
	actual, err2 := d.RequestRate(window)
	const tooMuch = 1.5
	if err != nil || err2 != nil || len(samples) == 0 || actual <= 0 || samples[0].Value/actual < tooMuch || math.IsNaN(samples[0].Value) {
		return nil
	}
	f := failed(valueSummary(d), "The HPA sees %.1f times the actual requests, since pods are scraped more than once.", samples[0].Value/actual).
		evidence("requests per second", "%.2f by the rule, %.2f actually", samples[0].Value, actual).
		evidence("query", "%s", query)
	return fixRules(d, f, "metricsQuery: sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(...)))")
}

func impersonationDenied(d *diagnosis) *finding {
	denied := d.Values.Value().Denied
	if denied == nil {
		return nil
	}
	f := forbidden(denied)
	f.state = doctor.Warning
	return f
}

func valueSummary(d *diagnosis) string {
	values := d.Values.Value()
	note := "as the HPA sees it"
	if values.Denied != nil {
		note = "as you see it: no permission to impersonate the HPA controller"
	}
	of := fmt.Sprintf("%d of %d pods", len(values.Items), len(d.Pods.Value().Live))
	if m := d.Metric(); m.Type != cluster.PodsMetric {
		of = m.Name
	}
	return fmt.Sprintf("%s for %s, %s", names(values.Items), of, note)
}
