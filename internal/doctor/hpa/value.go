package hpa

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
)

const (
	rateStart = 30 * time.Second // how long the first rate may take, besides two scrapes
	noValue   = "no value"
)

func valueFails(d *diagnosis) bool { return d.Values.Err() != nil }

func lacksCustomValue(d *diagnosis) bool { return isCustom(d) && valueFails(d) }

// addResponse adds the response of the metrics API.
func addResponse(d *diagnosis, f *finding) {
	if err := d.Values.Err(); err != nil {
		f.evidence("response of the API", err)
		return
	}
	f.evidence("response of the API", "no values")
}

// valueDenied reports that the user has no permission to read the value, nor to impersonate
// the HPA controller.
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
	return lacksDelegator(d, d.Values.Err(), "the adapter rejects the HPA")
}

func hpaLacksPermission(d *diagnosis) *finding {
	if err := d.Values.Err(); cluster.ReasonOf(err) != cluster.Forbidden || !strings.Contains(err.Error(), cluster.HPAController) {
		return nil
	}
	group := apiGroup(d)
	return failed("the HPA has no permission to read it", "The HPA controller does not have permission to read metrics of %s.", group).
		fix("kubectl describe clusterrole system:controller:horizontal-pod-autoscaler   # it must have get and list on *.%s", group)
}

func valueUnreadable(d *diagnosis) *finding {
	return d.unobservedLocally("the value", d.Values.Err())
}

// lacksExternalValue reports whether the HPA gets no value of an external metric.
func lacksExternalValue(d *diagnosis) bool {
	return isExternal(d) && (valueFails(d) || isEmpty(d))
}

// triggerQueryFails reports a trigger of KEDA whose query does not return one value. The HPA may
// have a value all the same, since KEDA uses 0 for an empty result.
func triggerQueryFails(d *diagnosis) *finding {
	s := d.ScaledObject()
	t := s.Trigger("prometheus")
	if t == nil || d.Prometheus() == nil {
		return nil
	}
	noValueAtAll := lacksExternalValue(d)
	if noValueAtAll && !s.IsMetricOf(t, d.Metric().Name) && len(s.Spec.Triggers) > 1 {
		return nil
	}
	query := t.Metadata["query"]
	samples, err := d.Prometheus().Query(query)
	const step = "not the result of the query"
	var f *finding
	switch {
	case cluster.ReasonOf(err) == cluster.BadQuery:
		f = failed(step, "Prometheus rejects the query of the trigger.").as("query-syntax").evidence("query", query).evidence("Prometheus", err)
	case err != nil:
		return d.unreported("the result of the trigger's query", err)
	case len(samples) == 1:
		return nil
	case windowIsShort(d, query, 2):
		f = failed(step, "The query of the trigger has a window of less than two scrapes.").as("query-window").evidence("query", query).
			evidence("scrape interval", d.ScrapeInterval())
	default:
		f = failed(step, "The query of the trigger returns %d values instead of one.", len(samples)).as("keda-query-empty").evidence("query", query)
		withSeries(d, f)
	}
	fixScaledObject(d, f, "query of the trigger; nginx-exporter snippet keda prints one")
	if err == nil && len(samples) == 0 && t.Metadata["ignoreNullValues"] != "false" {
		f.fix(`also set ignoreNullValues: "false"; otherwise KEDA uses 0 for an empty result, and scales down`)
	}
	if noValueAtAll {
		f.step = noValue
		addResponse(d, f)
		return f
	}
	return f.evidence("value", names(d.Values.Value().Items))
}

func externalWithoutValue(d *diagnosis) *finding {
	s := d.ScaledObject()
	if s == nil {
		return failed(noValue, "The server of %s has no value of %s, for an unknown reason.", cluster.ExternalMetrics, d.Metric().Name).as(unknown).
			fix("kubectl describe apiservice v1beta1.%s   # shows the server; check its log", cluster.ExternalMetrics)
	}
	namespace := "keda" // the one recommended for its chart
	if api := d.ExternalAPI.Value(); api != nil {
		namespace = api.Spec.Service.Namespace
	}
	return failed(noValue, "KEDA has no value of %s for the HPA.", d.Metric().Name).
		evidence("event of KEDA", kedaEvent(d)).
		fix("kubectl -n %s describe scaledobject %s; kubectl -n %s logs deploy/keda-operator", d.namespace(), s.Metadata.Name, namespace)
}

func valueAdapterHidden(d *diagnosis) *finding {
	if !cluster.IsClientSide(d.Values.Err()) || d.Adapter.Value().Deployment != nil {
		return nil
	}
	return unobserved("the adapter", d.Adapter.Value().Hidden)
}

// queriesFail reports whether the adapter gets no response from Prometheus: it says so, or
// does not respond in time itself.
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

const (
	noResponse      = "the adapter gets no response from Prometheus"
	checkConnection = "usually DNS, a NetworkPolicy, TLS or a login between both"
)

func querySyntax(d *diagnosis) *finding {
	rule, query, _ := d.AdapterQuery()
	if query == "" {
		return nil
	}
	_, err := d.Prometheus().Query(query)
	if cluster.ReasonOf(err) != cluster.BadQuery {
		return nil
	}
	f := failed("its query is invalid", "Prometheus rejects the query that the adapter makes of the rule's metricsQuery.").
		evidence("metricsQuery", rule.MetricsQuery).evidence("query", query).evidence("Prometheus", err)
	return fixRules(d, f, "metricsQuery")
}

func valueAddressWrong(d *diagnosis) *finding {
	return wrongAddress(d, noResponse, d.WrongAdapterAddress())
}

// saysPrometheusFails reports whether a line of the adapter's log is about a request to
// Prometheus without a response.
func saysPrometheusFails(log string) bool {
	return strings.Contains(log, "unable to update list of all metrics") || strings.Contains(log, "unable to fetch metrics for query")
}

// valuePrometheusDown reports a Prometheus that does not respond to the adapter. It may also
// reject a query that is not known.
func valuePrometheusDown(d *diagnosis) *finding {
	_, query, _ := d.AdapterQuery()
	if a := d.Adapter.Value(); query == "" && !cluster.IsClientSide(d.Values.Err()) && !saysPrometheusFails(d.AdapterLog()) {
		if a.Hidden != nil {
			return unobserved("the rules of the adapter, whose query may be wrong", a.Hidden)
		}
		return failed(noValue, "The adapter gets no values from Prometheus, and the query that it sends is not known.").as(unknown).fix("%s", adapterLogs(d))
	} else if query != "" {
		if _, err := d.Prometheus().Query(query); err != nil {
			return d.unreported("the result of the adapter's query", err)
		}
	}
	return failed(noResponse, "The adapter gets no response from Prometheus at %s.", cluster.WithoutLogin(d.Adapter.Value().PrometheusURL())).
		evidence("last log line", d.AdapterLog()).
		fix("%s   # %s", adapterLogs(d), checkConnection)
}

func adapterLacksPods(d *diagnosis) *finding {
	if !strings.Contains(d.Values.Err().Error(), "unable to list matching resources") {
		return nil
	}
	return failed("the adapter cannot list pods", "The adapter does not have permission to list pods, so it cannot find those of the HPA.").
		fix("kubectl create clusterrole %[1]s --verb=get,list,watch --resource=pods,namespaces && kubectl create clusterrolebinding %[1]s --clusterrole=%[1]s --serviceaccount=%[2]s",
			adapterName(d)+"-pods", adapterAccount(d))
}

// isListedOnly reports whether the adapter lists the metric, but does not find it, since it
// cannot make the query.
func isListedOnly(d *diagnosis) bool {
	return isCustom(d) && cluster.ReasonOf(d.Values.Err()) == cluster.NotFound
}

// rulesForValueHidden reports that rules that may make the metric could not be read.
func rulesForValueHidden(d *diagnosis) *finding {
	if rule, _, _ := d.AdapterQuery(); rule != nil {
		return nil
	}
	return unobserved("the adapter", d.Adapter.Value().Hidden)
}

func ruleLacksNamespace(d *diagnosis, step string, err error) *finding {
	f := failed(step, "The rule maps no label to namespaces, so no query for pods can be made.").as("rule-namespace").evidence("error", err)
	return fixRules(d, f, "resources.overrides: namespace: {resource: namespace}")
}

// ruleMakesNoQuery reports a rule of which the adapter cannot make a query.
func ruleMakesNoQuery(d *diagnosis) *finding {
	rule, _, err := d.AdapterQuery()
	if err == nil {
		return nil
	}
	const step = "its query cannot be made"
	if _, err := rule.Label("namespaces"); err != nil {
		return ruleLacksNamespace(d, step, err)
	}
	f := failed(step, "The metricsQuery of the rule is not a valid template.").as("rule-template").evidence("metricsQuery", rule.MetricsQuery)
	return fixRules(d, f.evidence("error", err), "metricsQuery; it may use .Series, .LabelMatchers, .LabelValuesByName, .GroupBy and .GroupBySlice")
}

func listedUnexplained(d *diagnosis) *finding {
	return failed("listed, but not found", "The adapter lists the metric, but does not find it.").fix("%s", adapterLogs(d))
}

func valueAdapterStarts(d *diagnosis) *finding {
	if d.Adapter.Value().Deployment == nil {
		return nil
	}
	return adapterStarts(d)
}

func valueUnexplained(d *diagnosis) *finding {
	return failed(noValue, "The metrics API returns no value, for an unknown reason.").fix("%s", adapterLogs(d))
}

// isEmpty reports whether the response has no values.
func isEmpty(d *diagnosis) bool { return !valueFails(d) && len(d.Values.Value().Items) == 0 }

// adapterHasNoValues reports why the adapter responds without values.
func adapterHasNoValues(d *diagnosis) *finding {
	rule, query, err := d.AdapterQuery()
	if query == "" {
		return failed(noValue, "The adapter has no values for these pods, and none of its known rules makes %s.", d.Metric().Name).as(unknown).
			evidence("error", errorText(err)).
			fix("check the metricsQuery of the rule for %s", d.Metric().Name)
	}
	samples, err := d.Prometheus().Query(query)
	if err != nil {
		return d.unreported("the query of the adapter", err)
	}
	m := d.Metric()
	label, _ := rule.Label(m.Resource()) // the query was made with it
	switch start := 2*d.ScrapeInterval() + rateStart; {
	case len(samples) > 0 && samples[0].Labels[label] == "":
		f := failed("its values name no pods", "The query returns values that name no pods: by (<<.GroupBy>>) is missing.").as("query-group-by").
			evidence("query", query).evidence("labels of the values", labelNames(&samples[0]))
		return fixRules(d, f, "metricsQuery: sum by (<<.GroupBy>>) (...)")
	case windowIsShort(d, query, 2):
		return shortWindow(d, failed(noValue, "%s", windowText(d, query)).as("query-window").evidence("query", query))
	case d.HadNoSeries(start):
		return waitingUntil(d.Now().Add(start), "a rate needs two scrapes")
	case len(samples) == 0:
		f := failed(noValue, "The query of the adapter returns nothing for these pods.").as("query-empty").evidence("query", query)
		if d.ScrapeInterval() == 0 { // its window may be too short
			f.as(unknown)
		}
		return fixRules(d, withSeries(d, f), "metricsQuery; compare its matchers with the labels of the series")
	}
	if items, err := d.RereadValues(); err == nil && len(items) > 0 {
		return waiting("the adapter now has %d values, and the HPA will request them again", len(items))
	}
	return failed(noValue, "The adapter has no values for these pods, but Prometheus at %s returns %d for its query.", d.Prometheus().Name, len(samples)).as(unknown).
		evidence("query", query).
		evidence("queried by the adapter", cluster.WithoutLogin(d.Adapter.Value().PrometheusURL())).
		fix("%s   # does it query the same Prometheus, as the same tenant?", adapterLogs(d))
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

func valueWindow(d *diagnosis) *finding {
	const safe = 3 // scrapes
	_, query, _ := d.AdapterQuery()
	if !windowIsShort(d, query, safe) {
		return nil
	}
	return shortWindow(d, warning("%s", windowText(d, query)).evidence("query", query))
}

func queryLacksMatchers(d *diagnosis) *finding {
	rule, query, _ := d.AdapterQuery()
	if query == "" || strings.Contains(rule.MetricsQuery, ".LabelMatchers") || strings.Contains(rule.MetricsQuery, ".LabelValuesByName") {
		return nil
	}
	f := warning("The query reads the series of all pods of the cluster whenever the HPA is evaluated.").evidence("query", query)
	return fixRules(d, f, "metricsQuery: {<<.LabelMatchers>>}")
}

// queryCountsTwice compares the query with one that counts each pod once.
func queryCountsTwice(d *diagnosis) *finding {
	_, query, _ := d.AdapterQuery()
	window := cluster.Window(query)
	if podScrapedTwice(d) == "" || window == 0 {
		return nil
	}
	samples, err := d.Prometheus().Query("sum(" + query + ")")
	actual, err2 := d.RequestRate(window)
	const tooMuch = 1.5
	if err != nil || err2 != nil || len(samples) == 0 || actual <= 0 || samples[0].Value/actual < tooMuch || math.IsNaN(samples[0].Value) {
		return nil
	}
	f := failed(valueSummary(d), "The HPA gets %.1f times the actual request rate, since pods are scraped more than once.", samples[0].Value/actual).
		evidencef("requests per second", "%.2f by the rule, actually %.2f", samples[0].Value, actual).
		evidence("query", query)
	return fixRules(d, f, "metricsQuery: sum by (<<.GroupBy>>) (max by (<<.GroupBy>>, addr) (rate(...)))")
}

// valuePartial reports running pods without a value. The HPA assumes that they are idle
// before it scales up, and at the target before it scales down. New pods do not have a value
// until two scrapes: they matter if the HPA would scale without that assumption.
func valuePartial(d *diagnosis) *finding {
	values := d.Values.Value()
	if d.Metric().Type != cluster.PodsMetric || someUnscraped(d) != nil || someScrapeFails(d) != nil {
		return nil
	}
	var fresh, old []string
	pods := d.Pods.Value().Live
	for _, p := range pods {
		switch {
		case p.Status.Phase != "Running", slices.Contains(values.Objects, p.Metadata.Name):
		case d.isYoung(p.Metadata.CreationTimestamp, podStart+3*d.ScrapeInterval()+rateStart):
			fresh = append(fresh, p.Metadata.Name)
		default:
			old = append(old, p.Metadata.Name)
		}
	}
	missing := len(fresh) + len(old)
	switch {
	case len(values.Items) == 0 || missing == 0 || len(values.Items)+missing != len(pods):
		return nil
	case len(old) > 0:
		return warning("%d of %d pods have no value; the HPA counts them as idle when it scales up.", missing, len(pods)).
			evidence("pods", names(old)).
			fix("check /metrics of these pods; nginx_up must be 1")
	case !isHeld(d, missing):
		return nil
	}
	return warning("The HPA does not scale until %d new pods have a value: it counts them as idle.", missing).
		evidence("pods", names(fresh)).
		evidence("values of the others", names(values.Items)).
		fix("wait for two scrapes; a shorter scrape interval, or a smaller maxSurge of the rollout, shortens this")
}

// isHeld reports whether pods without a value prevent the HPA from scaling. See
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details.
func isHeld(d *diagnosis, missing int) bool {
	values := d.Values.Value().Items
	up, down := tolerances(d)
	target, sum := quantity(d.Metric().Target), 0.0
	for _, v := range values {
		sum += quantity(v)
	}
	with, all := float64(len(values)), float64(len(values)+missing)
	switch ratio := sum / with / target; {
	case ratio > 1+up:
		return sum/all/target <= 1+up
	case ratio < 1-down:
		return (sum/target+float64(missing))/all >= 1-down && !isAtMin(d.HPA())
	}
	return false
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
	note := "as seen by the HPA"
	if values.Denied != nil {
		note = "as seen by you: no permission to impersonate the HPA controller"
	}
	of := fmt.Sprintf("%d of %d pods", len(values.Items), len(d.Pods.Value().Live))
	if m := d.Metric(); m.Type != cluster.PodsMetric {
		of = m.Name
	}
	return fmt.Sprintf("%s for %s, %s", names(values.Items), of, note)
}
